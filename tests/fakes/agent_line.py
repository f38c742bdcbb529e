"""A visitor on the line with an agent: sound in steps of 20 ms on a clock moved by hand, and everything announced."""

import asyncio
from collections.abc import Sequence

import numpy as np

from server.agents.port import (
    AgentEngine,
    AgentEvent,
    AgentProfile,
    Brief,
    Ended,
    Noticed,
    Passage,
    Spoken,
    StateChanged,
    TurnMeasured,
    Utterance,
)
from server.media.frame import FRAME_S, FRAME_SAMPLES, Frame
from server.media.mix import SILENCE
from tests.fakes.clock import FakeClock
from tests.fakes.fake_speech import LOUD, FakeSpeech

_TURNS = 12  # of the loop, between two frames

OPENING = "We open at nine. We close at seven in the evening. On Sundays we are closed."

AGENT = AgentProfile(
    uid="agt_1",
    slug="support",
    name="Léa",
    language="en",
    greeting="Hello, welcome to the shop.",
    handoff_label="the shop desk",
    handoff_url="https://shop.example/contact",
)


class FakeKnowledge:
    """Knows what it was given: the first passage one of whose title's words is asked for."""

    def __init__(self, passages: dict[str, str] | None = None) -> None:
        self.passages = passages or {}
        self.asked: list[str] = []
        self.fails = False

    async def search(self, question: str, limit: int = 4) -> Sequence[Passage]:
        self.asked.append(question)
        if self.fails:
            raise ConnectionError("the database is away")
        found = [
            Passage(f"p{number}", title, text, 0.5)
            for number, (title, text) in enumerate(self.passages.items())
            if title.lower() in question.lower()
        ]
        return found[:limit]


def brief(
    knowledge: FakeKnowledge, agent: AgentProfile = AGENT, language: str = "en", history: Sequence[Utterance] = ()
) -> Brief:
    return Brief("conv_1", agent, language, knowledge, history)


class AgentLine:
    """Opens a session of `engine`. One tick is a frame each way; the clock moves with it."""

    def __init__(self, engine: AgentEngine, what: Brief, clock: FakeClock) -> None:
        self.events: list[AgentEvent] = []
        self.session = engine.open(what, self.events.append)
        self.clock = clock
        self.played: list[Frame | None] = []

    async def settle(self, turns: int = _TURNS) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def tick(self, frame: Frame | None) -> Frame | None:
        if frame is not None:
            self.session.leg.write(frame)
        out = self.session.leg.read()
        self.played.append(out)
        await self.settle()
        self.clock.jump(FRAME_S)
        return out

    async def speak(self, seconds: float, level: int = LOUD) -> None:
        for _ in range(round(seconds / FRAME_S)):
            await self.tick(np.full(FRAME_SAMPLES, level, dtype=np.int16))

    async def pause(self, seconds: float, level: int = 20) -> None:
        """The visitor says nothing; the room hums at `level`."""
        for _ in range(round(seconds / FRAME_S)):
            await self.tick(np.full(FRAME_SAMPLES, level, dtype=np.int16))

    async def muted(self, seconds: float) -> None:
        """Nothing comes from the visitor: the room fills in for them."""
        for _ in range(round(seconds / FRAME_S)):
            await self.tick(SILENCE)

    async def alone(self, seconds: float) -> None:
        """There is no room that writes."""
        for _ in range(round(seconds / FRAME_S)):
            await self.tick(None)

    async def until_silent(self, most_s: float = 60) -> None:
        """Listen until the agent has said everything."""
        await self.pause(0.1)
        for _ in range(round(most_s / FRAME_S)):
            await self.pause(FRAME_S)
            if self.states()[-1] == "listening" and not self.sounding(last_s=0.5):
                return
        raise AssertionError("the agent does not stop speaking")

    def states(self) -> list[str]:
        return [event.state.value for event in self.events if isinstance(event, StateChanged)]

    def finals(self, role: str | None = None) -> list[Spoken]:
        return [e for e in self.events if isinstance(e, Spoken) and e.final and role in (None, e.role)]

    def texts(self, role: str) -> list[str]:
        return [spoken.text for spoken in self.finals(role)]

    def notices(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Noticed)]

    def measured(self) -> list[TurnMeasured]:
        return [event for event in self.events if isinstance(event, TurnMeasured)]

    def endings(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Ended)]

    def sounding(self, last_s: float = 0.0) -> int:
        """How many frames of sound were heard, in the last seconds or ever."""
        played = self.played[-round(last_s / FRAME_S) :] if last_s else self.played
        return sum(frame is not None and bool(np.any(frame)) for frame in played)


async def ask(line: AgentLine, speech: FakeSpeech, text: str) -> None:
    """The visitor says `text`, which takes half a second, and waits for the end of the turn."""
    speech.ear.script.append(text)
    await line.speak(0.5)
    await line.pause(0.6)
