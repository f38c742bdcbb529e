"""Every tenant's audit log is one chain: writers at once do not fork it, and what somebody altered is found."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, delete, text, update

import server.storage.migrations
from server.storage import Database
from server.storage.migrations import migrate
from server.tenants.audit import AuditLog, ChainReport, chained
from server.tenants.service import NewTenant
from server.tenants.tables import AuditChainRow, AuditEntryRow
from tests.fakes.clock import FakeClock
from tests.fixtures.servers import PrivatePostgres
from tests.fixtures.tenancy import Tenancy

AT_ONCE = 20


@pytest.fixture
def tenancy(database: Database, clock: FakeClock) -> Tenancy:
    return Tenancy.over(database, clock)


@pytest.fixture
async def acme(tenancy: Tenancy) -> NewTenant:
    """A tenant with an audit log of four rows."""
    made = await tenancy.tenants.create("Acme")
    for name in ("Léa", "Zoé", "محمد"):
        await tenancy.tenants.set_agent(made.tenant_id, "support", {"name": name}, actor="ops")
    return made


async def _only(tenancy: Tenancy) -> ChainReport:
    [report] = await tenancy.audit.verify()
    return report


async def _alter(tenancy: Tenancy, place: int, **values: Any) -> None:
    async with tenancy.database.transaction() as session:
        await session.execute(update(AuditEntryRow).where(AuditEntryRow.place == place).values(**values))


async def test_a_log_that_nobody_touched_is_whole(tenancy: Tenancy, acme: NewTenant) -> None:
    report = await _only(tenancy)
    assert (report.tenant_id, report.entries, report.broken_at) == (acme.tenant_id, 4, None)
    entries = await tenancy.audit.of(acme.tenant_id, 10)
    assert [(entry.place, entry.action) for entry in entries] == [
        (1, "tenant.created"),
        (2, "agent.set"),
        (3, "agent.set"),
        (4, "agent.set"),
    ]
    assert entries[-1].hash == report.head
    assert await tenancy.audit.of(acme.tenant_id, 2) == entries[2:]


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "nobody"},
        {"action": "agent.left"},
        {"details": {"slug": "support", "fields": []}},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"hash": "0" * 64},
        {"previous_hash": "0" * 64},
    ],
)
async def test_a_row_that_was_altered_is_the_first_broken_one(
    tenancy: Tenancy, acme: NewTenant, values: dict[str, Any]
) -> None:
    await _alter(tenancy, 3, **values)
    assert (await _only(tenancy)).broken_at == 3


async def test_an_altered_row_with_a_hash_that_fits_breaks_the_next(tenancy: Tenancy, acme: NewTenant) -> None:
    row = (await tenancy.audit.of(acme.tenant_id, 10))[1]
    before = (await tenancy.audit.of(acme.tenant_id, 10))[0].hash
    forged = chained(before, acme.tenant_id, 2, row.at, "nobody", row.action, row.details)
    await _alter(tenancy, 2, actor="nobody", hash=forged)
    assert (await _only(tenancy)).broken_at == 3


@pytest.mark.parametrize("place", [1, 2, 4])
async def test_a_row_that_is_gone_is_missed(tenancy: Tenancy, acme: NewTenant, place: int) -> None:
    async with tenancy.database.transaction() as session:
        await session.execute(delete(AuditEntryRow).where(AuditEntryRow.place == place))
    assert (await _only(tenancy)).broken_at == place


async def test_a_log_that_is_gone_as_a_whole_is_missed(tenancy: Tenancy, acme: NewTenant) -> None:
    async with tenancy.database.transaction() as session:
        await session.execute(delete(AuditEntryRow))
    assert (await _only(tenancy)).broken_at == 1
    async with tenancy.database.transaction() as session:
        await session.execute(delete(AuditChainRow))
    assert await tenancy.audit.verify() == []  # which is why operators keep the heads


async def test_a_head_that_is_gone_is_missed(tenancy: Tenancy, acme: NewTenant) -> None:
    async with tenancy.database.transaction() as session:
        await session.execute(delete(AuditChainRow))
    assert (await _only(tenancy)).broken_at == 4


async def test_writers_at_once_do_not_fork_the_chain(
    tenancy: Tenancy, acme: NewTenant, database_url: str, clock: FakeClock
) -> None:
    other_process = Database(database_url)
    try:
        writers = [tenancy, Tenancy.over(other_process, clock)]
        await asyncio.gather(
            *(
                writers[number % 2].tenants.set_agent(acme.tenant_id, f"agent-{number}", {"name": str(number)})
                for number in range(AT_ONCE)
            )
        )
        report = await _only(tenancy)
        assert (report.entries, report.broken_at) == (4 + AT_ONCE, None)
    finally:
        await other_process.close()


async def test_the_first_entries_of_a_chain_may_be_written_at_once(tenancy: Tenancy) -> None:
    made = await asyncio.gather(*(tenancy.tenants.create(f"Shop {number}") for number in range(5)))
    reports = await tenancy.audit.verify()
    assert [(report.tenant_id, report.entries, report.broken_at) for report in reports] == [
        (tenant_id, 1, None) for tenant_id in sorted(tenant.tenant_id for tenant in made)
    ]


async def test_a_change_that_is_taken_back_leaves_no_gap(tenancy: Tenancy, acme: NewTenant) -> None:
    with pytest.raises(Exception, match="slug"):
        await tenancy.tenants.set_agent(acme.tenant_id, "Not A Slug", {"name": "x"})
    await tenancy.tenants.set_agent(acme.tenant_id, "sales", {"name": "x"})
    assert (await _only(tenancy)).broken_at is None


# ------------------------------------------------------------------ what was written before there were chains


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", server.storage.migrations.__path__[0])
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def _chains_what_is_there(url: str) -> None:
    database = Database(url)
    at = "2026-01-05 10:11:12.000345"
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(_upgrade_to, "0004")
            for number in range(6):
                await connection.execute(
                    text(
                        "INSERT INTO audit_entries (tenant_id, actor, action, details, at) VALUES"
                        f" (:tenant, 'cli', 'agent.set', :details, '{at}')"
                    ),
                    {"tenant": (7, 8, None)[number % 3], "details": json.dumps({"name": f"Zoé {number}"})},
                )
            await connection.commit()
        await migrate(database)
        reports = await AuditLog(database).verify()
        assert [(report.tenant_id, report.entries, report.broken_at) for report in reports] == [
            (0, 2, None),
            (7, 2, None),
            (8, 2, None),
        ]
        assert [entry.details["name"] for entry in await AuditLog(database).of(8, 9)] == ["Zoé 1", "Zoé 4"]
    finally:
        await database.close()


async def test_entries_of_before_are_chained_on_sqlite(tmp_path: Any) -> None:
    await _chains_what_is_there(f"sqlite:///{tmp_path / 'old.db'}")


@pytest.mark.postgres
async def test_entries_of_before_are_chained_on_postgres(
    empty_postgres_url: str, postgres_server: PrivatePostgres
) -> None:
    await _chains_what_is_there(empty_postgres_url)
