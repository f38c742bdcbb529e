"""What a call leaves behind while people talk: its recording, and the transcript of every leg."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from server.calls.messages import Outgoing
from server.calls.participants import Participant, Side
from server.kit.log import logger
from server.media.frame import FRAME_MS, Frame
from server.media.mix import SILENCE, mix

_log = logger(__name__)


class Recorder(Protocol):
    """The recording of one call: server.recordings."""

    def write(self, customer: Frame | None, ours: Frame | None) -> None:
        """One tick of both sides; None is silence. Never blocks."""
        ...

    async def pause(self, on: bool) -> None: ...

    async def finish(self) -> None: ...


@dataclass(frozen=True)
class Words:
    """Words of one participant, in ms since the call was answered. The same `id` comes again until `final`."""

    id: str
    participant: str
    text: str = field(repr=False)
    final: bool
    t0_ms: int
    t1_ms: int

    def message(self, speaker: Participant) -> Outgoing:
        """As the softphone protocol shows them, not stored yet."""
        return {
            "type": "segment",
            "id": self.id,
            "seq": None,
            "role": speaker.role.value,
            "side": speaker.side.value,
            "text": self.text,
            "final": self.final,
            "t0_ms": self.t0_ms,
            "t1_ms": self.t1_ms,
        }


OnWords = Callable[[Words], None]


class LegTranscriber(Protocol):
    """The transcriber of one leg: server.transcripts."""

    def hear(self, frame: Frame) -> None:
        """20 ms of this leg, silence included. Never blocks."""
        ...

    async def close(self) -> None:
        """Recognise what is pending, within a bounded time."""
        ...


class Capture:
    """A tap of the room. Announcements and music never reach it; who is muted or held is silent here too."""

    def __init__(
        self,
        recorder: Recorder | None,
        new_transcriber: Callable[[Participant, int], LegTranscriber | None],
    ) -> None:
        """`new_transcriber(participant, since_ms)` gives None for a participant that is not transcribed."""
        self._recorder = recorder
        self._new_transcriber = new_transcriber
        self._sides: dict[str, Side] = {}
        self._transcribers: dict[str, LegTranscriber] = {}
        self._ticks = 0

    def add(self, participant: Participant) -> None:
        """Whose sound is `participant`'s: asked once, also when it comes back."""
        if participant.uid in self._sides:
            return
        self._sides[participant.uid] = participant.side
        transcriber = self._new_transcriber(participant, self._ticks * FRAME_MS)
        if transcriber is not None:
            self._transcribers[participant.uid] = transcriber

    def tick(self, spoken: Mapping[str, Frame]) -> None:
        """What was said in 20 ms, by participant; who is not named said nothing."""
        self._ticks += 1
        if self._recorder is not None:
            self._recorder.write(self._side(spoken, Side.CUSTOMER), self._side(spoken, Side.OURS))
        for uid, transcriber in self._transcribers.items():
            transcriber.hear(spoken.get(uid, SILENCE))

    async def pause_recording(self, on: bool) -> None:
        if self._recorder is not None:
            await self._recorder.pause(on)

    async def finish(self) -> None:
        """Write out what is pending. What fails is logged: it must not keep the call from ending."""
        closing = [transcriber.close() for transcriber in self._transcribers.values()]
        if self._recorder is not None:
            closing.append(self._recorder.finish())
        for outcome in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.error("something a call leaves behind could not be finished", exc_info=outcome)

    def _side(self, spoken: Mapping[str, Frame], side: Side) -> Frame | None:
        frames = [frame for uid, frame in spoken.items() if self._sides.get(uid) is side]
        return mix(frames) if frames else None
