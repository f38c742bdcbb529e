"""Keys as sound: the two tones of each (ITU-T Q.23), made here, and recognised in what a telephone says (Q.24)."""

import functools

import numpy as np
import numpy.typing as npt

from server.media.dtmf import GAP_MS, PRESS_MS
from server.media.frame import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, Samples, frames_of

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
_KEYPAD = ("123A", "456B", "789C", "*0#D")
_LOW_LEVEL, _HIGH_LEVEL = 0.16, 0.20  # peaks, of full scale; the high tone 2 dB above, as lines dampen it more
_EDGE_S = 0.004

_HOP = FRAME_SAMPLES // 2
_HITS = 3  # blocks of 20 ms, 10 ms apart: sound for 40 ms at least
_MISSES = 2
_FLOOR = 10 ** (-36 / 10) / 2  # mean square of a tone that is too quiet to be a key, full scale 1
_LOW_ABOVE_HIGH = 10 ** (10 / 10)  # twist that telephones may have, and what a tone loses 1.5 % beside its place
_HIGH_ABOVE_LOW = 10 ** (7 / 10)
_ABOVE_NEIGHBOURS = 10 ** (6 / 10)
_ABOVE_OVERTONES = 10 ** (12 / 10)  # a voice has overtones, a key does not
_SPILL = 0.3  # of the high tone, into the overtone of the low one 60 Hz beside it
_STEADY = 10 ** (5 / 10)  # it neither begins nor ends in the block
_PURITY = 0.5  # how much of all the sound the two tones are

_Waves = npt.NDArray[np.float32]


@functools.cache
def key_tone(key: str) -> tuple[Frame, ...]:
    """One press: PRESS_MS of both tones, then GAP_MS of silence, cut into frames. Raises ValueError for no key."""
    row = next((row for row, keys in enumerate(_KEYPAD) if key and key in keys), None)
    if row is None or len(key) != 1:
        raise ValueError("a key is one of 0-9, *, #, A-D")
    times = np.arange(SAMPLE_RATE_HZ * PRESS_MS // 1000) / SAMPLE_RATE_HZ
    high_hz = HIGH_HZ[_KEYPAD[row].index(key)]
    wave = _LOW_LEVEL * np.sin(2 * np.pi * LOW_HZ[row] * times) + _HIGH_LEVEL * np.sin(2 * np.pi * high_hz * times)
    edge = int(_EDGE_S * SAMPLE_RATE_HZ)
    wave[:edge] *= np.linspace(0, 1, edge)
    wave[-edge:] *= np.linspace(1, 0, edge)
    gap = np.zeros(SAMPLE_RATE_HZ * GAP_MS // 1000)
    return tuple(frames_of(np.round(np.concatenate([wave, gap]) * 32_767).astype(np.int16)))


class KeyToneDetector:
    """Tells each press once, about 50 ms after it began. Speech and music are not keys."""

    def __init__(self) -> None:
        self._before: Samples = np.zeros(_HOP, np.int16)
        self._candidate: str | None = None
        self._hits = 0
        self._misses = 0
        self._pressed: str | None = None

    def take(self, frame: Frame) -> str | None:
        """The next 20 ms; the key whose press was recognised with it."""
        line = np.concatenate([self._before, frame])
        self._before = frame[_HOP:]
        found = [self._follow(key_in(line[start : start + FRAME_SAMPLES])) for start in (0, _HOP)]
        return found[0] or found[1]

    def _follow(self, key: str | None) -> str | None:
        if key is None or key != self._candidate:
            self._candidate, self._hits = key, 0
        if key is not None:
            self._hits += 1
        if self._pressed is not None:
            self._misses = 0 if key == self._pressed else self._misses + 1
            if self._misses < _MISSES:
                return None
            self._pressed = None
        if key is None or self._hits < _HITS:
            return None
        self._pressed, self._misses = key, 0
        return key


def key_in(block: Samples) -> str | None:
    """The key whose two tones these 20 ms are, and nothing else."""
    wave = block.astype(np.float32) / 32_768
    halves = float(wave[:_HOP] @ wave[:_HOP]), float(wave[_HOP:] @ wave[_HOP:])
    total = sum(halves) / len(wave)
    if total < _FLOOR or min(halves) * _STEADY < max(halves):
        return None
    # Goertzel's sums, all at once: the mean square that each frequency accounts for.
    # By einsum, which never leaves this thread: a library's own threads may be late, and the event loop waits.
    cosines, sines = (np.einsum("fn,n->f", _waves(), wave) / len(wave)).reshape(2, -1)
    powers = 2 * (cosines**2 + sines**2)
    low, high = powers[:4], powers[4:8]
    row, column = int(low.argmax()), int(high.argmax())
    low_power, high_power = float(low[row]), float(high[column])
    overtones = float(powers[8 + row]), float(powers[12 + column])
    is_key = (
        min(low_power, high_power) > _FLOOR
        and low_power < high_power * _LOW_ABOVE_HIGH
        and high_power < low_power * _HIGH_ABOVE_LOW
        and float(np.delete(low, row).max()) * _ABOVE_NEIGHBOURS < low_power
        and float(np.delete(high, column).max()) * _ABOVE_NEIGHBOURS < high_power
        and (overtones[0] - _SPILL * high_power) * _ABOVE_OVERTONES < low_power
        and overtones[1] * _ABOVE_OVERTONES < high_power
        and low_power + high_power > _PURITY * total
    )
    return _KEYPAD[row][column] if is_key else None


@functools.cache
def _waves() -> _Waves:
    frequencies = np.array([*LOW_HZ, *HIGH_HZ, *(2 * each for each in (*LOW_HZ, *HIGH_HZ))])
    times = np.arange(FRAME_SAMPLES) / SAMPLE_RATE_HZ
    angles = 2 * np.pi * np.outer(frequencies, times)
    return np.concatenate([np.cos(angles), np.sin(angles)]).astype(np.float32)
