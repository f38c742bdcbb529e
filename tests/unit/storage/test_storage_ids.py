"""Ids that customers see: they start anywhere, increase, and those of a database that is in use go on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, column, delete, inspect, table, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.ids import new_uid
from server.storage import Base, Database, migrations
from server.tenants.tables import PhoneNumberRow, ProjectRow, TenantRow

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BEFORE = "0009"
SEEN = ("agents", "calls", "phone_numbers", "webhook_endpoints")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """A database without any table, on each kind."""
    database = Database(empty_url)
    yield database
    await database.close()


async def bring_to(database: Database, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with database.engine.connect() as connection:
        await connection.run_sync(upgrade)
        await connection.commit()


async def insert(session: AsyncSession, into: type[Base], **values: object) -> int:
    """The new row's id; only columns that the oldest schema here has."""
    bare = table(into.__tablename__, column("id"), *(column(name, into.__table__.c[name].type) for name in values))
    return int(await session.scalar(bare.insert().values(**values).returning(bare.c.id)))


async def numbered(database: Database, count: int) -> list[int]:
    """Ids of `count` new phone numbers, in the order they were made."""
    async with database.transaction() as session:
        acme = {"name": "Acme", "created_at": AT}
        tenant = await insert(session, TenantRow, uid=new_uid("ten"), plan="pro", language="fr", **acme)
        project = await insert(session, ProjectRow, uid=new_uid("proj"), tenant_id=tenant, **acme)
        return [
            await insert(
                session,
                PhoneNumberRow,
                uid=new_uid("num"),
                tenant_id=tenant,
                project_id=project,
                number=new_uid("x")[:20],
                is_recorded=False,
                is_transcribed=False,
                is_analysed=False,
                created_at=AT,
            )
            for _ in range(count)
        ]


async def starts_of(database: Database) -> dict[str, int]:
    """The id that the next row of each table gets."""
    if database.engine.dialect.name == "postgresql":
        asked = "SELECT last_value FROM {}_id_seq"
    else:
        asked = "SELECT seq + 1 FROM sqlite_sequence WHERE name = '{}'"
    async with database.reading() as session:
        return {name: int(await session.scalar(text(asked.format(name))) or 0) for name in SEEN}


async def test_a_new_deployment_starts_anywhere_and_goes_up_by_one(empty: Database) -> None:
    await migrations.migrate(empty)
    starts = await starts_of(empty)
    assert all(10_000_000 <= start < 1_000_000_000 for start in starts.values())
    assert len(set(starts.values())) == len(SEEN), "one table's ids tell nothing of another's"
    first = starts["phone_numbers"]
    assert await numbered(empty, 3) == [first, first + 1, first + 2]


async def test_two_deployments_differ(tmp_path: Path) -> None:
    starts = []
    for name in ("here", "there"):
        database = Database(f"sqlite:///{tmp_path / name}.db")
        await migrations.migrate(database)
        starts.append(await starts_of(database))
        await database.close()
    assert all(starts[0][name] != starts[1][name] for name in SEEN)


async def test_a_database_in_use_keeps_its_ids_and_goes_on(empty: Database) -> None:
    await bring_to(empty, BEFORE)
    assert await numbered(empty, 2) == [1, 2]
    await migrations.migrate(empty)
    assert await numbered(empty, 2) == [3, 4]
    starts = await starts_of(empty)
    assert all(starts[name] >= 10_000_000 for name in SEEN if name != "phone_numbers")


async def test_the_id_of_what_was_erased_is_not_given_again(empty: Database) -> None:
    await migrations.migrate(empty)
    (gone,) = await numbered(empty, 1)
    async with empty.transaction() as session:
        await session.execute(delete(PhoneNumberRow).where(PhoneNumberRow.id == gone))
    assert await numbered(empty, 1) == [gone + 1]


async def test_numbering_costs_a_table_neither_keys_nor_indexes(empty: Database) -> None:
    def shape(connection: Connection) -> dict[str, object]:
        seen = inspect(connection)
        return {
            table: (
                sorted(index["name"] or "" for index in seen.get_indexes(table)),
                sorted(str(key["name"]) for key in seen.get_foreign_keys(table)),
                sorted(str(unique["name"]) for unique in seen.get_unique_constraints(table)),
                [column["name"] for column in seen.get_columns(table)],
            )
            for table in SEEN
        }

    async def shapes() -> dict[str, object]:
        async with empty.engine.connect() as connection:
            return await connection.run_sync(shape)

    await bring_to(empty, BEFORE)
    before = await shapes()
    await bring_to(empty, "0010")
    assert await shapes() == before
