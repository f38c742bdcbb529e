"""The one shape of sound inside the server: 20 ms of mono PCM16 at 16 kHz."""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
FRAME_MS = 20
FRAME_S = FRAME_MS / 1000
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000

Samples = npt.NDArray[np.int16]
"""Any length of mono PCM16 at SAMPLE_RATE_HZ."""

Frame = Samples
"""Exactly FRAME_SAMPLES samples. Treat as read-only: one frame may be handed to several listeners."""


def silence() -> Frame:
    """A fresh frame of nothing."""
    return np.zeros(FRAME_SAMPLES, dtype=np.int16)


def frames_of(samples: Samples) -> list[Frame]:
    """`samples` cut into frames, the last one padded with silence."""
    missing = -len(samples) % FRAME_SAMPLES
    if missing:
        samples = np.concatenate([samples, np.zeros(missing, dtype=np.int16)])
    return list(samples.reshape(-1, FRAME_SAMPLES))
