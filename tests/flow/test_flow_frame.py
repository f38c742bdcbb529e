"""The widget in a frame of ours: who may frame it, and what its ticket is good for."""

import html
import re

import httpx

from tests.fakes.clock import FakeClock
from tests.fixtures.application import CONSENT, SHOP, Page, Running, refusal

SECOND = "https://second.example:8443"


async def framed(running: Running, **names: str) -> httpx.Response:
    """The frame's page, as a browser asks for it: without an Origin."""
    return await running.page(None).get("/frame", params={"key": running.tenant.public_key, **names})


def ticket_in(answer: httpx.Response) -> str:
    found = re.search(r"voc_pk_frame_[\w.-]+", html.unescape(answer.text))
    assert found, answer.text
    return found[0]


def own_origin(running: Running) -> str:
    return running.parloir.settings.origin


async def test_only_the_tenants_origins_may_frame_it(running: Running) -> None:
    await running.parloir.tenants.add_origin(running.tenant.tenant_id, SECOND)
    answer = await framed(running)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SHOP} {SECOND}" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]
    assert running.tenant.public_key not in answer.text
    for origin in (SHOP, SECOND):
        await running.parloir.tenants.remove_origin(running.tenant.tenant_id, origin)
    assert (await framed(running)).headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


async def test_the_ticket_opens_a_conversation_from_our_own_page_only(running: Running) -> None:
    ticket = ticket_in(await framed(running, language="fr"))
    own = running.page(own_origin(running))
    assert (await own.get("/widget/config", params={"key": ticket, "agent": "support"})).status_code == 200
    wish = {"key": ticket, "mode": "text", "consent": CONSENT}
    for origin in (SHOP, "https://evil.example", "null", None):
        refused = await running.page(origin).post("/widget/sessions", wish)
        assert refusal(refused) == (403, "origin_not_allowed"), origin
    opened = await own.post("/widget/sessions", wish)
    assert opened.status_code == 201, opened.text
    own.token = opened.json()["session"]["token"]
    assert (await own.post("/widget/messages", {"id": "c1", "text": "When do you open?"})).status_code == 200
    assert refusal(await own.elsewhere(SHOP).get("/widget/sessions/current")) == (403, "origin_not_allowed")
    async with own.socket() as socket:
        assert (await socket.receive())["type"] == "message"
    same_origin = await own.elsewhere(None).get("/widget/sessions/current", headers={"Sec-Fetch-Site": "same-origin"})
    assert same_origin.status_code == 200  # browsers leave the Origin out of a page's GETs to its own server


async def test_a_key_is_no_ticket_on_our_own_page(running: Running) -> None:
    own = running.page(own_origin(running))
    answer = await own.get("/widget/config", params={"key": running.tenant.public_key})
    assert refusal(answer) == (403, "origin_not_allowed")


async def test_a_ticket_expires_and_is_no_session(running: Running, clock: FakeClock) -> None:
    ticket = ticket_in(await framed(running))
    own = running.page(own_origin(running))
    for token in (ticket, ticket.removeprefix("voc_pk_frame_")):
        stranger = Page(running.http, running.url, own.origin, token)
        assert refusal(await stranger.get("/widget/sessions/current")) == (401, "session_invalid")
    await own.open(running.tenant, key=ticket)
    token_as_ticket = f"voc_pk_frame_{own.token}"
    as_ticket = await running.page(own.origin).get("/widget/config", params={"key": token_as_ticket})
    assert refusal(as_ticket) == (401, "session_invalid")
    clock.jump(3_700)
    assert refusal(await own.get("/widget/config", params={"key": ticket})) == (401, "session_expired")


async def test_what_the_address_says_cannot_become_markup(running: Running) -> None:
    poison = '"><script>alert(1)</script>'
    answer = await framed(running, language=poison)
    assert "<script>alert" not in answer.text
    for names in ({"key": poison}, {"agent": poison}, {"tenant": poison}):
        refused = await framed(running, **names)
        assert refusal(refused)[0] in (400, 401, 404)
        assert refused.headers["Content-Type"] == "application/json"
        assert "<script>" not in refused.text
