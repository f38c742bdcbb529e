"""The database keeps what was committed and nothing else, and its migrations make exactly the declared schema."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

import server.calls.tables
import server.conversations.tables
import server.identity.tables
import server.knowledge.tables
import server.recordings.tables
import server.sessions.tables
import server.storage.idempotency
import server.tenants.tables
import server.webhooks.tables
import server.widgets.tables  # noqa: F401  # the tables' modules declare the schema
from server.storage import Base, Database, is_away
from server.storage.database import Unreachable
from server.storage.migrations import migrate
from server.storage.text import storable
from server.tenants.tables import ProjectRow, TenantRow
from tests.fixtures.servers import PrivatePostgres

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_SLOW = {
    "postgresql": "SELECT pg_sleep(0.2)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT max(i) FROM n",
}
"""Takes a moment."""


def tenant(uid: str, created_at: datetime = AT) -> TenantRow:
    return TenantRow(uid=uid, name="Acme", plan="pro", language="fr", created_at=created_at)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrating_again_keeps_what_is_there(database: Database) -> None:
    async with database.transaction() as session:
        session.add(tenant("acme"))
    await migrate(database)
    async with database.reading() as session:
        assert await session.scalar(select(TenantRow.uid)) == "acme"


@pytest.mark.postgres
async def test_processes_that_start_together_migrate_one_after_the_other(empty_postgres_url: str) -> None:
    processes = [Database(empty_postgres_url) for _ in range(4)]
    try:
        await asyncio.gather(*(migrate(process) for process in processes))
        async with processes[0].reading() as session:
            assert await session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    finally:
        await asyncio.gather(*(process.close() for process in processes))


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.transaction() as session:
            session.add(tenant("acme"))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_half_way()
    async with database.reading() as session:
        assert await session.scalar(select(TenantRow)) is None


async def test_a_reader_sees_only_what_is_committed_and_does_not_wait(database: Database) -> None:
    async with database.transaction() as session:
        session.add(tenant("acme"))
        await session.flush()
        async with asyncio.timeout(30), database.reading() as reader:
            assert await reader.scalar(select(TenantRow)) is None
    async with database.reading() as reader:
        assert await reader.scalar(select(TenantRow)) is not None


async def test_reading_writes_nothing(database: Database) -> None:
    async with database.reading() as session:
        session.add(tenant("acme"))
        await session.flush()
    async with database.reading() as session:
        assert await session.scalar(select(TenantRow)) is None


async def test_rows_stay_readable_after_the_block(database: Database) -> None:
    async with database.transaction() as session:
        written = tenant("acme")
        session.add(written)
    async with database.reading() as session:
        read = await session.scalar(select(TenantRow))
    assert read is not None
    assert (read.uid, read.id) == (written.uid, written.id)


async def test_writers_of_two_processes_read_and_write_without_losing_a_change(
    database: Database, database_url: str
) -> None:
    processes = [database, Database(database_url)]
    async with database.transaction() as session:
        session.add(tenant("0"))

    async def count_one_more(process: Database) -> None:
        async with process.transaction() as session:
            row = await session.scalar(select(TenantRow).with_for_update())
            assert row is not None
            row.uid = str(int(row.uid) + 1)

    try:
        await asyncio.gather(*(count_one_more(processes[number % 2]) for number in range(60)))
        async with database.reading() as session:
            assert await session.scalar(select(TenantRow.uid)) == "60"
    finally:
        await processes[1].close()


@pytest.mark.postgres
async def test_a_restarted_postgres_is_found_again(own_postgres: PrivatePostgres) -> None:
    database = Database(own_postgres.url("postgres"))
    await migrate(database)
    own_postgres.stop()
    assert not await database.is_reachable()
    own_postgres.start()
    async with database.transaction() as session:
        session.add(tenant("acme"))
    assert await database.is_reachable()
    await database.close()


async def test_a_row_that_belongs_to_nobody_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            session.add(ProjectRow(uid="proj", tenant_id=404, name="default", created_at=AT))


async def test_times_come_back_as_the_same_moment_in_utc(database: Database) -> None:
    paris = AT.astimezone(timezone(timedelta(hours=1)))
    async with database.transaction() as session:
        session.add(tenant("acme", paris))
    async with database.reading() as session:
        at = await session.scalar(select(TenantRow.created_at))
    assert at == AT
    assert at is not None
    assert at.utcoffset() == timedelta(0)


async def test_a_time_without_a_zone_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(StatementError, match="timezone"):
        async with sqlite_database.transaction() as session:
            session.add(tenant("acme", AT.replace(tzinfo=None)))


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite"):
        Database(url)


async def test_a_database_that_is_away_is_not_reachable(database: Database) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    assert await database.is_reachable()
    assert not await away.is_reachable()
    await away.close()
    await away.close()


async def test_only_what_may_pass_is_a_database_that_is_away(database: Database) -> None:
    for refused in ("SELECT * FROM nowhere", "SELECT nothing"):
        with pytest.raises(DBAPIError) as failure:
            await database.look(lambda db, sql=refused: db.execute(text(sql)))  # type: ignore[misc]
        assert not is_away(failure.value)
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unreachable) as unreachable:
        await away.look(lambda db: db.execute(text("SELECT 1")))
    assert is_away(unreachable.value)
    await away.close()
    assert not is_away(FileNotFoundError())


async def test_a_look_sees_what_is_committed_and_leaves_nothing_open(database: Database) -> None:
    def names(db: Connection) -> list[str]:
        return list(db.scalars(select(TenantRow.uid).order_by(TenantRow.uid)))

    async with database.transaction() as session:
        session.add(tenant("acme"))
        await session.flush()
        assert await database.look(names) == []
    assert await database.look(names) == ["acme"]
    with pytest.raises(ZeroDivisionError):
        await database.look(lambda _: 1 / 0)
    async with database.transaction() as session:
        session.add(tenant("other"))
    assert await database.look(names) == ["acme", "other"]


async def test_after_a_look_the_same_connection_can_take_everything_back(database_url: str) -> None:
    database = Database(database_url, connections=1)
    for _ in range(2):
        assert await database.look(lambda db: db.scalar(select(TenantRow.uid))) is None
        with contextlib.suppress(ZeroDivisionError):
            async with database.transaction() as session:
                session.add(tenant("acme"))
                await session.flush()
                raise ZeroDivisionError
    await database.close()


async def test_a_look_that_nobody_waits_for_any_more_gives_its_connection_back(database_url: str) -> None:
    database = Database(database_url, connections=1, wait_s=60.0)
    for _ in range(3):
        looking = asyncio.create_task(database.look(lambda db: db.execute(text(_SLOW[database.engine.dialect.name]))))
        await asyncio.sleep(0)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    async with database.transaction() as session:
        session.add(tenant("acme"))
    assert await database.look(lambda db: db.scalar(select(TenantRow.uid))) == "acme"
    await database.close()


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_storable_text_is_utf8_without_nul_and_otherwise_unchanged(raw: str) -> None:
    kept = storable(raw)
    assert "\x00" not in kept
    kept.encode()
    assert storable(kept) == kept
    if "\x00" not in raw and not any("\ud800" <= character <= "\udfff" for character in raw):
        assert kept == raw


async def test_storable_text_is_kept_by_every_database(database: Database) -> None:
    text_from_outside = storable("a\x00b\ud83dc😀")
    async with database.transaction() as session:
        session.add(TenantRow(uid="acme", name=text_from_outside, plan="pro", language="fr", created_at=AT))
    async with database.reading() as session:
        assert await session.scalar(select(TenantRow.name)) == "ab\ufffdc😀"
