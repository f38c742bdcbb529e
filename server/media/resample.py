"""Changes the sample rate of a stream without clicks between its pieces."""

import numpy as np
import soxr

from server.media.frame import Samples


class Resampler:
    """Mono PCM16 from one rate to another; remembers the end of the piece before."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = None
        if from_hz != to_hz:
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality="LQ")

    def push(self, samples: Samples) -> Samples:
        """What is ready of `samples` at the new rate; a little may come with the next piece."""
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples), dtype=np.int16)

    def flush(self) -> Samples:
        """What was held back; the stream is over after it."""
        if self._stream is None:
            return np.zeros(0, dtype=np.int16)
        return np.asarray(self._stream.resample_chunk(np.zeros(0, dtype=np.int16), last=True), dtype=np.int16)
