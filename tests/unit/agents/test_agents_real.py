"""A whole conversation in real time with real engines: spoken questions in, answers understood from the sound out."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from importlib.resources import files

import numpy as np
import pytest

from server.agents.engines.builtin import BuiltinEngine
from server.agents.port import AgentEvent, AgentProfile, Brief, Ended, Spoken, TurnMeasured
from server.calls.room import Room
from server.calls.room_clock import RoomClock
from server.kit.clock import SystemClock
from server.knowledge import KnowledgeBase, parse
from server.media.frame import FRAME_SAMPLES, Frame, Samples, frames_of
from server.media.leg import Role
from server.speech.engines import SpeechEngines
from server.speech.providers import offline_engines
from server.storage import Database
from server.tenants.tables import TenantRow
from tests.fixtures.speech.prompts import folded
from tests.fixtures.speech.questions import CACHE, question

pytestmark = [pytest.mark.speech, pytest.mark.timeout(300)]
HUM = 3  # of 32768: a microphone in a quiet room


class Visitor:
    """A leg that says what it is told and keeps what it hears."""

    id = "visitor"
    role = Role.VISITOR

    def __init__(self) -> None:
        self._to_say: deque[Frame] = deque()
        self._noise = np.random.default_rng(1)
        self.heard: list[Frame] = []

    def say(self, sound: Samples) -> None:
        self._to_say.extend(frames_of(sound))

    def read(self) -> Frame | None:
        if self._to_say:
            return self._to_say.popleft()
        return self._noise.integers(-HUM, HUM + 1, FRAME_SAMPLES, dtype=np.int16)

    def write(self, frame: Frame) -> None:
        self.heard.append(frame)

    def clear(self) -> None:
        pass

    async def close(self) -> None:
        pass


class Conversation:
    def __init__(self, engines: SpeechEngines, base: KnowledgeBase, tenant_id: int, language: str) -> None:
        clock = SystemClock()
        agent = AgentProfile(uid="agt_1", slug="s", name="Léa", language=language)
        brief = Brief("conv_1", agent, language, base.bound(tenant_id, agent.uid))
        self.events: list[AgentEvent] = []
        self._changed = asyncio.Event()
        self.session = BuiltinEngine(engines, clock).open(brief, self._announce)
        self.room = Room()
        self.rooms = RoomClock(clock)
        self.visitor = Visitor()
        self.room.add(self.visitor)
        self.room.add(self.session.leg)
        self.rooms.join(self.room)

    def messages(self, role: str) -> list[Spoken]:
        return [event for event in self.events if isinstance(event, Spoken) and event.final and event.role == role]

    async def until(self, happened: Callable[[], bool], timeout_s: float = 90) -> None:
        async with asyncio.timeout(timeout_s):
            while not happened():
                await self._changed.wait()
                self._changed.clear()

    async def close(self) -> None:
        await self.room.close()
        await self.rooms.close()
        await self.session.close()

    def _announce(self, event: AgentEvent) -> None:
        self.events.append(event)
        self._changed.set()


@pytest.fixture
async def engines() -> AsyncIterator[SpeechEngines]:
    engines = offline_engines(CACHE, first_sound_s=60)
    await engines.warmed(240)
    yield engines
    await engines.close()


@pytest.fixture
async def shop(sqlite_database: Database, engines: SpeechEngines) -> AsyncIterator[tuple[KnowledgeBase, int]]:
    clock = SystemClock()
    async with sqlite_database.transaction() as session:
        tenant = TenantRow(uid="ten_1", name="Shop", plan="free", language="fr", created_at=clock.now())
        session.add(tenant)
        await session.flush()
        tenant_id = tenant.id
    base = KnowledgeBase(sqlite_database, engines.embedder, clock)
    for language in ("fr", "en", "es"):
        name = f"shop.{language}.json"
        data = (files("server.knowledge") / "demo" / name).read_bytes()
        await base.replace(tenant_id, name, parse(name, data, language))
    yield base, tenant_id
    await base.close()


@pytest.mark.parametrize(
    ("language", "asked", "answer", "goodbye"),
    [
        ("en", "What time do you open on Saturday?", "monday saturday morning evening", "Thank you, goodbye!"),
        ("fr", "À quelle heure ouvrez-vous le samedi ?", "ouvert lundi samedi heures", "Merci, au revoir !"),
    ],
)
async def test_a_visitor_asks_interrupts_and_says_goodbye(
    engines: SpeechEngines, shop: tuple[KnowledgeBase, int], language: str, asked: str, answer: str, goodbye: str
) -> None:
    talk = Conversation(engines, *shop, language)
    try:
        await converse(talk, engines, language, asked, answer, goodbye)
    finally:
        await talk.close()


async def converse(
    talk: Conversation, engines: SpeechEngines, language: str, asked: str, answer: str, goodbye: str
) -> None:
    talk.session.start(voice=True)
    await talk.until(lambda: len(talk.messages("agent")) == 1)

    before = len(talk.visitor.heard)
    talk.visitor.say(question(asked, language))
    await talk.until(lambda: len(talk.messages("agent")) == 2)
    assert not talk.messages("agent")[1].interrupted
    sound = np.concatenate(talk.visitor.heard[before:])
    ear = engines.stt_for(language)
    assert ear is not None
    understood = await ear.transcribe(_without_silence(sound), language)
    assert set(answer.split()) <= set(folded(understood.text)), understood
    assert set(answer.split()) <= set(folded(talk.messages("agent")[1].text))

    talk.visitor.say(question(asked, language))
    measured = [event for event in talk.events if isinstance(event, TurnMeasured)]
    await talk.until(lambda: sum(isinstance(event, TurnMeasured) for event in talk.events) == len(measured) + 1)
    await asyncio.sleep(1)  # let some words be heard
    talk.visitor.say(question(goodbye, language))
    await talk.until(lambda: any(isinstance(event, Ended) for event in talk.events))
    assert talk.messages("agent")[2].interrupted
    assert [event.reason for event in talk.events if isinstance(event, Ended)] == ["goodbye"]
    print(language, *(event for event in talk.events if isinstance(event, TurnMeasured)), talk.rooms.pace, sep="\n")


def _without_silence(sound: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 300)
    return sound[max(0, loud[0] - 3_200) : loud[-1] + 3_200]
