"""Calls over HTTP, as a customer's backend orders them, and the links their pages are opened with."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from server.calls.store import LEASE
from server.calls.tables import CallRow
from server.storage import Database
from server.storage.idempotency import IdempotencyRow
from tests.fakes.browser_page import Page
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Application, Running, refusal

CLIENT = "+33612345678"
BRIDGE = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": CLIENT}


@dataclass
class Backend:
    """A customer's server with its project token."""

    running: Running
    token: str | None = None

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        token = self.token or self.running.tenant.project_token
        headers = {"Authorization": f"Bearer {token}"} | options.pop("headers", {})
        return await self.running.http.request(
            method, f"{self.running.url}{path}", json=body, headers=headers, **options
        )

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.ask("POST", path, body if body is not None else {})

    async def bridge(self, **more: Any) -> int:
        answer = await self.post("/api/v1/calls/initiate", BRIDGE | more)
        assert answer.status_code == 201, answer.text
        call_id: int = answer.json()["phone_call_id"]
        return call_id

    async def hang_up_all(self) -> None:
        """A plan has so many lines."""
        for call in (await self.ask("GET", "/api/v1/phone_calls")).json()["calls"]:
            await self.post(f"/api/v1/calls/{call['id']}/hangup")

    async def link(self, call_id: int, role: str | None = None) -> str:
        answer = await self.post(f"/api/v1/calls/{call_id}/embed_session", {"role": role} if role else {})
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["embed_url"]
        return url.partition("?t=")[2]


async def exchange(running: Running, token: str) -> httpx.Response:
    return await running.http.post(f"{running.url}/embed/exchange", json={"token": token})


async def test_a_bridge_is_ordered_waits_for_its_agent_and_is_hung_up_twice(running: Running) -> None:
    backend = Backend(running)
    answer = await backend.post("/api/v1/calls/initiate", BRIDGE | {"recipient_name": "Mme Dubois"})
    body = answer.json()
    assert (answer.status_code, body["status"], type(body["phone_call_id"])) == (201, "success", int)
    assert body["telephony_ref"].startswith("CA")
    assert len(body["telephony_ref"]) == 34
    path = f"/api/v1/calls/{body['phone_call_id']}/hangup"
    shown = (await backend.ask("GET", f"/api/v1/phone_calls/{body['phone_call_id']}")).json()
    assert (shown["status"], shown["direction"], shown["to"], shown["duration"]) == ("initiated", "outbound", CLIENT, 0)
    for _ in range(2):
        ended = await backend.post(path)
        assert (ended.status_code, ended.json()["call_status"]) == (200, "canceled")


async def test_an_agent_who_never_comes_cancels_the_call(running: Running, clock: FakeClock) -> None:
    backend = Backend(running)
    call_id = await backend.bridge()
    await clock.advance(301)
    live = running.parloir.calling.live.present(call_id)
    if live is not None:
        async with asyncio.timeout(60):
            await live.ended.wait()
    shown = (await backend.ask("GET", f"/api/v1/phone_calls/{call_id}")).json()
    assert shown["status"] == "canceled"
    call = await running.parloir.calling.calls.find(
        await running.parloir.credentials.resolve(running.tenant.project_token), str(call_id)
    )
    assert call.position.reason == "agent_never_joined"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"recipient_phone_number": "0612345678"}, "recipient_phone_number"),
        ({"recipient_phone_number": ""}, "recipient_phone_number"),
        ({"recipient_phone_number": "+870773111632"}, "recipient_phone_number"),
        ({"vendeur_mode": None, "inbound_phone_number": "+33899123456"}, "inbound_phone_number"),
        ({"recipient_phone_number": 33612345678}, "recipient_phone_number"),
        ({"call_type": "relay"}, "call_type"),
        ({"vendeur_mode": "fax"}, "vendeur_mode"),
        ({"caller_id": "anonymous"}, "caller_id"),
        ({"webhook_url": "https://example.com"}, "webhook_url"),
        ({"enable_recording": "yes"}, "enable_recording"),
        ({"vendeur_mode": None}, "inbound_phone_number"),
        ({"caller_id": "+33159133354"}, "caller_id"),
        ({"call_type": "ai"}, "agent_id"),
        ({"call_type": "ai", "agent_id": "support", "inbound_phone_number": "+33159133354"}, "inbound_phone_number"),
        ({"call_type": "ai", "agent_id": "support", "inbound_phone_number": "0159"}, "inbound_phone_number"),
    ],
)
async def test_what_is_wrong_with_an_order_is_named(
    sqlite_running: Running, fields: dict[str, Any], named: str
) -> None:
    answer = await Backend(sqlite_running).post("/api/v1/calls/initiate", BRIDGE | fields)
    assert answer.status_code == 422
    assert [detail["field"] for detail in answer.json()["details"]] == [named]


async def test_who_may_order_and_see_calls(running: Running) -> None:
    backend = Backend(running)
    call_id = await backend.bridge()
    other = await running.parloir.tenants.create("Other")
    stranger = Backend(running, other.project_token)
    path = f"/api/v1/calls/{call_id}/hangup"
    assert refusal(await stranger.post(path)) == (403, "foreign_call")
    assert refusal(await stranger.post(f"/api/v1/calls/{call_id}/embed_session")) == (403, "foreign_call")
    assert refusal(await backend.post("/api/v1/calls/999999999/hangup")) == (404, "unknown_call")
    assert refusal(await backend.post("/api/v1/calls/call_nothing/hangup")) == (404, "unknown_call")
    assert refusal(await Backend(running, running.tenant.public_key).post(path)) == (403, "wrong_key")
    assert refusal(await Backend(running, "prj_wrong").post(path)) == (401, "invalid_key")
    bare = await running.http.post(f"{running.url}{path}")
    assert refusal(bare) == (401, "missing_token")
    by_query = f"{running.url}{path}?api_token={running.tenant.project_token}"
    from_page = await running.http.post(by_query, headers={"Origin": "https://evil.example"})
    assert refusal(from_page) == (403, "token_in_query")
    assert (await running.http.post(by_query)).status_code == 200


async def test_agents_and_calls_are_listed_as_the_document_and_the_path_say(sqlite_running: Running) -> None:
    backend = Backend(sqlite_running)
    first, second = [await backend.bridge() for _ in range(2)]
    both = (await backend.ask("GET", "/api/v1/calls")).json()
    assert [(type(one["id"]), one["slug"], one["active"]) for one in both["agents"]] == [(int, "support", True)]
    assert ([one["id"] for one in both["calls"]], both["total"]) == ([second, first], 2)
    assert set((await backend.ask("GET", "/api/v1/calls?only=agents")).json()) == {"agents"}
    assert set((await backend.ask("GET", "/api/v1/calls?only=calls")).json()) == {"calls", "total"}
    wrong = await backend.ask("GET", "/api/v1/calls?only=cats")
    assert (refusal(wrong), wrong.json()["details"][0]["field"]) == ((422, "invalid_request"), "only")
    agents = (await backend.ask("GET", "/api/v1/agents")).json()
    assert agents == {"agents": both["agents"]}
    assert (await backend.ask("GET", "/api/v1/phone_calls")).json()["calls"] == both["calls"]
    assert refusal(await backend.ask("GET", f"/api/v1/phone_calls/{first}/transcript")) == (404, "no_transcript")


async def test_a_projects_token_sees_that_projects_calls_only(running: Running) -> None:
    backend = Backend(running)
    call_id = await backend.bridge()
    neighbour = Backend(running, await running.parloir.tenants.add_project(running.tenant.tenant_id, "other"))
    for method, path in (
        ("GET", f"/api/v1/phone_calls/{call_id}"),
        ("POST", f"/api/v1/calls/{call_id}/hangup"),
        ("POST", f"/api/v1/calls/{call_id}/player_session"),
        ("POST", f"/api/v1/phone_calls/{call_id}/cable_token"),
    ):
        assert refusal(await neighbour.ask(method, path, {})) == (403, "foreign_call"), path
    assert (await neighbour.ask("GET", "/api/v1/phone_calls")).json() == {"calls": [], "total": 0}
    owner = Backend(running, running.tenant.secret_key)  # of the tenant, not of a project
    assert (await owner.ask("GET", f"/api/v1/phone_calls/{call_id}")).status_code == 200


async def test_a_request_sent_again_is_answered_again_and_not_done_again(running: Running) -> None:
    backend = Backend(running)
    headers = {"Idempotency-Key": "order 1"}

    async def order(**more: Any) -> httpx.Response:
        return await backend.ask("POST", "/api/v1/calls/initiate", BRIDGE | more, headers=headers)

    answers = await asyncio.gather(*(order() for _ in range(20)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert {refusal(answer) for answer in answers if answer.status_code != 201} <= {(429, "idempotency_in_flight")}
    again = await order()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert {answer.text for answer in done} == {again.text}
    assert (await backend.ask("GET", "/api/v1/phone_calls")).json()["total"] == 1
    assert refusal(await order(language="fr")) == (422, "idempotency_key_reused")
    headers["Idempotency-Key"] = "order 2"
    assert (await order(recipient_phone_number="wrong")).status_code == 422
    assert (await order()).status_code == 201  # a refusal was not kept
    headers["Idempotency-Key"] = "x" * 300
    assert refusal(await order()) == (422, "idempotency_key_invalid")


async def test_an_order_whose_answer_a_crash_took_is_not_placed_anew(application: Application) -> None:
    async def ask(running: Running, path: str, body: Any, key: str) -> httpx.Response:
        return await Backend(running).ask("POST", path, body, headers={"Idempotency-Key": key})

    hook, wishes = {"url": "https://receiver.example/hook"}, "/api/v1/webhooks"
    async with application.running() as running:
        ordered = await ask(running, "/api/v1/calls/initiate", BRIDGE, "order")
        hooked = await ask(running, wishes, hook, "hook")
        rotate = f"{wishes}/{hooked.json()['id']}/rotate_secret"
        rotated = await ask(running, rotate, {"overlap_hours": 1}, "rotate")
    database = Database(application.database_url)
    async with database.transaction() as session:  # as kill -9 before the answer leaves it
        await session.execute(update(IdempotencyRow).values(status=None, answer=None))
        await session.execute(update(CallRow).values(state="created", outcome=None, reason=None, ended_at=None))
    await database.close()
    application.clock.jump(LEASE.total_seconds() + 1)
    async with application.running() as running:
        await running.parloir.recover()
        again = await ask(running, "/api/v1/calls/initiate", BRIDGE, "order")
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
        assert again.json()["phone_call_id"] == ordered.json()["phone_call_id"]
        assert (await ask(running, "/api/v1/calls/initiate", BRIDGE, "order")).text == again.text
        calls = (await Backend(running).ask("GET", "/api/v1/phone_calls")).json()
        assert [(call["id"], call["status"]) for call in calls["calls"]] == [(again.json()["phone_call_id"], "error")]
        assert (await ask(running, rotate, {"overlap_hours": 1}, "rotate")).json() == rotated.json()
        hooks = await ask(running, wishes, hook, "hook")
        assert hooks.json() == hooked.json() | {"secret": rotated.json()["secret"]}
        assert len((await Backend(running).ask("GET", wishes)).json()["webhooks"]) == 1


async def test_a_plan_has_so_many_lines(running: Running) -> None:
    backend = Backend(running)
    answers = await asyncio.gather(*(backend.post("/api/v1/calls/initiate", BRIDGE) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 3


async def test_a_monitor_needs_a_conversation_to_listen_to(sqlite_running: Running) -> None:
    backend = Backend(sqlite_running)
    call_id = await backend.bridge()
    path = f"/api/v1/calls/{call_id}/add_monitor"
    assert refusal(await backend.post(path, {"supervisor_phone": CLIENT})) == (422, "invalid_call_state")
    wrong = await backend.post(path, {"supervisor_phone": "boss"})
    assert (refusal(wrong)[1], wrong.json()["details"][0]["field"]) == ("invalid_phone_number", "supervisor_phone")


async def test_a_link_opens_once_for_the_least_power_unless_more_is_asked_for(running: Running) -> None:
    backend = Backend(running)
    call_id = await backend.bridge()
    answer = await backend.post(f"/api/v1/calls/{call_id}/embed_session")
    body = answer.json()
    assert (body["role"], body["expires_in"]) == ("listen", 300)
    assert body["embed_url"].startswith(f"{running.parloir.settings.origin}/embed?t=")
    assert refusal(await backend.post(f"/api/v1/calls/{call_id}/embed_session", {"role": "boss"})) == (
        422,
        "wrong_role",
    )
    token = await backend.link(call_id, "agent")
    opened = await asyncio.gather(*(exchange(running, token) for _ in range(20)))
    assert sorted(one.status_code for one in opened) == [200] + [409] * 19
    assert {refusal(one)[1] for one in opened if one.status_code == 409} == {"link_used"}
    won = next(one for one in opened if one.status_code == 200).json()
    assert (won["role"], won["call"]["id"], won["call"]["state"]) == ("agent", call_id, "waiting_agent")
    seen = await running.http.get(
        f"{running.url}/embed/call", headers={"Authorization": f"Bearer {won['session']['token']}"}
    )
    assert (seen.status_code, seen.json()["role"]) == (200, "agent")


async def test_links_that_do_not_open(running: Running, clock: FakeClock) -> None:
    backend = Backend(running)
    call_id = await backend.bridge()
    token = await backend.link(call_id, "agent")
    player = (await backend.post(f"/api/v1/calls/{call_id}/player_session")).json()["player_url"].partition("?t=")[2]
    for wrong in ("", "x", token[:-8] + "abcdefgh", player, "é" * 10, "a" * 5_000):
        assert refusal(await exchange(running, wrong)) == (401, "link_invalid")
    ended = await backend.link(await backend.bridge(), "talk")
    await backend.post(f"/api/v1/calls/{call_id}/hangup")
    assert refusal(await exchange(running, token)) == (410, "call_ended")
    clock.jump(310)
    assert refusal(await exchange(running, ended)) == (410, "link_expired")


async def test_an_offer_that_breaks_on_the_way_is_refused_and_the_next_one_is_taken(sqlite_running: Running) -> None:
    backend = Backend(sqlite_running)
    token = await backend.link(await backend.bridge(), "agent")
    agent = Backend(sqlite_running, (await exchange(sqlite_running, token)).json()["session"]["token"])
    page = Page(700)
    offer = await page.offer()
    for broken in (
        "v=0",
        re.sub("a=fingerprint:.*", "a=fingerprint:sha-256 nonsense", offer),
        re.sub("a=fingerprint:.*\\r\\n", "", offer),
        re.sub("a=ice-pwd:.*", "a=ice-pwd:", offer),
        re.sub("a=candidate:.*", "a=candidate:nonsense", offer),
        offer.replace("opus/48000/2", "PCMU/8000"),
    ):
        status, code = refusal(await agent.post("/embed/connect", {"offer": broken}))
        assert (status, code) == (400, "invalid_sdp"), broken
    assert (await agent.post("/embed/connect", {"offer": offer})).status_code == 200
    await page.close()


async def test_a_softphones_session_lives_a_quarter_of_an_hour_longer_than_its_call(
    running: Running, clock: FakeClock
) -> None:
    backend = Backend(running)
    call_id = await backend.bridge()
    session = (await exchange(running, await backend.link(call_id, "agent"))).json()["session"]["token"]
    listener = (await exchange(running, await backend.link(call_id))).json()["session"]["token"]
    agent = Backend(running, session)
    assert refusal(await Backend(running, listener).post("/embed/hangup")) == (403, "wrong_role")
    assert (await agent.post("/embed/hangup")).json()["call"]["state"] == "ended"
    said = {"outcome": "interested", "note": "Call back on Monday."}
    assert (await agent.post("/embed/wrap_up", said)).json()["call"]["wrap_up"] == said
    wrong = await agent.post("/embed/wrap_up", {"outcome": "sold", "note": ""})
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (400, "outcome")
    assert refusal(await agent.post("/embed/connect", {"offer": "v=0"})) == (410, "call_ended")
    clock.jump(16 * 60)
    assert refusal(await agent.post("/embed/wrap_up", said)) == (410, "session_ended")
    for other in (running.tenant.project_token, "x"):
        assert refusal(await Backend(running, other).post("/embed/hangup"))[0] == 401
