"""Sounds nobody speaks: ringing, beeps, and music for those who wait; all made here, in loops without a seam."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from server.media.frame import SAMPLE_RATE_HZ, Frame, Samples, frames_of
from server.media.leg import Role

RINGBACK_HZ = 440  # the European ringing tone: 1.5 s of every 5
_RING_ON_S, _RING_OFF_S = 1.5, 3.5
_RINGBACK_LEVEL = 0.08
_FADE_S = 0.01
_BEEP_HZ, _BEEP_S, _BEEP_LEVEL = 1_000, 0.4, 0.2

# Four bars of broken chords, quiet and slow: nobody should have to talk over it afterwards.
_NOTE_S = 0.5
_MUSIC_LEVEL = 0.07
_CHORDS_HZ = (
    (220.0, 261.63, 329.63, 392.0, 329.63, 261.63),
    (174.61, 220.0, 261.63, 349.23, 261.63, 220.0),
    (196.0, 246.94, 293.66, 392.0, 293.66, 246.94),
    (164.81, 207.65, 246.94, 329.63, 246.94, 207.65),
)

_Wave = npt.NDArray[np.float64]


def tone(frequency_hz: float, duration_s: float, level: float) -> Samples:
    """A sine with soft edges; `level` is 0 to 1 of full scale."""
    return _samples(_faded(_sine(frequency_hz, duration_s)) * level)


@functools.cache
def ringback() -> tuple[Frame, ...]:
    """One turn of what a caller hears while the other side rings."""
    return _loop([tone(RINGBACK_HZ, _RING_ON_S, _RINGBACK_LEVEL), _silence(_RING_OFF_S)])


@functools.cache
def beep() -> tuple[Frame, ...]:
    """What an answering machine says before it listens."""
    return tuple(frames_of(tone(_BEEP_HZ, _BEEP_S, _BEEP_LEVEL)))


@functools.cache
def music() -> tuple[Frame, ...]:
    """One turn of what is played to those who wait."""
    notes = [_note(frequency_hz) for chord in _CHORDS_HZ for frequency_hz in chord]
    line = np.zeros(int(len(notes) * _NOTE_S * SAMPLE_RATE_HZ))
    for place, note in enumerate(notes):
        start = int(place * _NOTE_S * SAMPLE_RATE_HZ)
        where = np.arange(start, start + len(note)) % len(line)  # a note rings on into the next turn
        line[where] += note
    return _loop([_samples(line / np.abs(line).max() * _MUSIC_LEVEL)])


def looped(frames: Sequence[Frame]) -> Callable[[], Frame]:
    """Gives the next frame on every call, for ever."""
    place = -1

    def next_frame() -> Frame:
        nonlocal place
        place = (place + 1) % len(frames)
        return frames[place]

    return next_frame


class LoopLeg:
    """A Leg that plays a loop to the room and hears nothing."""

    def __init__(self, leg_id: str, frames: Sequence[Frame]) -> None:
        self.id = leg_id
        self.role = Role.ANNOUNCEMENT
        self._next = looped(frames)

    def read(self) -> Frame | None:
        return self._next()

    def write(self, frame: Frame) -> None:
        """Nobody is there to hear it."""

    def clear(self) -> None:
        """What is played is never behind."""

    async def close(self) -> None:
        """Nothing to free."""


class OnceLeg:
    """A Leg that plays its frames to the room, says once that it is done, and goes on in silence.

    While `waits` says so it is silent, and begins again afterwards: somebody could not hear it.
    """

    def __init__(
        self, leg_id: str, frames: Sequence[Frame], done: Callable[[], None], waits: Callable[[], bool]
    ) -> None:
        self.id = leg_id
        self.role = Role.ANNOUNCEMENT
        self._all = frames
        self._frames = iter(frames)
        self._done: Callable[[], None] | None = done
        self._waits = waits

    def read(self) -> Frame | None:
        if self._done is not None and self._waits():
            self._frames = iter(self._all)
            return None
        frame = next(self._frames, None)
        if frame is None and self._done is not None:
            done, self._done = self._done, None
            done()
        return frame

    def write(self, frame: Frame) -> None:
        """Nobody is there to hear it."""

    def clear(self) -> None:
        """What is played is never behind."""

    async def close(self) -> None:
        """Nothing to free."""


def _note(frequency_hz: float) -> _Wave:
    """A plucked note that rings for four places."""
    wave = _sine(frequency_hz, 4 * _NOTE_S) + 0.3 * _sine(2 * frequency_hz, 4 * _NOTE_S)
    return _faded(wave) * np.exp(-2.5 * np.arange(len(wave)) / SAMPLE_RATE_HZ)


def _sine(frequency_hz: float, duration_s: float) -> _Wave:
    times = np.arange(int(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.sin(2 * np.pi * frequency_hz * times)


def _faded(wave: _Wave) -> _Wave:
    edge = int(_FADE_S * SAMPLE_RATE_HZ)
    envelope = np.ones(len(wave))
    envelope[:edge] = np.linspace(0, 1, edge)
    envelope[-edge:] = np.linspace(1, 0, edge)
    return wave * envelope


def _samples(wave: _Wave) -> Samples:
    return np.round(wave * 32_767).astype(np.int16)


def _silence(duration_s: float) -> Samples:
    return np.zeros(int(duration_s * SAMPLE_RATE_HZ), np.int16)


def _loop(parts: Sequence[Samples]) -> tuple[Frame, ...]:
    return tuple(frames_of(np.concatenate(parts)))
