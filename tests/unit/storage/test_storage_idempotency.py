"""A key makes one thing: said with what is made, in one transaction, it holds whoever dies before the answer."""

import asyncio
import signal

import pytest
from sqlalchemy import func, select

from server.kit.errors import TooMany
from server.storage import Database
from server.storage.idempotency import IN_FLIGHT, Answer, Claim, IdempotencyKeys, Made
from server.storage.migrations import migrate
from server.storage.secret import MasterSecret
from server.tenants.tables import TenantRow
from tests.fakes.clock import FakeClock
from tests.fixtures.servers import PrivatePostgres

ASKED = ("1:1:POST /things", "order 1", "f" * 64)


@pytest.fixture
def keys(database: Database, clock: FakeClock) -> IdempotencyKeys:
    return IdempotencyKeys(database, MasterSecret(b"m" * 32), clock)


async def make(database: Database, clock: FakeClock, claim: object, uid: str, *, dies: bool = False) -> None:
    assert isinstance(claim, Claim)
    async with database.transaction() as session:
        session.add(TenantRow(uid=uid, name="Made", plan="pro", language="fr", created_at=clock.now()))
        await session.flush()
        await claim.made(session, uid)
        if dies:
            raise ConnectionError("in the middle")


async def made(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(TenantRow)) or 0


async def test_what_was_made_is_given_to_who_asks_again_though_nobody_answered(
    database: Database, database_url: str, keys: IdempotencyKeys, clock: FakeClock
) -> None:
    claim = await keys.begin(*ASKED)
    assert isinstance(claim, Claim)
    await make(database, clock, claim, "first")
    other = Database(database_url)  # of the process after the crash
    after = IdempotencyKeys(other, MasterSecret(b"m" * 32), clock)
    assert await after.begin(*ASKED) == Made("first")
    clock.jump(IN_FLIGHT.total_seconds() + 1)
    assert await after.begin(*ASKED) == Made("first")
    await after.forget(claim)  # what was made stays made
    assert await after.begin(*ASKED) == Made("first")
    assert await after.finish(*ASKED[:2], Answer(201, b"{}")) == Answer(201, b"{}")
    assert await keys.finish(*ASKED[:2], Answer(201, b"late")) == Answer(201, b"{}")
    assert await keys.begin(*ASKED) == Answer(201, b"{}")
    await other.close()


async def test_what_died_before_it_was_committed_may_be_made_once_more(
    database: Database, keys: IdempotencyKeys, clock: FakeClock
) -> None:
    with pytest.raises(ConnectionError):
        await make(database, clock, await keys.begin(*ASKED), "first", dies=True)
    with pytest.raises(TooMany, match="under way"):
        await keys.begin(*ASKED)
    clock.jump(IN_FLIGHT.total_seconds() + 1)
    await make(database, clock, await keys.begin(*ASKED), "second")
    assert await made(database) == 1


@pytest.mark.postgres
async def test_what_came_to_nothing_while_the_database_was_away_may_be_made_at_once(
    own_postgres: PrivatePostgres, clock: FakeClock
) -> None:
    database = Database(own_postgres.url("postgres"))
    await migrate(database)
    keys = IdempotencyKeys(database, MasterSecret(b"m" * 32), clock)
    claim = await keys.begin(*ASKED)
    assert isinstance(claim, Claim)
    await asyncio.to_thread(own_postgres.stop, signal.SIGQUIT)
    await keys.forget(claim)
    await asyncio.to_thread(own_postgres.start)
    assert isinstance(await keys.begin(*ASKED), Claim)
    await database.close()


async def test_who_is_too_slow_makes_nothing_when_another_has_the_key(
    database: Database, keys: IdempotencyKeys, clock: FakeClock
) -> None:
    slow = await keys.begin(*ASKED)
    clock.jump(IN_FLIGHT.total_seconds() + 1)
    quick = await keys.begin(*ASKED)
    outcomes = await asyncio.gather(
        make(database, clock, quick, "quick"), make(database, clock, slow, "slow"), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), TooMany]
    assert await keys.begin(*ASKED) == Made("quick")
    assert await made(database) == 1
