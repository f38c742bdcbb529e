"""What a tenant set for its widget, as its pages are told: with the configuration, and said by the agent."""

from typing import Any

import pytest
from sqlalchemy import select

from server.conversations.tables import ConsentRow
from server.kit.errors import InvalidInput
from tests.fixtures.application import Application, Page, Running


async def config_of(page: Page, key: str) -> dict[str, Any]:
    answer = await page.get("/widget/config", params={"key": key, "agent": "support"})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_tenant_that_set_nothing_has_no_options(running: Running) -> None:
    assert (await config_of(running.page(), running.tenant.public_key))["options"] == {}


async def test_every_configuration_has_the_tenants_options(running: Running) -> None:
    tenant, page = running.tenant, running.page()
    stored = {"captions": False, "greeting": "Welcome to the shop.", "theme.primaryColor": "#0a7"}
    await running.parloir.widget_options.set(tenant.tenant_id, stored)
    config = await config_of(page, tenant.public_key)
    assert config["options"] == stored
    assert config["greeting"] == "Welcome to the shop."

    opened = await page.open(tenant)
    assert opened["config"] == config
    assert opened["conversation"]["messages"][0]["text"] == "Welcome to the shop."
    assert (await page.get("/widget/sessions/current")).json()["config"] == config


async def test_the_pages_greeting_goes_before_the_tenants(running: Running) -> None:
    await running.parloir.widget_options.set(running.tenant.tenant_id, {"greeting": "From the tenant."})
    opened = await running.page().open(running.tenant, greeting="From the page.")
    assert opened["conversation"]["messages"][0]["text"] == "From the page."


async def test_the_stored_consent_is_what_is_shown_asked_for_and_recorded(running: Running) -> None:
    stored = {"consent.text": "We keep it for a year.", "consent.version": "2026-11"}
    await running.parloir.widget_options.set(running.tenant.tenant_id, stored)
    page = running.page()
    config = await config_of(page, running.tenant.public_key)
    assert config["consent"] == {"required": True, "version": "2026-11", "text": "We keep it for a year."}
    assert config["options"] == {}, "it is told once"
    old = {"key": running.tenant.public_key, "agent": "support", "mode": "text", "consent": {"version": "1"}}
    assert (await page.post("/widget/sessions", old)).json()["code"] == "consent_required"
    await page.open(running.tenant, consent={"version": "2026-11"})
    async with running.parloir.database.reading() as session:
        assert list(await session.scalars(select(ConsentRow.version))) == ["2026-11"]


async def test_another_tenants_options_are_its_own(running: Running) -> None:
    other = await running.parloir.tenants.create("Other", ["https://shop.example"])
    await running.parloir.widget_options.set(other.tenant_id, {"captions": False})
    assert (await config_of(running.page(), running.tenant.public_key))["options"] == {}
    assert (await config_of(running.page(), other.public_key))["options"] == {"captions": False}


async def test_a_change_is_told_at_once_and_by_other_servers_within_two_seconds(application: Application) -> None:
    async with application.running() as here, application.running() as there:
        key, options = here.tenant.public_key, here.parloir.widget_options
        assert (await config_of(there.page(), key))["options"] == {}
        await options.set(here.tenant.tenant_id, {"theme.mode": "dark"})
        assert (await config_of(here.page(), key))["options"] == {"theme.mode": "dark"}
        application.clock.jump(2)
        assert (await config_of(there.page(), key))["options"] == {"theme.mode": "dark"}
        await options.unset(here.tenant.tenant_id, "theme.mode")
        assert (await config_of(here.page(), key))["options"] == {}


@pytest.mark.parametrize("options", [{"theme.primaryColor": "red"}, {"apiKey": "voc_pk_live_x"}, {"colour": "#fff"}])
async def test_what_does_not_fit_is_never_told(sqlite_running: Running, options: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="not valid"):
        await sqlite_running.parloir.widget_options.set(sqlite_running.tenant.tenant_id, options)
    assert (await config_of(sqlite_running.page(), sqlite_running.tenant.public_key))["options"] == {}
