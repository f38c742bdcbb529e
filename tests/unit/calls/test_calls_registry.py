"""Live conversations of a process: opened once, brought back with their history, none left when it stops."""

import asyncio
import dataclasses

import pytest

from server.calls.conversation import Services
from server.calls.registry import Admission, LiveConversations
from server.conversations import Conversations, Message
from server.kit.errors import Unavailable
from server.storage import Database
from tests.fakes.agent_line import FakeKnowledge
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_agent import ScriptedAgent
from tests.fixtures.conversing import PROFILE, UID


async def test_it_is_opened_once_and_brought_back_with_its_history(services: Services) -> None:
    agent = ScriptedAgent()
    admission = Admission("wses_1", UID, 1, PROFILE, "en")
    first = LiveConversations({"builtin": agent}, lambda _t, _a: FakeKnowledge(), services)
    found = await asyncio.gather(*(first.find(admission) for _ in range(5)))
    assert len(set(map(id, found))) == agent.opened == len(first) == 1
    await found[0].ask("a", "hello")
    await first.close(0)
    with pytest.raises(Unavailable):
        await first.find(admission)
    second = LiveConversations({"builtin": agent}, lambda _t, _a: FakeKnowledge(), services)
    again = await second.find(admission)
    assert [(said.role, said.text) for said in agent.brief.history] == [("user", "hello"), ("agent", "You said: hello")]
    await again.end("visitor")
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(second) == 0
    assert second.present(UID) is None
    await second.close(0)


async def test_while_it_ends_nobody_opens_it_anew(services: Services) -> None:
    agent = ScriptedAgent()
    admission = Admission("wses_1", UID, 1, PROFILE, "en")
    registry = LiveConversations({"builtin": agent}, lambda _t, _a: FakeKnowledge(), services)
    live = await registry.find(admission)
    ending = asyncio.ensure_future(live.end("visitor"))
    await live.ended.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    assert await registry.find(admission) is live
    await ending
    assert agent.opened == 1
    await registry.close(0)


async def test_what_is_still_being_read_when_the_server_stops_is_refused_and_not_left_open(services: Services) -> None:
    agent = ScriptedAgent()
    registry = LiveConversations({"builtin": agent}, lambda _t, _a: FakeKnowledge(), services)
    finding = asyncio.create_task(registry.find(Admission("wses_1", UID, 1, PROFILE, "en")))
    await asyncio.sleep(0)
    await registry.close(0)
    with pytest.raises(Unavailable) as refused:
        await finding
    assert refused.value.code == "server_stopping"
    assert (agent.opened, len(registry)) == (0, 0)


class SlowConversations(Conversations):
    """Reads what was said when it is told to; the first time it cannot."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        super().__init__(database, clock)
        self.asked = 0
        self.answers = asyncio.Semaphore(0)

    async def messages(self, uid: str, since: int) -> list[Message]:
        self.asked += 1
        is_first = self.asked == 1
        await self.answers.acquire()
        if is_first:
            raise ConnectionError("the database is away")
        return await super().messages(uid, since)


async def test_it_is_opened_once_also_when_the_first_to_open_it_fails(
    services: Services, sqlite_database: Database, clock: FakeClock
) -> None:
    slow, agent = SlowConversations(sqlite_database, clock), ScriptedAgent()
    admission = Admission("wses_1", UID, 1, PROFILE, "en")
    slowly = dataclasses.replace(services, conversations=slow)
    registry = LiveConversations({"builtin": agent}, lambda _t, _a: FakeKnowledge(), slowly)
    first, second = (asyncio.create_task(registry.find(admission)) for _ in range(2))
    await asyncio.sleep(0)
    slow.answers.release()
    with pytest.raises(ConnectionError):
        await first
    third = asyncio.create_task(registry.find(admission))
    await asyncio.sleep(0)
    slow.answers.release()
    slow.answers.release()
    assert await second is await third
    assert agent.opened == 1
    await registry.close(0)
