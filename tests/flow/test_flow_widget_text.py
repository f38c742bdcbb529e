"""A visitor who writes: from the configuration to the rating, through a restart, and every way it is refused."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from server.calls.visits import Wish
from server.conversations.tables import ConsentRow, ConversationRow
from server.sessions.tables import WidgetSessionRow
from tests.fakes.clock import FakeClock
from tests.fixtures.application import CONSENT, OPENING, SHOP, Application, Page, Running, refusal

QUESTION = "When do you open?"


def said(messages: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    return [(message["seq"], message["role"], message["text"]) for message in messages]


async def written(page: Page, key: str, text: str) -> list[dict[str, Any]]:
    answer = await page.post("/widget/messages", {"id": key, "text": text})
    assert answer.status_code == 200, answer.text
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


async def test_a_whole_conversation_in_writing(running: Running) -> None:
    page, tenant = running.page(), running.tenant
    config = (await page.get("/widget/config", params={"key": tenant.public_key, "agent": "support"})).json()
    assert config["agent"] == {"slug": "support", "name": "Shop", "avatar_url": None}
    assert config["consent"] == {"required": True, "version": "1", "text": None}
    assert config["limits"] == {"text_characters": 2000}

    opened = await page.open(tenant, greeting="Hello from the page.")
    assert opened["config"] == config
    assert opened["answer"] is None
    assert opened["session"]["resume_s"] == 60
    conversation = opened["conversation"]
    assert (conversation["state"], conversation["mode"], conversation["reason"]) == ("active", "text", None)
    assert said(conversation["messages"]) == [(1, "agent", "Hello from the page.")]

    messages = await written(page, "c1", QUESTION)
    assert said(messages) == [(2, "user", QUESTION), (3, "agent", OPENING)]
    assert messages[0]["client_id"] == "c1"
    assert all(message["final"] and message["via"] == "text" for message in messages)

    ended = (await page.post("/widget/sessions/end", {})).json()["conversation"]
    assert (ended["state"], ended["reason"]) == ("ended", "visitor")
    assert said(ended["messages"])[-1] == (3, "agent", OPENING)
    again = await page.post("/widget/sessions/end", {})
    assert (again.status_code, again.json()["conversation"]["reason"]) == (200, "visitor")
    rated = await page.post("/widget/sessions/rating", {"score": 5, "comment": "Merci"})
    assert (rated.status_code, rated.json()) == (200, {"status": "ok"})
    assert (await running.parloir.conversations.by_uid(conversation["id"])).rating == 5


async def test_after_the_end_only_ending_and_rating_are_answered(running: Running, clock: FakeClock) -> None:
    page = running.page()
    await page.open(running.tenant)
    await page.post("/widget/sessions/end", {})
    assert refusal(await page.get("/widget/sessions/current")) == (410, "session_ended")
    assert refusal(await page.post("/widget/messages", {"id": "c1", "text": "Hello?"})) == (410, "session_ended")
    assert refusal(await page.post("/widget/sessions/connect", {"offer": "v=0"})) == (410, "session_ended")
    clock.jump(599)
    assert (await page.post("/widget/sessions/rating", {"score": 1})).status_code == 200
    clock.jump(2)
    assert refusal(await page.post("/widget/sessions/rating", {"score": 1})) == (409, "rating_closed")


async def test_a_visit_whose_page_goes_while_it_is_opened_is_over(sqlite_running: Running) -> None:
    parloir, tenant = sqlite_running.parloir, sqlite_running.tenant
    target = await parloir.credentials.resolve_widget(tenant.public_key, None, None)
    wish = Wish(mode="text", consent_version="1")
    opening = asyncio.create_task(parloir.visits.open(target, wish, SHOP, "192.0.2.1"))
    async with asyncio.timeout(30):
        while not len(parloir.live):  # noqa: ASYNC110  # from then on it has a conversation
            await asyncio.sleep(0)
    opening.cancel()  # as Quart does it
    await asyncio.wait({opening})
    assert opening.cancelled()
    async with parloir.database.reading() as session:
        assert list(await session.scalars(select(ConversationRow.state))) == ["ended"]
        assert None not in list(await session.scalars(select(WidgetSessionRow.ended_at)))


async def test_a_restarted_server_goes_on_with_the_conversation(application: Application) -> None:
    async with application.running() as before:
        page = before.page()
        opened = await page.open(before.tenant)
        await written(page, "c1", QUESTION)
    application.clock.jump(30)
    async with application.running() as after:
        back = after.page()
        back.token = page.token
        current = await back.get("/widget/sessions/current")
        assert current.status_code == 200, current.text
        body = current.json()
        assert body["conversation"]["id"] == opened["conversation"]["id"]
        assert body["conversation"]["state"] == "active"
        assert [message["seq"] for message in body["conversation"]["messages"]] == [1, 2, 3]
        back.token = body["session"]["token"]
        answered = await written(back, "c2", "Do you ship to Spain?")
        assert said(answered) == [(4, "user", "Do you ship to Spain?"), (5, "agent", "Yes, within three days.")]


async def test_nobody_comes_back_after_the_lease(application: Application) -> None:
    async with application.running() as before:
        page = before.page()
        opened = await page.open(before.tenant)
    application.clock.jump(61)
    async with application.running() as after:
        back = after.page()
        back.token = page.token
        assert refusal(await back.get("/widget/sessions/current")) == (410, "session_ended")
        uid = opened["conversation"]["id"]
        assert (await after.parloir.conversations.by_uid(uid)).state == "active"
        ended = (await back.post("/widget/sessions/end", {})).json()["conversation"]
        assert ended["state"] == "ended"


async def test_the_same_message_id_is_answered_once(running: Running) -> None:
    page = running.page()
    await page.open(running.tenant)
    first = await written(page, "c1", QUESTION)
    assert await written(page, "c1", "something else entirely") == first
    at_once = await asyncio.gather(*(written(page, "c2", QUESTION) for _ in range(5)))
    assert all(answer == at_once[0] for answer in at_once)
    current = (await page.get("/widget/sessions/current")).json()
    assert [message["seq"] for message in current["conversation"]["messages"]] == [1, 2, 3, 4, 5]


async def test_consent_is_asked_for_and_kept(running: Running) -> None:
    page, tenant = running.page(), running.tenant
    wish = {"key": tenant.public_key, "mode": "text"}
    assert refusal(await page.post("/widget/sessions", wish)) == (409, "consent_required")
    older = {**wish, "consent": {"version": "0"}}
    assert refusal(await page.post("/widget/sessions", older)) == (409, "consent_required")
    opened = await page.open(tenant)
    async with running.parloir.database.reading() as session:
        rows = (
            await session.execute(
                select(ConversationRow.uid, ConsentRow.version, ConsentRow.origin).join(
                    ConversationRow, ConversationRow.id == ConsentRow.conversation_id
                )
            )
        ).all()
        conversations = (await session.scalars(select(ConversationRow.uid))).all()
    assert [tuple(row) for row in rows] == [(opened["conversation"]["id"], "1", SHOP)]
    assert list(conversations) == [opened["conversation"]["id"]]


async def test_who_is_asked_for_has_to_exist_and_belong_together(running: Running) -> None:
    page, tenant = running.page(), running.tenant
    other = await running.parloir.tenants.create("Other", [SHOP])
    key = tenant.public_key
    refused: dict[tuple[int, str], list[dict[str, str]]] = {
        (404, "unknown_agent"): [{"key": key, "agent": "nobody"}, {"key": key, "agent": "a b"}],
        (401, "invalid_key"): [
            {"key": key[:-1] + ("a" if key[-1] != "a" else "b")},
            {"key": "voc_pk_live_"},
            {"key": "é" * 40},
            {"key": tenant.secret_key},
            {"key": tenant.master_key},
            {"key": tenant.project_token},
            {"tenant": "nobody_0000"},
        ],
        (400, "config_mismatch"): [{"key": key, "tenant": other.tenant_uid}],
        (400, "invalid_request"): [{}, {"agent": "support"}],
        (401, "session_invalid"): [{"key": "voc_pk_frame_eyJhbGciOiJub25lIn0.e30."}],
    }
    for expected, named in refused.items():
        for names in named:
            assert refusal(await page.get("/widget/config", params=names)) == expected, names
            wish = {**names, "mode": "text", "consent": CONSENT}
            assert refusal(await page.post("/widget/sessions", wish)) == expected, names
    by_tenant = await page.get("/widget/config", params={"tenant": tenant.tenant_uid})
    assert by_tenant.status_code == 200


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("fr", "fr"), ("fr-CA", "fr"), ("ES-mx", "es"), ("ary", "ary"), ("ar", "ar"), ("tlh", "en"), (None, "en")],
)
async def test_the_pages_language_is_taken_when_we_speak_it(
    sqlite_running: Running, asked: str | None, spoken: str
) -> None:
    page = sqlite_running.page()
    opened = await page.open(sqlite_running.tenant, language=asked)
    assert opened["config"]["language"] == spoken
    greeting = opened["conversation"]["messages"][0]["text"]
    openings = {"fr": "Bonjour", "es": "Hola", "ary": "السلام", "ar": "", "en": "Hello"}
    assert greeting.startswith(openings[spoken]), greeting


async def test_a_token_expires_and_a_renewed_one_goes_on(application: Application) -> None:
    async with application.running(resume_s=600) as server:
        page = server.page()
        await page.open(server.tenant)
        first = page.elsewhere(SHOP)
        for _ in range(7):
            application.clock.jump(550)
            page.token = (await page.get("/widget/sessions/current")).json()["session"]["token"]
        assert refusal(await first.get("/widget/sessions/current")) == (401, "session_expired")
        assert refusal(await first.post("/widget/sessions/end", {})) == (401, "session_expired")
        assert (await page.get("/widget/sessions/current")).status_code == 200


async def test_a_stolen_token_is_of_no_use_elsewhere(running: Running) -> None:
    page = running.page()
    await page.open(running.tenant)
    await running.parloir.tenants.add_origin(running.tenant.tenant_id, "https://second.example")
    for origin in ("https://second.example", "https://evil.example", "null", "http://shop.example"):
        thief = page.elsewhere(origin)
        assert refusal(await thief.get("/widget/sessions/current")) == (403, "origin_not_allowed"), origin
        assert refusal(await thief.post("/widget/sessions/end", {})) == (403, "origin_not_allowed"), origin
    assert refusal(await page.elsewhere(None).get("/widget/sessions/current")) == (403, "origin_missing")
    assert (await page.get("/widget/sessions/current")).status_code == 200


async def test_a_session_ends_with_its_origins_permission(running: Running) -> None:
    page = running.page()
    await page.open(running.tenant)
    await running.parloir.tenants.remove_origin(running.tenant.tenant_id, SHOP)
    assert refusal(await page.get("/widget/sessions/current")) == (403, "origin_not_allowed")
    assert refusal(await page.post("/widget/messages", {"id": "c", "text": "Hi"})) == (403, "origin_not_allowed")


async def test_without_a_voice_calls_are_refused_and_writing_goes_on(application: Application) -> None:
    async with application.running(has_voice=False) as server:
        page = server.page()
        wish = {"key": server.tenant.public_key, "mode": "voice", "offer": "v=0", "consent": CONSENT}
        refused = await page.post("/widget/sessions", wish)
        assert refusal(refused) == (503, "voice_unavailable")
        assert refused.headers["Retry-After"] == "1"
        opened = await page.open(server.tenant)
        assert opened["config"]["voice"] is False
        assert said(await written(page, "c1", QUESTION))[-1][2] == OPENING


async def test_a_stopping_server_says_so_and_keeps_nothing(application: Application) -> None:
    async with application.running() as server:
        page = server.page()
        await page.open(server.tenant)
        await server.parloir.live.close(0)
        wish = {"key": server.tenant.public_key, "mode": "text", "consent": CONSENT}
        for path, body in (("/widget/sessions", wish), ("/widget/messages", {"id": "c1", "text": QUESTION})):
            refused = await page.post(path, body)
            assert refusal(refused) == (503, "server_stopping"), path
            assert refused.headers["Retry-After"] == "1"
    async with application.running() as after:
        back = after.page()
        back.token = page.token
        assert said(await written(back, "c1", QUESTION))[-1][2] == OPENING
        async with after.parloir.database.reading() as session:
            open_sessions = await session.scalars(
                select(WidgetSessionRow.uid).where(WidgetSessionRow.ended_at.is_(None))
            )
            assert len(list(open_sessions)) == 1
            stored = await session.scalars(select(ConversationRow.state).order_by(ConversationRow.id))
            assert list(stored) == ["active", "ended"]  # the second is what was refused
