"""What an order may leave open, and lists that show what is asked for (A-05 to A-07, P-027 to P-032)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from server.kit.errors import NotFound
from server.tenants.phone_numbers import Keeping
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Running, refusal
from tests.flow.test_flow_calls_api import BRIDGE, CLIENT, Backend

OURS, OTHER = "+33159133354", "+33159133355"
AI = {"agent_id": "support", "recipient_phone_number": CLIENT}


async def ordered(backend: Backend, body: dict[str, Any]) -> Any:
    """The call as it is stored."""
    answer = await backend.post("/api/v1/calls/initiate", body)
    assert answer.status_code == 201, answer.text
    return await backend.running.parloir.calling.cable.store.by_id(answer.json()["phone_call_id"])


def kept(call: Any) -> tuple[bool, bool, bool]:
    return call.is_recorded, call.is_transcribed, call.is_analysed


async def test_what_is_kept_is_the_orders_then_the_agents_then_nothing_and_of_a_bridge_all(
    sqlite_running: Running,
) -> None:
    backend = Backend(sqlite_running)
    tenants, tenant_id = sqlite_running.parloir.tenants, sqlite_running.tenant.tenant_id
    assert kept(await ordered(backend, AI)) == (False, False, False)
    assert kept(await ordered(backend, AI | {"enable_transcription": True})) == (False, True, False)
    assert kept(await ordered(backend, AI | {"enable_analysis": True})) == (False, True, True)
    assert kept(await ordered(backend, BRIDGE)) == (True, True, True)
    await backend.hang_up_all()
    off = {"enable_recording": False, "enable_transcription": False, "enable_analysis": False}
    assert kept(await ordered(backend, BRIDGE | off)) == (False, False, False)
    await tenants.set_agent(tenant_id, "support", {"record_calls": True, "transcribe_calls": True})
    assert kept(await ordered(backend, AI)) == (True, True, False)
    assert kept(await ordered(backend, AI | off)) == (False, False, False)
    assert kept(await ordered(backend, BRIDGE | off)) == (False, False, False)


async def test_a_call_shows_the_projects_number(sqlite_running: Running) -> None:
    backend, numbers = Backend(sqlite_running), sqlite_running.parloir.calling.numbers
    assert (await ordered(backend, AI)).from_number is None
    for number in (OURS, OTHER):
        await numbers.add(sqlite_running.tenant.tenant_id, number, None, Keeping())
    assert (await ordered(backend, AI)).from_number == OURS
    assert (await ordered(backend, AI | {"inbound_phone_number": "+33 1 59 13 33 55"})).from_number == OTHER
    assert (await ordered(backend, BRIDGE)).from_number == OURS
    await backend.hang_up_all()
    assert (await ordered(backend, BRIDGE | {"caller_id": OTHER})).from_number == OTHER
    by_browser = await ordered(backend, BRIDGE | {"inbound_phone_number": "+33700000001"})
    assert (by_browser.from_number, by_browser.agent_number) == (OURS, None)  # ignored
    by_phone = {"call_type": "bridge", "recipient_phone_number": CLIENT, "inbound_phone_number": "+33700000001"}
    call = await ordered(backend, by_phone)
    assert (call.from_number, call.agent_number, call.mode) == (OURS, "+33700000001", "phone")
    neighbour = Backend(
        sqlite_running, await sqlite_running.parloir.tenants.add_project(sqlite_running.tenant.tenant_id, "other")
    )
    refused = await neighbour.post("/api/v1/calls/initiate", AI | {"inbound_phone_number": OURS})
    assert (refusal(refused), refused.json()["details"][0]["field"]) == (
        (422, "caller_id_refused"),
        "inbound_phone_number",
    )


async def test_an_agent_is_named_by_id_uid_or_slug_and_has_to_be_ones_own(sqlite_running: Running) -> None:
    backend = Backend(sqlite_running)
    [agent] = (await backend.ask("GET", "/api/v1/agents")).json()["agents"]
    for name in (agent["id"], str(agent["id"]), agent["uid"], agent["slug"]):
        call = await ordered(backend, AI | {"agent_id": name})
        assert (call.kind, call.agent_uid, call.language) == ("ai", agent["uid"], "en")
    stranger = await sqlite_running.parloir.tenants.create("Other")
    for name, expected in (
        (stranger.agent_id, (403, "foreign_agent")),
        (agent["id"] + 7_000, (404, "unknown_agent")),
        ("nobody", (404, "unknown_agent")),
        ("é", (404, "unknown_agent")),
        (-1, (404, "unknown_agent")),
        (2**70, (404, "unknown_agent")),
    ):
        answer = await backend.post("/api/v1/calls/initiate", AI | {"agent_id": name})
        assert refusal(answer) == expected, name


async def listed(backend: Backend, **query: Any) -> tuple[list[int], int]:
    answer = await backend.ask("GET", "/api/v1/phone_calls", params=query)
    assert answer.status_code == 200, answer.text
    return [call["id"] for call in answer.json()["calls"]], answer.json()["total"]


async def test_lists_of_calls_show_what_is_asked_for(running: Running, clock: FakeClock) -> None:
    backend = Backend(running)
    first, second, third = [await backend.bridge() for _ in range(3)]
    await backend.post(f"/api/v1/calls/{first}/hangup")
    moment = clock.now() + timedelta(minutes=1)
    clock.jump(120)
    agents = (await ordered(backend, AI)).id
    assert await listed(backend, limit=2) == ([agents, third], 4)
    assert await listed(backend, limit=2, offset=2) == ([second, first], 4)
    assert await listed(backend, offset=9) == ([], 4)
    assert await listed(backend, status="canceled") == ([first], 1)
    assert await listed(backend, status="initiated", call_type="bridge") == ([third, second], 2)
    assert await listed(backend, call_type="ai") == ([agents], 1)
    assert await listed(backend, direction="inbound") == ([], 0)
    assert await listed(backend, created_after=moment.isoformat()) == ([agents], 1)
    assert (await listed(backend, created_before=moment.isoformat()))[1] == 3
    by_path = await backend.ask("GET", "/api/v1/calls", params={"only": "calls", "limit": 1})
    assert [call["id"] for call in by_path.json()["calls"]] == [agents]
    token = await backend.running.http.get(
        f"{running.url}/api/v1/phone_calls", params={"api_token": running.tenant.project_token, "limit": 1}
    )
    assert token.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "x"},
        {"offset": -1},
        {"offset": 2**70},
        {"status": "sleeping"},
        {"created_after": "yesterday"},
        {"created_before": "2026-01-01T00:00:00"},
        {"colour": "red"},
    ],
)
async def test_what_is_wrong_with_a_list_is_named(sqlite_running: Running, wrong: dict[str, Any]) -> None:
    backend = Backend(sqlite_running)
    for path in ("/api/v1/phone_calls", "/api/v1/calls"):
        answer = await backend.ask("GET", path, params=wrong)
        assert refusal(answer) == (422, "invalid_request"), path
        assert [detail["field"] for detail in answer.json()["details"]] == list(wrong)


async def test_every_post_that_makes_or_sends_something_does_it_once(sqlite_running: Running) -> None:
    backend = Backend(sqlite_running)
    call_id, now = await backend.bridge(), sqlite_running.parloir.clock.now()
    made = await backend.post("/api/v1/webhooks", {"url": "https://hooks.example.com/"})
    hook = f"/api/v1/webhooks/{made.json()['id']}"
    event = (await backend.post(f"{hook}/test")).json()["event_id"]

    async def ask(path: str, body: dict[str, Any]) -> httpx.Response:
        return await backend.ask("POST", path, body, headers={"Idempotency-Key": "once"})

    for path, body in (
        ("/api/v1/calls/initiate", BRIDGE),
        ("/api/v1/webhooks", {"url": "https://hooks.example.com/two"}),
        (f"/api/v1/calls/{call_id}/embed_session", {"role": "agent"}),
        (f"/api/v1/calls/{call_id}/player_session", {}),
        (f"/api/v1/phone_calls/{call_id}/cable_token", {}),
        (f"{hook}/test", {}),
        (f"{hook}/calls/{event}/replay", {}),
        (f"{hook}/recover", {"since": now.isoformat()}),
        (f"{hook}/rotate_secret", {}),
    ):
        first, again = await ask(path, body), await ask(path, body)
        assert first.status_code in (200, 201), (path, first.text)
        assert (again.status_code, again.text) == (first.status_code, first.text), path
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true", path
        other = {name: (now - timedelta(hours=1)).isoformat() for name in body if name == "since"} or {"x": 1}
        assert refusal(await ask(path, body | other)) == (422, "idempotency_key_reused"), path


async def test_an_agent_of_one_project_is_nobodys_elsewhere(sqlite_running: Running) -> None:
    tenants, tenant_id = sqlite_running.parloir.tenants, sqlite_running.tenant.tenant_id
    neighbour = Backend(sqlite_running, await tenants.add_project(tenant_id, "Sales"))
    backend, whole = Backend(sqlite_running), Backend(sqlite_running, sqlite_running.tenant.secret_key)
    await tenants.set_agent(tenant_id, "closer", {"name": "Closer"}, project="Sales")

    async def agents(of: Backend) -> list[str]:
        return [agent["slug"] for agent in (await of.ask("GET", "/api/v1/agents")).json()["agents"]]

    assert await agents(backend) == ["support"]
    assert await agents(neighbour) == await agents(whole) == ["support", "closer"]
    assert (await backend.ask("GET", "/api/v1/calls")).json()["agents"][-1]["slug"] == "support"
    closer = (await neighbour.ask("GET", "/api/v1/agents")).json()["agents"][-1]["id"]
    assert (await ordered(neighbour, AI | {"agent_id": closer})).kind == "ai"
    for name in ("closer", closer):
        refused = await backend.post("/api/v1/calls/initiate", AI | {"agent_id": name})
        assert refusal(refused) == (403, "foreign_agent")
    number = {"phone_number": "+14155550123", "agent_id": "closer"}
    assert refusal(await backend.post("/api/v1/relay_numbers", number)) == (403, "foreign_agent")
    with pytest.raises(NotFound, match="no such project"):
        await tenants.set_agent(tenant_id, "closer", {}, project="Other")
