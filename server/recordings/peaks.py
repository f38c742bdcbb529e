"""Peaks of both channels, 20 a second: what a player draws, computed while the call is recorded.

    uint8 version = 1 | uint8 channels = 2 | uint16le peaks per second | int8 peaks, left and right in turn, 0 to 127

A peak is the loudest absolute sample of its 50 ms; it is 0 only where there is perfect silence.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from server.media.frame import SAMPLE_RATE_HZ, Samples

PER_SECOND = 20
HEADER = struct.pack("<BBH", 1, 2, PER_SECOND)
_CHANNELS = 2
_SAMPLES = SAMPLE_RATE_HZ // PER_SECOND
_STEP = 256  # of a 16-bit sample's size: what one step of a peak stands for
_LOUDEST = 127
_QUIET = 3
_PAUSE_S = 1  # shorter ones are part of speaking


class PeakMeter:
    """Two channels in, bytes of whole peaks out."""

    def __init__(self) -> None:
        self._waiting = np.zeros((_CHANNELS, 0), dtype=np.int16)

    def measure(self, left: Samples, right: Samples) -> bytes:
        """The peaks that are complete with these samples, equally many on both sides. May be none."""
        self._waiting = np.hstack([self._waiting, np.stack([left, right])])
        whole = self._waiting.shape[1] - self._waiting.shape[1] % _SAMPLES
        ready, self._waiting = self._waiting[:, :whole], self._waiting[:, whole:]
        return _peaks(ready)

    def flush(self) -> bytes:
        """The peak of the rest, if there is any."""
        missing = -self._waiting.shape[1] % _SAMPLES
        rest, self._waiting = np.pad(self._waiting, ((0, 0), (0, missing))), self._waiting[:, :0]
        return _peaks(rest)


def peaks_bytes(samples: int) -> int:
    """How long a whole file of peaks is for so many samples a channel."""
    return len(HEADER) + -(-samples // _SAMPLES) * _CHANNELS


@dataclass(frozen=True)
class Glance:
    """A recording at a glance: what a player draws, and what it may leave out."""

    per_second: float
    values: bytes  # the loudest of each stretch, left and right in turn
    silences: list[tuple[int, int]]  # from and to, in ms: nobody speaks for a second and more


def glance(whole: bytes, columns: int) -> Glance:
    """Of a whole file of peaks, at most `columns` a side."""
    pairs = np.frombuffer(whole, np.int8, offset=len(HEADER)).reshape(-1, _CHANNELS)
    together = max(1, -(-len(pairs) // columns))
    padded = np.pad(pairs, ((0, -len(pairs) % together), (0, 0)))
    loudest = padded.reshape(-1, together, _CHANNELS).max(axis=1, initial=0)
    return Glance(PER_SECOND / together, loudest.tobytes(), _silences(np.maximum(pairs[:, 0], pairs[:, 1]) <= _QUIET))


def _silences(is_quiet: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.pad(is_quiet.astype(np.int8), 1))).reshape(-1, 2)
    long = edges[edges[:, 1] - edges[:, 0] >= _PAUSE_S * PER_SECOND] * (1000 // PER_SECOND)
    return [(start, end) for start, end in long.tolist()]


def _peaks(samples: Samples) -> bytes:
    loudest = np.abs(samples.reshape(_CHANNELS, -1, _SAMPLES).astype(np.int32)).max(axis=2, initial=0)
    steps = np.minimum(-(-loudest // _STEP), _LOUDEST).astype(np.int8)
    return bytes(steps.T.tobytes())
