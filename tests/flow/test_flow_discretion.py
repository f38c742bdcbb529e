"""What never reaches a log, and which doors stand open without a credential."""

import contextlib
import io
import logging
import re
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import text

from server.kit.log import configure_logging
from tests.fixtures.application import CONSENT, SHOP, Application, Page, Running, refusal

SAID = "my number is +33612345678 and my secret is aubergine"
OPEN = {  # every HTTP route that answers without a credential, and why
    "/healthz": "operators",
    "/readyz": "operators",
    "/metrics": "operators",
    "/": "the start page",
    "/static/demo/<path:name>": "public files",
    "/voice-assistant/voice-widget-b2b.js": "public files",
    "/w/<path:name>": "public files",
    "/embed": "one page for every link; its script uses the link",
    "/player": "one page for every link; its script uses the link",
    "/handset": "one page for every ticket; its script shows it",
    "/openapi.json": "the API described; nothing of anybody",
    "/docs": "public pages",
    "/docs/assets/<version>/<name>": "public files",
    "/docs/<any(en, fr):language>/": "public pages",
    "/docs/<any(en, fr):language>/<slug>": "public pages",
    "/docs/<any(en, fr):language>/search": "public pages",
    "/docs/<any(en, fr):language>/api/<tag>": "public pages",
}
DOORS_OF_THE_CONSOLE = {  # shown to everybody; what they send is guarded like every form
    "/console",
    "/console/sign-in",
    "/console/sign-up",
    "/console/confirm",
    "/console/forgotten",
    "/console/new-password",
    "/console/static/<path:name>",
    "/console/<path:elsewhere>",
}
GUARDED_BY_KEY = {"/widget/config", "/widget/sessions", "/frame"}
GUARDED_BY_LINK = {"/embed/exchange", "/embed/leave", "/player/exchange"}  # in the body
GUARDED_BY_PASSWORD_OR_CODE = {f"/api{version}/{name}" for version in ("", "/v1") for name in ("signup", "confirm")}
REFUSAL_BY_ADDRESS = {"/api/": (401, "missing_token"), "/recordings/": (401, "link_invalid")}


@pytest.fixture(params=["json", "text"])
def product_log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the product writes to its log, which is on stderr in operation."""
    log = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    with contextlib.redirect_stderr(log):
        configure_logging("DEBUG", as_json=request.param == "json")
    yield log
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_the_log_of_a_whole_visit_holds_nothing_private(
    application: Application, product_log: io.StringIO
) -> None:
    async with application.running() as server:
        page, tenant = server.page(), server.tenant
        await page.get("/widget/config", params={"key": tenant.public_key})
        await page.open(tenant, metadata={"note": SAID}, page={"path": "/aubergine", "title": "aubergine"})
        await page.post("/widget/messages", {"id": "c1", "text": SAID})
        async with page.socket() as socket:
            await socket.until(lambda message: message["type"] == "state")
            await socket.send({"type": "text", "id": "c2", "text": SAID})
            await socket.until(lambda message: message["type"] == "message" and message["role"] == "agent")
            await socket.connection.send(f"{{{SAID}")
            await socket.until(lambda message: message["type"] == "error")
        for key in (tenant.secret_key, tenant.master_key, tenant.project_token):
            await page.get("/widget/config", params={"key": key})
        await page.post("/widget/messages", {"id": SAID, "text": SAID})
        await page.post("/widget/sessions/rating", {"score": 1, "comment": SAID})
        token = page.token or ""
        await _break_storage(server)
        broken = await page.post("/widget/messages", {"id": "c3", "text": SAID})
        assert broken.json().get("code", "internal_error") == "internal_error"
        with pytest.raises(AssertionError):
            await page.open(tenant, metadata={"note": SAID}, page={"path": "/aubergine", "title": "aubergine"})
    log = product_log.getvalue()
    assert "request failed" in log  # the failures themselves are there
    assert "could not store" in log
    for private in (token, *token.split(".")[1:], tenant.public_key, tenant.secret_key, tenant.master_key):
        assert private not in log
    assert tenant.project_token not in log
    assert "aubergine" not in log
    assert "+33612345678" not in log
    assert not re.search(r"\beyJ[\w-]{10,}", log)


async def _break_storage(server: Running) -> None:
    """Nothing can be written down any more, and every failure names what it was about to write."""
    async with server.parloir.database.transaction() as session:
        await session.execute(text("ALTER TABLE messages RENAME TO messages_gone"))
        await session.execute(text("ALTER TABLE conversations RENAME TO conversations_gone"))


async def test_every_route_has_a_guard(sqlite_running: Running) -> None:
    page = Page(sqlite_running.http, sqlite_running.url, SHOP)
    asked = set()
    for rule in sqlite_running.app.url_map.iter_rules():
        if rule.websocket or rule.rule in OPEN:
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if method == "GET" and rule.rule in DOORS_OF_THE_CONSOLE:
                continue
            answer = await page.ask(method, path, b'{"mode": "text"}' if method == "POST" else None)
            assert refusal(answer) == _expected(rule.rule, method), (method, path)
            asked.add(rule.rule)
    assert {path for path in asked if path.startswith("/widget/")} == {
        "/widget/config",
        "/widget/sessions",
        "/widget/sessions/connect",
        "/widget/sessions/current",
        "/widget/messages",
        "/widget/sessions/end",
        "/widget/sessions/rating",
    }


def _expected(rule: str, method: str) -> tuple[int, str]:
    if rule.startswith("/console"):
        return (401, "not_signed_in") if method == "GET" else (403, "form_refused")
    if rule in GUARDED_BY_KEY or rule in GUARDED_BY_LINK:
        return 400, "invalid_request"
    if rule in GUARDED_BY_PASSWORD_OR_CODE:
        return 422, "invalid_request"
    return next((r for start, r in REFUSAL_BY_ADDRESS.items() if rule.startswith(start)), (401, "session_invalid"))


async def test_every_socket_has_a_guard(sqlite_running: Running) -> None:
    sockets = [rule.rule for rule in sqlite_running.app.url_map.iter_rules() if rule.websocket]
    guarded = {"/widget/socket": 4408, "/handset/socket": 1008, "/embed/socket": 1008}
    assert sorted(sockets) == sorted(["/cable", *guarded])  # /cable: a token in each subscription
    for path, refused in guarded.items():
        async with sqlite_running.page().socket(path=path) as socket:
            await socket.send({"type": "hello"})
            assert await socket.closed() == (refused, [])


async def test_no_answer_sets_a_cookie_or_may_be_kept(sqlite_running: Running) -> None:
    page = sqlite_running.page()
    await page.open(sqlite_running.tenant)
    answers = [
        await page.get("/widget/config", params={"key": sqlite_running.tenant.public_key}),
        await page.get("/widget/sessions/current"),
        await page.post("/widget/sessions", {"mode": "text", "consent": CONSENT}),
        await page.get("/widget/nothing"),
    ]
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
