"""A live conversation: one order of events for every page, one end, and what happens when it is left alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from server.agents.port import AgentState, Brief, Ended, Noticed, StateChanged
from server.calls.control import End, Hello, Interrupt, Outgoing, Ping, Talk, Text
from server.calls.conversation import LiveConversation, Services
from server.conversations import Conversations
from server.kit.errors import Gone
from server.storage import Database
from tests.fakes.agent_line import FakeKnowledge
from tests.fakes.browser_page import Page
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_agent import ScriptedAgent
from tests.fixtures.conversing import PROFILE, UID, FakeLease


class FakePage:
    """A ControlChannel."""

    def __init__(self) -> None:
        self.heard: list[Outgoing] = []

    def send(self, message: Outgoing) -> None:
        self.heard.append(message)

    def kinds(self) -> list[str]:
        return [str(message.get("state") or message.get("text") or message["type"]) for message in self.heard]


@dataclass
class Scene:
    agent: ScriptedAgent
    lease: FakeLease
    clock: FakeClock
    conversations: Conversations
    services: Services
    live: LiveConversation

    def page(self, since: int = 0) -> FakePage:
        page = FakePage()
        self.live.take(Hello(since), page)
        return page

    async def settle(self) -> None:
        await self.live._journal.flush()

    async def ended_as(self, reason: str) -> bool:
        async with asyncio.timeout(30):
            await self.live.closed.wait()
        stored = await self.conversations.by_uid(UID)
        return (stored.state, stored.ended_reason, self.lease.ended) == ("ended", reason, [reason])

    async def pass_time(self, seconds: int) -> None:
        """A second at a time; what a second brings about is done before the next."""
        for _ in range(seconds):
            await self.clock.advance(1)


@pytest.fixture
async def scene(services: Services, clock: FakeClock) -> AsyncIterator[Scene]:
    agent = ScriptedAgent()
    live = LiveConversation("wses_1", Brief(UID, PROFILE, "en", FakeKnowledge()), agent, services)
    live.start()
    assert isinstance(services.lease, FakeLease)
    yield Scene(agent, services.lease, clock, services.conversations, services, live)
    await live.close()


# ------------------------------------------------------------------ the journal


async def test_every_page_hears_the_same_in_the_same_order(scene: Scene) -> None:
    early = scene.page()
    scene.agent.say("agent", "one")
    scene.agent.announce(StateChanged(AgentState.SPEAKING))
    late = scene.page()
    scene.agent.say("agent", "two", final=False, uid="msg_2")
    scene.agent.say("agent", "two and more", uid="msg_2")
    scene.agent.announce(Noticed("handoff_offered"))
    scene.agent.announce(StateChanged(AgentState.LISTENING))
    await scene.settle()
    after = ["two", "two and more", "notice", "listening"]
    assert early.kinds() == ["listening", "one", "speaking", *after]
    assert late.kinds() == ["one", "speaking", *after]
    assert [message["seq"] for message in late.heard if message.get("final")] == [1, 2]
    assert "handoff_offered" in [kind for kind, _ in await scene.conversations.events(UID)]
    back = scene.page(since=1)
    await scene.settle()
    assert back.kinds() == ["two and more", "listening"]


async def test_what_cannot_be_stored_stops_nothing_else(scene: Scene, sqlite_database: Database) -> None:
    page = scene.page()
    await scene.settle()
    scene.live._journal._uid = "conv_nobody"
    scene.agent.say("agent", "lost")
    waiting = scene.live._journal.ask("c1")
    scene.agent.say("user", "lost too")
    assert await asyncio.wait_for(waiting, 30) == []
    scene.live._journal._uid = UID
    scene.agent.say("agent", "kept")
    await scene.settle()
    assert page.kinds() == ["listening", "error", "error", "kept"]


async def test_a_page_that_left_hears_nothing_more(scene: Scene) -> None:
    page = scene.page()
    await scene.settle()
    scene.live.leave(page)
    scene.agent.say("agent", "one")
    await scene.settle()
    assert page.kinds() == ["listening"]


# ------------------------------------------------------------------ asking


async def test_each_question_gets_its_own_answer_once(scene: Scene) -> None:
    answers = await asyncio.gather(*(scene.live.ask(key, f"question {key}") for key in ("a", "b", "a")))
    assert [[message["text"] for message in answer] for answer in answers] == [
        ["question a", "You said: question a"],
        ["question b", "You said: question b"],
        ["question a", "You said: question a"],
    ]
    assert scene.agent.asked == ["question a", "question b"]
    assert [message["client_id"] for answer in answers for message in answer if message["role"] == "user"] == [
        "a",
        "b",
        "a",
    ]


async def test_a_question_under_way_when_it_closes_is_answered_with_what_there_is(scene: Scene) -> None:
    scene.agent.answers = False
    asking = asyncio.ensure_future(scene.live.ask("a", "are you there?"))
    await asyncio.sleep(0)
    await scene.settle()
    await scene.live.end("visitor")
    assert [message["text"] for message in await asyncio.wait_for(asking, 30)] == ["are you there?"]
    with pytest.raises(Gone, match="over"):
        await scene.live.ask("b", "and now?")


async def test_controls_reach_the_agent(scene: Scene) -> None:
    page = scene.page()
    for message in (Ping(), Talk(True), Talk(False), Interrupt(), Text("a", "hello")):
        scene.live.take(message, page)
    await scene.settle()
    assert scene.agent.asked == ["hold_turn", "finish_turn", "interrupt", "hello"]
    assert page.heard[0] == {"type": "pong"}


# ------------------------------------------------------------------ the end


async def test_it_ends_once_whoever_asks(scene: Scene) -> None:
    page = scene.page()
    scene.live.take(End(), page)
    scene.agent.announce(Ended("goodbye"))
    await asyncio.gather(*(scene.live.end(reason) for reason in ("limit", "server", "left")))
    assert len(scene.lease.ended) == 1
    reason = scene.lease.ended[0]
    assert await scene.ended_as(reason)
    assert [message for message in page.heard if message["type"] == "ended"] == [{"type": "ended", "reason": reason}]
    total = scene.services.metrics.registry.get_sample_value("parloir_conversations_ended_total", {"reason": reason})
    assert total == 1


async def test_it_ends_also_when_who_hung_up_does_not_wait_for_it(scene: Scene) -> None:
    scene.lease.may_end.clear()
    hanging_up = asyncio.create_task(scene.live.end("visitor"))
    await asyncio.wait_for(scene.lease.ends.wait(), 30)
    hanging_up.cancel()
    await asyncio.wait({hanging_up})
    stopping = asyncio.create_task(scene.live.close())
    scene.lease.may_end.set()
    await stopping
    assert await scene.ended_as("visitor")


async def test_the_agents_last_words_come_before_the_end(scene: Scene) -> None:
    page = scene.page()
    scene.agent.say("agent", "Goodbye.")
    scene.agent.announce(Ended("goodbye"))
    assert await scene.ended_as("goodbye")
    assert page.kinds() == ["listening", "Goodbye.", "ended"]


async def test_a_page_that_listened_may_be_away_for_the_resume_time(scene: Scene) -> None:
    page = scene.page()
    await scene.settle()
    await scene.pass_time(150)  # it listens
    scene.live.leave(page)
    await scene.pass_time(59)
    assert not scene.live.ended.is_set()
    await scene.pass_time(3)
    assert await scene.ended_as("left")


async def test_a_page_that_leaves_before_it_was_greeted_is_not_waited_for(scene: Scene) -> None:
    page = scene.page()
    scene.live.leave(page)
    await scene.settle()
    await scene.pass_time(63)
    assert await scene.ended_as("left")
    assert page.heard == []


async def test_a_page_whose_connection_is_over_may_be_away_for_the_resume_time(scene: Scene) -> None:
    page = Page()
    await page.take(await scene.live.connect(await page.offer()))
    async with asyncio.timeout(30):
        await page.is_open.wait()
        page.control.send(json.dumps({"type": "hello", "since": 0}))
        await page.messages.get()
        await page.close()
        await scene.agent.is_alone.wait()
    await scene.pass_time(59)
    assert not scene.live.ended.is_set()
    await scene.pass_time(4)
    assert await scene.ended_as("left")


async def test_a_page_that_only_asks_may_be_quiet_for_longer(scene: Scene) -> None:
    await scene.live.ask("a", "hello")
    await scene.pass_time(99)
    assert not scene.live.ended.is_set()
    await scene.live.ask("b", "hello again")
    await scene.pass_time(99)
    assert not scene.live.ended.is_set()
    await scene.pass_time(3)
    assert await scene.ended_as("left")


async def test_nobody_talks_for_ever(scene: Scene) -> None:
    page = scene.page()
    await scene.pass_time(299)
    assert not scene.live.ended.is_set()
    await scene.pass_time(3)
    assert await scene.ended_as("limit")
    assert page.heard[-1] == {"type": "ended", "reason": "limit"}


async def test_the_lease_is_kept_alive_even_after_a_failure(scene: Scene) -> None:
    scene.page()
    scene.lease.fails = True
    await scene.pass_time(15)
    scene.lease.fails = False
    await scene.pass_time(30)
    assert scene.lease.touched >= 4
    await scene.live.end("visitor")


async def test_an_end_that_cannot_be_stored_still_closes_everything(scene: Scene) -> None:
    page = scene.page()
    scene.lease.fails = True
    with pytest.raises(ConnectionError):
        await scene.live.end("visitor")
    assert scene.live.closed.is_set()
    assert scene.agent.closings > 0
    assert page.heard[-1] == {"type": "ended", "reason": "visitor"}


async def test_who_connects_while_it_ends_is_refused_and_not_left_open(scene: Scene) -> None:
    page = Page()
    connecting = asyncio.create_task(scene.live.connect(await page.offer()))
    await asyncio.sleep(0)
    await scene.live.end("visitor")
    with pytest.raises(Gone) as refused:
        await asyncio.wait_for(connecting, 30)
    assert refused.value.code == "session_ended"
    assert not scene.live.has_voice
    await page.close()


async def test_closing_leaves_the_stored_conversation_open(scene: Scene) -> None:
    page = scene.page()
    await scene.settle()
    await scene.live.close()
    await scene.live.close()
    assert (await scene.conversations.by_uid(UID)).state == "active"
    assert scene.lease.ended == []
    assert page.kinds() == ["listening"]
