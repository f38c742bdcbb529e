"""What follows from what was committed: acted on in order, at least once, and kept when it cannot be."""

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.analysis import ExtractiveAnalyser
from server.calls.aftermath import ANALYSED, SETTLED, Aftermath
from server.calls.outbox import RETRY_S, Outbox
from server.calls.store import Call, CallEvent, CallStore, NewCall
from server.calls.tables import OutboxRow
from server.storage import Database
from server.transcripts import Segment
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy


@dataclass
class Actor:
    seen: list[int] = field(default_factory=list)
    fails: int = 0
    failure: type[Exception] = RuntimeError

    async def act(self, event: CallEvent) -> None:
        if self.fails:
            self.fails -= 1
            raise self.failure("not now")
        self.seen.append(event.seq)


async def a_call(database: Database, clock: FakeClock, store: CallStore, is_analysed: bool = True) -> Call:
    tenant = await Tenancy.over(database, clock).tenants.create("Acme")
    new = NewCall(tenant.tenant_id, None, "bridge", "outbound", "browser", "en", None, "+33612345678")
    return await store.create(NewCall(**{**new.__dict__, "is_analysed": is_analysed}), limit=5)


async def test_events_are_acted_on_in_order_and_once(database: Database, clock: FakeClock) -> None:
    store, actor = CallStore(database, clock), Actor()
    call = await a_call(database, clock, store)
    for _ in range(3):
        await store.note(call.id, SETTLED, {})
        await store.note(call.id, "call.digit", {})  # nobody acts on it
    outbox = Outbox(database, clock, {SETTLED: actor.act})
    assert await outbox.act() == 3
    assert actor.seen == [2, 4, 6]
    assert await outbox.act() == 0


async def test_what_fails_is_tried_again_later_and_at_last_kept_with_its_reason(
    database: Database, clock: FakeClock
) -> None:
    store, actor = CallStore(database, clock), Actor(fails=1)
    call = await a_call(database, clock, store)
    await store.note(call.id, SETTLED, {})
    outbox = Outbox(database, clock, {SETTLED: actor.act})
    assert (await outbox.act(), await outbox.act(), actor.seen) == (1, 0, [])
    clock.jump(RETRY_S[0])
    assert (await outbox.act(), actor.seen) == (1, [2])
    actor.fails = 100
    await store.note(call.id, SETTLED, {})
    for wait_s in (*RETRY_S, 10_000):
        assert await outbox.act() == 1
        clock.jump(wait_s)
    assert await outbox.act() == 0


async def test_a_database_that_is_away_costs_an_event_neither_tries_nor_its_place(
    database: Database, clock: FakeClock
) -> None:
    tries = len(RETRY_S) + 5
    store, actor = CallStore(database, clock), Actor(fails=tries, failure=PoolTimeout)
    call = await a_call(database, clock, store)
    for _ in range(2):
        await store.note(call.id, SETTLED, {})
    outbox = Outbox(database, clock, {SETTLED: actor.act})
    for _ in range(tries):
        assert await outbox.act() == 2
        clock.jump(RETRY_S[0])
    assert (await outbox.act(), actor.seen) == (2, [2, 3])
    assert await outbox.act() == 0


async def test_an_event_that_goes_with_its_row_holds_up_no_other(database: Database, clock: FakeClock) -> None:
    store = CallStore(database, clock)
    seen: list[int] = []

    async def act(event: CallEvent) -> None:
        seen.append(event.seq)
        if len(seen) == 1:
            async with database.transaction() as session:
                await session.execute(delete(OutboxRow).where(OutboxRow.event_id == event.id))
            raise RuntimeError("erased meanwhile")

    call = await a_call(database, clock, store)
    for _ in range(2):
        await store.note(call.id, SETTLED, {})
    assert (await Outbox(database, clock, {SETTLED: act}).act(), seen) == (2, [2, 3])


async def test_a_process_that_died_while_it_acted_gives_its_work_back(database: Database, clock: FakeClock) -> None:
    store, actor = CallStore(database, clock), Actor()
    call = await a_call(database, clock, store)
    await store.note(call.id, SETTLED, {})
    await Outbox(database, clock, {SETTLED: actor.act})._claim()
    other = Outbox(database, clock, {SETTLED: actor.act})
    assert await other.act() == 0
    clock.jump(121)
    assert (await other.act(), actor.seen) == (1, [2])


@pytest.mark.parametrize("is_analysed", [True, False])
async def test_a_settled_call_is_analysed_once_if_it_asked_for_it(
    database: Database, clock: FakeClock, is_analysed: bool
) -> None:
    store = CallStore(database, clock)
    call = await a_call(database, clock, store, is_analysed)

    async def segments(call_id: int) -> list[Segment]:
        return [Segment("agent", "Hello.", 0, 900), Segment("callee", "Send me the price, thank you.", 1_000, 3_000)]

    aftermath = Aftermath(store, segments, ExtractiveAnalyser())
    outbox = Outbox(database, clock, {SETTLED: aftermath.settled})
    for _ in range(2):
        await store.note(call.id, SETTLED, {})
        await outbox.act()
    verdicts = await store.events(call.id, of_type=ANALYSED)
    assert len(verdicts) == int(is_analysed)
    if is_analysed:
        assert (await aftermath.analysis(call.id) or {})["engine"] == "extractive"


async def test_a_call_that_takes_long_holds_up_no_other(database: Database, clock: FakeClock) -> None:
    store = CallStore(database, clock)
    slow, quick = [await a_call(database, clock, store) for _ in range(2)]
    seen: asyncio.Queue[int] = asyncio.Queue()
    judged = asyncio.Event()

    async def act(event: CallEvent) -> None:
        if event.call_id == slow.id and event.payload["first"]:
            await judged.wait()
        seen.put_nowait(event.call_id)

    for call, first in ((slow, True), (slow, False), (quick, False)):
        await store.note(call.id, SETTLED, {"first": first})
    outbox = Outbox(database, clock, {SETTLED: act})
    running = asyncio.create_task(outbox.run())
    async with asyncio.timeout(60):
        assert await seen.get() == quick.id
        await store.note(quick.id, SETTLED, {"first": False})
        outbox.poke()
        assert await seen.get() == quick.id
        judged.set()
        assert [await seen.get(), await seen.get()] == [slow.id, slow.id]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
