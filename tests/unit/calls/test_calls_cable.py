"""ActionCable's protocol: what is confirmed, told, refused and ignored, and that nothing is missed or told twice."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from server.calls.cable import LINGER_S, SUBSCRIPTIONS_MAX, CableConnection, CableParts
from server.calls.feed import CallFeed
from server.calls.state import Happening, Outcome, Step
from server.calls.store import Call, CallStore, NewCall
from server.kit.errors import AppError
from server.sessions import SigningKeys
from server.sessions.cable_tokens import CableTokens
from server.storage import Database
from server.storage.bus import LocalBus
from server.tenants.revocations import Revocations
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy

WAIT_S = 60


@dataclass
class Client:
    """One socket's worth of frames."""

    parts: CableParts
    allowed: bool = True
    frames: list[dict[str, Any]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: bool = False
    connection: CableConnection = field(init=False)

    def __post_init__(self) -> None:
        async def allows(_tenant_id: int) -> bool:
            return self.allowed

        async def room() -> None:
            return

        self.connection = CableConnection(self.parts, self._take, room, self._hang_up, allows)
        self.connection.welcome()

    def subscribe(self, identifier: str) -> None:
        assert self.connection.take(json.dumps({"command": "subscribe", "identifier": identifier}))

    async def until(self, **wanted: Any) -> list[dict[str, Any]]:
        """All frames, once one has these values at the top or in its message."""
        async with asyncio.timeout(WAIT_S):
            while not any(wanted.items() <= (each | _inner(each)).items() for each in map(_hashable, self.frames)):
                self.more.clear()
                await self.more.wait()
        return self.frames

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [frame["message"] for frame in self.frames if "message" in frame]

    def _take(self, text: str) -> None:
        self.frames.append(json.loads(text))
        self.more.set()

    def _hang_up(self) -> None:
        self.hung_up = True


def _hashable(frame: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in frame.items() if not isinstance(value, dict)} | _inner(frame)


def _inner(frame: dict[str, Any]) -> dict[str, Any]:
    inner = frame.get("message")
    return inner if isinstance(inner, dict) else {}


@dataclass
class Line:
    """A call that goes on, and what its subscribers need."""

    parts: CableParts
    call: Call
    token: str
    clients: list[Client] = field(default_factory=list)

    def client(self, **about: Any) -> Client:
        client = Client(self.parts, **about)
        self.clients.append(client)
        return client

    def identifier(self, **other: Any) -> str:
        return json.dumps({"channel": "CallsChannel", "id": self.call.id, "token": self.token} | other)

    async def say(self, text: str, role: str = "callee") -> int:
        words = {"role": role, "text": text, "t0_ms": 1_000, "t1_ms": 2_500}
        return await self.parts.store.note(self.call.id, "transcript.segment", words)

    async def happen(self, *steps: Happening) -> None:
        for step in steps:
            await self.parts.store.apply(self.call.id, step)


ANSWERED = (Happening(Step.DIALED), Happening(Step.RANG), Happening(Step.ANSWERED))
COMPLETED = Happening(Step.ENDED, Outcome.COMPLETED, "hung_up")


@pytest.fixture
async def line(database: Database, clock: FakeClock) -> AsyncIterator[Line]:
    tenancy = Tenancy.over(database, clock)
    tenant = await tenancy.tenants.create("Acme", [])
    feeds: list[CallFeed] = []
    store = CallStore(database, clock, lambda call_id: feeds[0].committed(call_id))
    feeds.append(feed := CallFeed(store, LocalBus()))
    feed.start()
    new = NewCall(
        tenant_id=tenant.tenant_id,
        project_id=None,
        kind="bridge",
        direction="outbound",
        mode="browser",
        language="en",
        from_number=None,
        to_number="+33612345678",
        is_recorded=True,
    )
    call = await store.create(new, limit=5)
    tokens = CableTokens(SigningKeys(database, tenancy.secret, clock), clock)
    line = Line(
        CableParts(store, feed, tokens, Revocations(database, LocalBus(), clock), clock),
        call,
        await tokens.issue(call.uid),
    )
    yield line
    for client in line.clients:
        await client.connection.close()
        await client.connection.close()
    await feed.close()
    assert not line.parts.connections


async def test_a_subscriber_hears_the_backlog_where_the_call_stands_and_then_all_that_happens(line: Line) -> None:
    await line.happen(*ANSWERED)
    await line.say("Hello?")
    client = line.client()
    identifier = line.identifier()
    client.subscribe(identifier)
    await client.until(status="in-progress")
    await line.say("Good morning.", role="agent")
    await line.happen(COMPLETED)
    frames = await client.until(status="completed")
    assert frames[0] == {"type": "welcome"}
    assert frames[1] == {"identifier": identifier, "type": "confirm_subscription"}
    assert all(frame["identifier"] == identifier for frame in frames[2:])
    assert [(one["type"], one.get("role"), one.get("content"), one.get("status")) for one in client.messages] == [
        ("transcript", "user", "Hello?", None),
        ("status_changed", None, None, "in-progress"),
        ("transcript", "agent", "Good morning.", None),
        ("status_changed", None, None, "completed"),
    ]
    assert client.messages[0] | {"seq": 0} == {
        "type": "transcript",
        "role": "user",
        "content": "Hello?",
        "final": True,
        "started_at": 1.0,
        "ended_at": 2.5,
        "seq": 0,
    }
    assert len({one["seq"] for one in client.messages}) == 4


async def test_one_who_comes_back_says_what_it_has(line: Line) -> None:
    await line.happen(*ANSWERED)
    first = await line.say("one")
    await line.say("two")
    client = line.client()
    client.subscribe(line.identifier(since=first))
    await client.until(status="in-progress")
    assert [one["content"] for one in client.messages if one["type"] == "transcript"] == ["two"]
    without = line.client()
    without.subscribe(line.identifier(replay=False))
    await without.until(status="in-progress")
    assert [one["type"] for one in without.messages] == ["status_changed"]


async def test_nothing_is_missed_or_told_twice_while_much_is_said(line: Line) -> None:
    await line.happen(*ANSWERED)

    async def talk() -> None:
        for number in range(60):
            await line.say(f"sentence {number}")

    async def come(after: int) -> Client:
        client = line.client()
        for _ in range(after):
            await asyncio.sleep(0)
        client.subscribe(line.identifier())
        return client

    talking = asyncio.create_task(talk())
    clients = await asyncio.gather(*(come(20 * number) for number in range(8)))
    await talking
    await line.happen(COMPLETED)
    for client in clients:
        await client.until(status="completed")
        said = [one["content"] for one in client.messages if one["type"] == "transcript"]
        assert said == [f"sentence {number}" for number in range(60)]


async def test_asking_twice_is_confirmed_twice_and_told_once(line: Line) -> None:
    await line.happen(*ANSWERED)
    client = line.client()
    client.subscribe(line.identifier())
    await client.until(status="in-progress")
    client.subscribe(line.identifier())
    await line.say("once")
    await client.until(content="once")
    assert sum(frame.get("type") == "confirm_subscription" for frame in client.frames) == 2
    assert sum(one.get("content") == "once" for one in client.messages) == 1


async def test_identifiers_are_kept_byte_for_byte_and_apart(line: Line) -> None:
    await line.happen(*ANSWERED)
    spaced, tight = line.identifier(), json.dumps(json.loads(line.identifier()), separators=(",", ":"))
    client = line.client()
    client.subscribe(spaced)
    client.subscribe(tight)
    async with asyncio.timeout(WAIT_S):
        while len(client.messages) < 2:
            client.more.clear()
            await client.more.wait()
    assert {frame["identifier"] for frame in client.frames if "message" in frame} == {spaced, tight}
    client.connection.take(json.dumps({"command": "unsubscribe", "identifier": spaced}))
    await line.say("for one")
    await client.until(content="for one")
    assert [frame["identifier"] for frame in client.frames if _inner(frame).get("content")] == [tight]


async def test_who_may_not_follow_is_rejected_and_learns_nothing(line: Line, clock: FakeClock) -> None:
    other = await line.parts.store.create(
        NewCall(line.call.tenant_id, None, "bridge", "outbound", "browser", "en", None, "+33612345678"), limit=5
    )
    foreign = await line.parts.tokens.issue(other.uid)
    wishes = [
        line.identifier(token=foreign),
        line.identifier(token=line.token[:-2]),
        line.identifier(token=""),
        line.identifier(id=other.id),
        line.identifier(id=2**60),
        line.identifier(id=None),
        line.identifier(channel="OtherChannel"),
        line.identifier(token=await line.parts.tokens.issue("call_unknown")),
        "[]",
        "no json",
        "[" * 3_000,
    ]
    client = line.client()
    for wish in wishes:
        client.subscribe(wish)
        await client.until(identifier=wish, type="reject_subscription")
    assert client.messages == []
    elsewhere = line.client(allowed=False)
    elsewhere.subscribe(line.identifier())
    await elsewhere.until(type="reject_subscription")
    await line.happen(*ANSWERED, COMPLETED)
    clock.jump(3_700)
    late = line.client()
    late.subscribe(line.identifier())
    await late.until(type="reject_subscription")


async def test_a_subscription_ends_a_minute_after_its_call(line: Line, clock: FakeClock) -> None:
    await line.happen(*ANSWERED, COMPLETED)
    client = line.client()
    client.subscribe(line.identifier())
    await client.until(status="completed")
    async with asyncio.timeout(WAIT_S):
        while not clock.sleepers:  # noqa: ASYNC110  # the clock tells nobody
            await asyncio.sleep(0)
    await clock.advance(LINGER_S + 1)
    before = len(client.messages)
    await line.say("too late")
    client.subscribe(line.identifier())  # it may come back
    await client.until(content="too late")
    assert len(client.messages) > before


async def test_a_client_has_so_many_subscriptions(line: Line) -> None:
    client = line.client()
    for number in range(SUBSCRIPTIONS_MAX + 1):
        client.subscribe(line.identifier(since=number))
    await client.until(type="reject_subscription")
    assert sum(frame.get("type") == "reject_subscription" for frame in client.frames) == 1


async def test_a_server_that_stops_says_so(line: Line) -> None:
    client = line.client()
    line.parts.connections.restart()
    assert client.frames[-1] == {"type": "disconnect", "reason": "server_restart", "reconnect": True}
    assert client.hung_up


async def test_junk_is_ignored_and_tells_nothing(line: Line) -> None:
    await line.happen(*ANSWERED)
    await line.say("a secret")
    client = line.client()
    chance = random.Random(20261121)
    known = line.identifier()
    for _ in range(3_000):
        frame = json.dumps(
            {"command": chance.choice(["subscribe", "message", "x", None]), "identifier": known, "data": "{}"}
        )
        cut = chance.randrange(len(frame))
        broken = frame[:cut] + chr(chance.randrange(0x1_0000)) + frame[cut + chance.randrange(1, 40) :]
        client.connection.take(chance.choice([broken, broken.encode("utf-8", "replace"), "", "{}", "[]", "null"]))
    await asyncio.sleep(0)
    assert client.messages == []
    client.subscribe(known)
    await client.until(content="a secret")


async def test_an_unknown_call_is_an_error_of_the_store(line: Line) -> None:
    with pytest.raises(AppError):
        await line.parts.store.by_uid("call_nobody")
