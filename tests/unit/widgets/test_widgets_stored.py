"""What a tenant has set for its widget: kept whole or not at all, its own alone, audited, fresh within two seconds."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from server.kit.errors import InvalidInput
from server.storage import Database
from server.storage.bus import LocalBus
from server.tenants.tables import AuditEntryRow, TenantRow
from server.widgets import OptionTable, WidgetOptions
from server.widgets.stored import FRESH_S
from server.widgets.tables import WidgetOptionRow
from tests.fakes.clock import START, FakeClock

TABLE = OptionTable.load(Path(__file__).parents[3] / "widget" / "options.json")


@pytest.fixture
async def tenant_ids(database: Database) -> list[int]:
    async with database.transaction() as session:
        rows = [TenantRow(uid=uid, name=uid, plan="pro", language="fr", created_at=START) for uid in ("one", "two")]
        session.add_all(rows)
        await session.flush()
        return [row.id for row in rows]


@pytest.fixture
def options(database: Database, clock: FakeClock) -> WidgetOptions:
    return WidgetOptions(database, TABLE, LocalBus(), clock)


async def audited(database: Database) -> list[tuple[int | None, str, str, object]]:
    async with database.reading() as session:
        rows = await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id))
        return [(row.tenant_id, row.actor, row.action, row.details["names"]) for row in rows]


async def test_options_are_set_changed_and_unset_for_one_tenant(
    options: WidgetOptions, database: Database, tenant_ids: list[int]
) -> None:
    one, two = tenant_ids
    given = {"theme": {"primaryColor": "#0a7"}, "captions": False, "labels": {"talk": "Parler"}, "theme.radius": 2.5}
    assert await options.set(one, given) == {
        "theme.primaryColor": "#0a7",
        "captions": False,
        "labels": {"talk": "Parler"},
        "theme.radius": 2.5,
    }
    await options.set(one, {"theme.primaryColor": "#123456"}, actor="someone")
    assert await options.unset(one, "captions")
    assert not await options.unset(one, "captions")
    expected = {"labels": {"talk": "Parler"}, "theme.primaryColor": "#123456", "theme.radius": 2.5}
    assert await options.all(one) == expected
    assert await options.of(one) == expected
    assert await options.of(two) == {}
    assert await audited(database) == [
        (one, "cli", "widget_options.set", ["captions", "labels", "theme.primaryColor", "theme.radius"]),
        (one, "someone", "widget_options.set", ["theme.primaryColor"]),
        (one, "cli", "widget_options.unset", ["captions"]),
    ]


async def test_nothing_is_set_when_one_is_wrong(
    options: WidgetOptions, database: Database, tenant_ids: list[int]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await options.set(tenant_ids[0], {"greeting": "Hi", "theme.primaryColor": "red", "apiKey": "voc_pk_a"})
    assert refusal.value.code == "invalid_request"
    assert [problem.field for problem in refusal.value.details] == ["theme.primaryColor", "apiKey"]
    with pytest.raises(InvalidInput):
        await options.unset(tenant_ids[0], "colour")
    assert await options.all(tenant_ids[0]) == {}
    assert await audited(database) == []


async def test_a_consent_is_kept_with_a_version_that_means_one_text(
    options: WidgetOptions, tenant_ids: list[int]
) -> None:
    text, version = "consent.text", "consent.version"
    refused = [{text: "We keep it."}, {version: "2"}]
    for given in refused:
        with pytest.raises(InvalidInput, match=r"Give consent\."):
            await options.set(tenant_ids[0], given)
    await options.set(tenant_ids[0], {"consent": {"text": "We keep it.", "version": "2"}})
    with pytest.raises(InvalidInput, match="another version"):
        await options.set(tenant_ids[0], {text: "We keep it for years."})
    await options.set(tenant_ids[0], {text: "We keep it.", "captions": False})
    await options.set(tenant_ids[0], {text: "We keep it for years.", version: "3"})
    assert await options.unset(tenant_ids[0], text)
    assert await options.all(tenant_ids[0]) == {"captions": False}


async def test_text_is_kept_as_every_database_can(options: WidgetOptions, tenant_ids: list[int]) -> None:
    await options.set(tenant_ids[0], {"greeting": "a\x00b\ud83dc😀", "labels": {"talk": "\x00é"}})
    assert await options.all(tenant_ids[0]) == {"greeting": "ab\ufffdc😀", "labels": {"talk": "é"}}


async def test_a_change_of_another_process_is_seen_within_two_seconds(
    options: WidgetOptions, database: Database, clock: FakeClock, tenant_ids: list[int]
) -> None:
    other = WidgetOptions(database, TABLE, LocalBus(), clock)  # its notices do not arrive here
    await options.set(tenant_ids[0], {"greeting": "first"})
    assert await options.of(tenant_ids[0]) == {"greeting": "first"}
    await other.set(tenant_ids[0], {"greeting": "second"})
    assert await options.of(tenant_ids[0]) == {"greeting": "first"}
    assert FRESH_S < 2
    await clock.advance(FRESH_S + 0.01)
    assert await options.of(tenant_ids[0]) == {"greeting": "second"}


async def test_a_notice_makes_a_change_of_another_process_seen_at_once(
    database: Database, clock: FakeClock, tenant_ids: list[int]
) -> None:
    bus = LocalBus()
    here, there = (WidgetOptions(database, TABLE, bus, clock) for _ in range(2))
    assert await here.of(tenant_ids[0]) == {}
    await there.set(tenant_ids[0], {"captions": False})
    assert await here.of(tenant_ids[0]) == {"captions": False}
    await there.unset(tenant_ids[0], "captions")
    assert await here.of(tenant_ids[0]) == {}


async def test_what_is_asked_again_soon_is_not_read_again(
    options: WidgetOptions, database: Database, tenant_ids: list[int]
) -> None:
    async with database.transaction() as session:
        row = {"tenant_id": tenant_ids[0], "name": "greeting", "value": "kept", "updated_at": START}
        await session.execute(insert(WidgetOptionRow).values(row))
    assert await options.of(tenant_ids[0]) == {"greeting": "kept"}
    async with database.transaction() as session:
        await session.execute(delete(WidgetOptionRow))
    assert await options.of(tenant_ids[0]) == {"greeting": "kept"}
    assert await options.all(tenant_ids[0]) == {}


async def test_two_who_set_the_same_option_at_once_both_succeed(options: WidgetOptions, tenant_ids: list[int]) -> None:
    greetings = [f"Hello {number}" for number in range(8)]
    await asyncio.gather(*(options.set(tenant_ids[0], {"greeting": greeting}) for greeting in greetings))
    assert (await options.all(tenant_ids[0]))["greeting"] in greetings
