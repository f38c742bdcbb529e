"""How loud a frame is."""

import math

import numpy as np

from server.media.frame import Samples

FLOOR_DBFS = -96.0  # the quietest a 16-bit sample can be
_FULL_SCALE = 32_768.0


def rms_dbfs(samples: Samples) -> float:
    """Root mean square in dB below full scale: 0 is a full-scale square wave, FLOOR_DBFS is silence."""
    if not len(samples):
        return FLOOR_DBFS
    wide = samples.astype(np.float32)
    mean_square = float(wide @ wide) / len(wide)
    if mean_square <= 0:
        return FLOOR_DBFS
    return max(FLOOR_DBFS, 10 * math.log10(mean_square / (_FULL_SCALE * _FULL_SCALE)))
