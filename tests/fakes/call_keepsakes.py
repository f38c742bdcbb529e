"""What a call leaves behind, kept in memory: both channels of its recording, and its words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from server.calls.capture import Capture, Words
from server.calls.messages import Outgoing
from server.calls.participants import Participant
from server.calls.store import Call
from server.media.frame import Frame, Samples, silence


@dataclass
class FakeRecorder:
    customer: list[Frame] = field(default_factory=list)
    ours: list[Frame] = field(default_factory=list)
    paused: list[bool] = field(default_factory=list)
    finished: int = 0

    def write(self, customer: Frame | None, ours: Frame | None) -> None:
        self.customer.append(silence() if customer is None else customer)
        self.ours.append(silence() if ours is None else ours)

    async def pause(self, on: bool) -> None:
        self.paused.append(on)

    async def finish(self) -> None:
        self.finished += 1

    def channel(self, frames: list[Frame], last: int) -> Samples:
        return np.concatenate(frames[-last:]) if frames else silence()


@dataclass
class FakeKeepsakes:
    """Implements server.calls.call_services.Keepsakes."""

    recorders: dict[int, FakeRecorder] = field(default_factory=dict)
    words: list[tuple[int, str, str]] = field(default_factory=list)

    async def open(self, call: Call, on_words: Callable[[Words], None]) -> Capture:
        recorder = self.recorders.setdefault(call.id, FakeRecorder())
        return Capture(recorder if call.is_recorded else None, lambda *_: None)

    def close(self, call: Call) -> None:
        """What was kept stays."""

    async def keep(self, call: Call, speaker: Participant, words: Words) -> int:
        self.words.append((call.id, speaker.role.value, words.text))
        return len(self.words)

    async def words_since(self, call_id: int, seq: int) -> list[Outgoing]:
        return [{"type": "segment", "text": text} for owner, _, text in self.words[seq:] if owner == call_id]

    def states(self, call: Call) -> dict[str, Any]:
        return {"recording": "recording" if call.id in self.recorders else "none", "transcript": "none"}

    async def stored_states(self, call: Call) -> dict[str, Any]:
        return self.states(call)
