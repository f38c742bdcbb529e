"""Watches a quiet line: when to ask whether anybody is there, and when the microphone gives nothing at all."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from server.media.frame import FRAME_S, Frame

_DEAD_PEAK = 2  # of 32768: even a very quiet room is above; Opus may turn zeros into ones


@dataclass(frozen=True)
class SilenceLimits:
    """Seconds."""

    prompt_after_s: float = 12.0
    dead_microphone_s: float = 8.0


class Quiet(Enum):
    """What a quiet line calls for."""

    ASK = auto()  # are you still there?
    LEAVE = auto()  # asked before, and still nothing
    CANNOT_HEAR = auto()


class SilenceWatch:
    """Counts in frames that arrive: a muted visitor sends none and is never asked."""

    def __init__(self, limits: SilenceLimits | None = None) -> None:
        self._limits = limits or SilenceLimits()
        self._quiet_frames = 0
        self._dead_frames = 0
        self._asked = False
        self._told = False

    def hear(self, frame: Frame) -> Quiet | None:
        """A frame arrived while the agent listens and the visitor says nothing."""
        self._quiet_frames += 1
        if int(np.abs(frame.astype(np.int32)).max()) <= _DEAD_PEAK:
            self._dead_frames += 1
        else:
            self._dead_frames = 0
            self._told = False
        if not self._told and self._dead_frames * FRAME_S >= self._limits.dead_microphone_s:
            self._told = True
            return Quiet.CANNOT_HEAR
        if self._quiet_frames * FRAME_S < self._limits.prompt_after_s:
            return None
        self._quiet_frames = 0
        if self._asked:
            return Quiet.LEAVE
        self._asked = True
        return Quiet.ASK

    def sound(self) -> None:
        """Something was heard, or said by the agent: count again from zero."""
        self._quiet_frames = 0
        self._dead_frames = 0

    def words(self) -> None:
        """The visitor said or wrote something: they are there."""
        self.sound()
        self._asked = False
