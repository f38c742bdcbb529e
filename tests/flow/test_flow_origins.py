"""Who may ask and who may read: every origin against every tenant on every way in, and how soon a change counts."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from server.tenants.service import NewTenant
from tests.fakes.clock import FakeClock
from tests.fixtures.application import CONSENT, SHOP, Application, Page, Running

A, B, EVIL = "https://a.example", "http://b.example:8080", "https://evil.example"
ORIGINS = [A, B, EVIL, "null", None]
TENANTS = {"one": [A], "both": [A, B], "closed": []}
WAYS = ["preflight", "get", "post", "error", "socket"]

Cell = tuple[str, str | None, str]


@pytest.fixture
async def tenants(running: Running) -> dict[str, NewTenant]:
    return {name: await running.parloir.tenants.create(name, origins) for name, origins in TENANTS.items()}


async def preflight(page: Page, tenant: NewTenant) -> httpx.Response:
    headers = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await page.ask("OPTIONS", "/widget/sessions", headers=headers)


async def config(page: Page, tenant: NewTenant) -> httpx.Response:
    return await page.get("/widget/config", params={"key": tenant.public_key})


async def opening(page: Page, tenant: NewTenant) -> httpx.Response:
    return await page.post("/widget/sessions", {"key": tenant.public_key, "mode": "text", "consent": CONSENT})


async def mistake(page: Page, tenant: NewTenant) -> httpx.Response:
    """No consent: a refusal that the page of an allowed origin has to be able to tell from the others."""
    return await page.post("/widget/sessions", {"key": tenant.public_key, "mode": "text"})


ASKED: dict[str, Callable[[Page, NewTenant], Any]] = {
    "preflight": preflight,
    "get": config,
    "post": opening,
    "error": mistake,
}


def expected(way: str, origin: str | None, is_listed: bool) -> tuple[int, str | None, str | None]:
    """Status, code of the refusal, and Access-Control-Allow-Origin."""
    if way == "preflight":  # it names no tenant: any tenant's origin may go on to ask
        return 204, None, origin if origin in (A, B) else None
    if not is_listed:
        return 403, "origin_not_allowed" if origin else "origin_missing", origin
    return {"get": (200, None, origin), "post": (201, None, origin), "error": (409, "consent_required", origin)}[way]


async def over_http(way: str, page: Page, tenant: NewTenant) -> tuple[int, str | None, str | None]:
    answer = await ASKED[way](page, tenant)
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers.get("Access-Control-Allow-Origin") != "*"
    preflighted = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "authorization, content-type",
        "Access-Control-Max-Age": "600",
    }
    may_go_on = way == "preflight" and "Access-Control-Allow-Origin" in answer.headers
    shown = {name: answer.headers[name] for name in preflighted if name in answer.headers}
    assert shown == (preflighted if may_go_on else {})
    code = answer.json()["code"] if answer.status_code >= 400 else None
    return answer.status_code, code, answer.headers.get("Access-Control-Allow-Origin")


async def test_seventy_five_cells(running: Running, tenants: dict[str, NewTenant]) -> None:
    tokens: dict[str, str | None] = {}
    for name, origins in TENANTS.items():
        if origins:  # the socket needs a session, which only a page of A can have opened for each
            page = running.page(A)
            await page.open(tenants[name])
            tokens[name] = page.token
    shop = running.page(SHOP)  # a tenant that lists nobody has no session: the socket is tried with another's
    await shop.open(running.tenant)
    tokens["closed"] = shop.token

    found: dict[Cell, Any] = {}
    wanted: dict[Cell, Any] = {}
    for origin in ORIGINS:
        for name, tenant in tenants.items():
            is_listed = origin in TENANTS[name]
            for way in WAYS:
                page, cell = running.page(origin), (way, origin, name)
                if way == "socket":
                    page.token = tokens[name]
                    async with page.socket() as socket:
                        if origin == A and is_listed:
                            wanted[cell] = (None, "message")
                            found[cell] = (None, (await socket.receive())["type"])
                        else:
                            wanted[cell] = (4403, None)
                            code, said = await socket.closed()
                            found[cell] = (code, said[0]["type"] if said else None)
                else:
                    wanted[cell] = expected(way, origin, is_listed)
                    found[cell] = await over_http(way, page, tenant)
    assert len(found) == 75
    assert {cell: got for cell, got in found.items() if got != wanted[cell]} == {}


async def test_an_unknown_path_and_an_unknown_key_can_be_read_by_the_page(running: Running) -> None:
    for path in ("/widget/nothing", "/widget/config?key=voc_pk_live_nothing"):
        answer = await running.page(EVIL).get(path)
        assert answer.status_code in (401, 404)
        assert answer.headers["Access-Control-Allow-Origin"] == EVIL
        assert answer.headers["Vary"] == "Origin"


async def test_outside_the_widgets_paths_nothing_is_shared(running: Running) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/"):
        answer = await running.page(SHOP).get(path)
        assert answer.status_code == 200, path
        assert "Access-Control-Allow-Origin" not in answer.headers, path


async def test_a_change_counts_at_once_here_and_within_two_seconds_elsewhere(
    application: Application, clock: FakeClock
) -> None:
    async with application.running() as here, application.running() as there:
        tenant, new = here.tenant, "https://new.example"

        async def seen() -> list[tuple[int, bool]]:
            pages = [here.page(new), there.page(new)]
            return [
                (
                    (await config(page, tenant)).status_code,
                    "Access-Control-Allow-Origin" in (await preflight(page, tenant)).headers,
                )
                for page in pages
            ]

        no, yes = (403, False), (200, True)
        assert await seen() == [no, no]
        await here.parloir.tenants.add_origin(tenant.tenant_id, new)
        assert (await seen())[0] == yes
        clock.jump(2)
        assert await seen() == [yes, yes]
        await here.parloir.tenants.remove_origin(tenant.tenant_id, new)
        assert (await seen())[0] == no
        clock.jump(2)
        assert await seen() == [no, no]
