"""What happens to a call while its database is away: written down in order when it is back, and once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import DBAPIError

from server.calls.ledger import RETRIES_S, Ledger
from server.calls.state import IllegalTransition, Step
from server.calls.store import CallStore, NewCall
from server.storage import Database
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy


@pytest.fixture
async def ledger(sqlite_database: Database, clock: FakeClock) -> Ledger:
    store = CallStore(sqlite_database, clock)
    tenant = await Tenancy.over(sqlite_database, clock).tenants.create("Acme")
    new = NewCall(tenant.tenant_id, None, "bridge", "outbound", "browser", "en", None, "+33612345678")
    return Ledger(await store.create(new, limit=5), store, clock, lambda: None)


@asynccontextmanager
async def writing(ledger: Ledger) -> AsyncIterator[None]:
    task = asyncio.create_task(ledger.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Writes:
    """What the ledger is given to write; fails with what is in `failures` first."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.written: list[str] = []

    async def write(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def entry(self, ledger: Ledger, name: str) -> None:
        ledger.add(name, self.write, lambda: self.written.append(name))


def away() -> Exception:
    """As a connection that broke is told."""
    return DBAPIError("SELECT 1", None, ConnectionRefusedError(), connection_invalidated=True)


async def test_a_database_that_is_away_for_long_gets_everything_in_order(ledger: Ledger, clock: FakeClock) -> None:
    writes = Writes(*(away() for _ in range(30)))
    async with writing(ledger):
        for name in ("first", "second"):
            writes.entry(ledger, name)
        await clock.advance(sum(RETRIES_S) + 20 * RETRIES_S[-1])
        assert writes.written == []
        await clock.advance(10 * RETRIES_S[-1])
        assert writes.written == ["first", "second"]


async def test_what_a_database_refuses_is_left_out_after_a_few_tries(ledger: Ledger, clock: FakeClock) -> None:
    writes = Writes(*(ValueError("no") for _ in range(len(RETRIES_S) + 1)))
    async with writing(ledger):
        for name in ("first", "second"):
            writes.entry(ledger, name)
        await clock.advance(sum(RETRIES_S))
        assert writes.written == ["second"]


async def test_a_commit_whose_answer_was_lost_counts_as_written(ledger: Ledger, clock: FakeClock) -> None:
    again = IllegalTransition(ledger.state, Step.DIALED)
    lost, never = Writes(away(), again), Writes(again)
    async with writing(ledger):
        lost.entry(ledger, "lost answer")
        never.entry(ledger, "never legal")
        await clock.advance(RETRIES_S[0])
        assert (lost.written, never.written) == (["lost answer"], [])
