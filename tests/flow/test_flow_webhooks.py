"""Webhooks over HTTP: an endpoint is made, its calls' events arrive there, and its log shows them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.tenants.phone_numbers import Keeping
from tests.fixtures.application import Application, Running, refusal
from tests.fixtures.webhook_receiver import Received, Receiver, receiving
from tests.flow.test_flow_calls_api import BRIDGE, CLIENT, Backend

HOOKS = "/api/v1/webhooks"
ENVELOPE = {"id", "type", "created_at", "data"}
DATA = {
    "id",
    "status",
    "duration",
    "cost",
    "direction",
    "from",
    "to",
    "relay_number",
    "recording_url",
    "transcription",
    "analysis",
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def backend(application: Application) -> AsyncIterator[Backend]:
    async with application.running(egress_networks=("127.0.0.0/8",), egress_allow_http=True) as running:
        yield Backend(running)


async def delivered(running: Running, receiver: Receiver, count: int) -> list[Received]:
    """The first `count` deliveries, each written down: what was committed acts, what is due is sent."""
    calling = running.parloir.calling
    dispatcher = calling.webhooks.dispatcher
    async with asyncio.timeout(60):
        while (
            await calling.outbox.act()
            or await dispatcher.turn()
            or dispatcher.under_way
            or len(receiver.received) < count
        ):
            await dispatcher.news(0.02)
    return receiver.received


async def made(backend: Backend, receiver: Receiver, **more: Any) -> dict[str, Any]:
    answer = await backend.post(HOOKS, {"url": f"{receiver.url}/hook", "name": "My CRM"} | more)
    assert answer.status_code == 201, answer.text
    endpoint: dict[str, Any] = answer.json()
    return endpoint


async def test_a_calls_events_arrive_as_documented(backend: Backend, receiver: Receiver) -> None:
    endpoint = await made(backend, receiver)
    assert endpoint["secret"].startswith("whsec_")
    assert endpoint["events"] == ["*"]
    call_id = await backend.bridge()
    await backend.post(f"/api/v1/calls/{call_id}/hangup")
    (one,) = await delivered(backend.running, receiver, 1)
    body = json.loads(one.body)
    assert set(body) == ENVELOPE
    assert body["type"] == "phone_call.canceled"
    assert set(body["data"]) == DATA
    assert (body["data"]["id"], body["data"]["status"], body["data"]["to"]) == (call_id, "canceled", CLIENT)
    parts = dict(p.split("=") for p in one.headers["Phonevoice-Signature"].split(","))
    signed = f"{parts['t']}.{one.body.decode()}".encode()
    assert hmac.new(endpoint["secret"].encode(), signed, hashlib.sha256).hexdigest() == parts["v1"]
    log = (await backend.ask("GET", f"{HOOKS}/{endpoint['id']}/calls")).json()["calls"]
    assert [(each["type"], each["response_status"], each["state"]) for each in log] == [
        ("phone_call.canceled", 200, "delivered")
    ]
    assert log[0]["request_body"] == body
    assert parts["v1"] not in json.dumps(log)


async def test_an_endpoint_is_listed_changed_tested_rotated_and_deleted(backend: Backend, receiver: Receiver) -> None:
    endpoint = await made(backend, receiver, events=["sms.received"])
    (listed,) = (await backend.ask("GET", HOOKS)).json()["webhooks"]
    assert listed == {name: value for name, value in endpoint.items() if name != "secret"}
    path = f"{HOOKS}/{endpoint['id']}"
    changed = await backend.ask("PATCH", path, {"name": "Other", "events": ["*"], "active": False})
    assert (changed.json()["name"], changed.json()["events"], changed.json()["active"]) == ("Other", ["*"], False)
    assert (await backend.ask("PATCH", path, {"active": True})).json()["active"] is True
    tested = await backend.post(f"{path}/test")
    await delivered(backend.running, receiver, 1)
    assert json.loads(receiver.received[-1].body)["id"] == tested.json()["event_id"]
    replayed = await backend.post(f"{path}/calls/{tested.json()['event_id']}/replay")
    assert replayed.status_code == 200
    await delivered(backend.running, receiver, 2)
    assert receiver.received[0].body == receiver.received[1].body
    rotated = await backend.post(f"{path}/rotate_secret", {"overlap_hours": 1})
    assert rotated.json()["secret"] not in ("", endpoint["secret"])
    assert refusal(await backend.post(f"{path}/rotate_secret")) == (409, "rotation_in_progress")
    assert (await backend.post(f"{path}/rotate_secret", {"force": True})).status_code == 200
    since = backend.running.parloir.clock.now().isoformat()
    assert (await backend.post(f"{path}/recover", {"since": since})).json() == {"status": "success", "count": 0}
    assert (await backend.ask("DELETE", path)).json() == {"status": "success"}
    assert refusal(await backend.ask("GET", path)) == (404, "unknown_webhook")


async def test_a_text_message_to_a_projects_number_is_told(backend: Backend, receiver: Receiver) -> None:
    calling, tenant_id = backend.running.parloir.calling, backend.running.tenant.tenant_id
    await calling.numbers.add(tenant_id, "+33159133354", None, Keeping())
    await made(backend, receiver, events=["sms.received"])
    await calling.driver.text_in("+33783484044", "+33159133354", "Hello!")
    (one,) = await delivered(backend.running, receiver, 1)
    body = json.loads(one.body)
    assert (body["type"], body["data"]) == (
        "sms.received",
        {
            "direction": "inbound",
            "from": "+33783484044",
            "to": "+33159133354",
            "relay_number": "+33159133354",
            "body": "Hello!",
        },
    )


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_request", "url"),
        ({"url": "https://hooks.example.com/", "webhook_url": "x"}, "invalid_request", "webhook_url"),
        ({"url": "https://hooks.example.com/", "events": ["nonsense"]}, "invalid_request", "events"),
        ({"url": "https://hooks.example.com/", "events": "sms.received"}, "invalid_request", "events"),
        ({"url": "https://10.0.0.1/"}, "url_refused", "url"),
        ({"url": "https://user:word@hooks.example.com/"}, "url_refused", "url"),
        ({"url": "https://" + "a" * 3_000}, "invalid_request", "url"),
    ],
)
async def test_what_is_wrong_with_an_endpoint_is_named(
    backend: Backend, body: dict[str, Any], code: str, field: str
) -> None:
    answer = await backend.post(HOOKS, body)
    assert refusal(answer) == (422, code)
    assert answer.json()["details"][0]["field"] == field


async def test_another_tenants_webhooks_are_not_mine(backend: Backend, receiver: Receiver) -> None:
    endpoint = await made(backend, receiver)
    other = await backend.running.parloir.tenants.create("Other", [])
    stranger = Backend(backend.running, other.project_token)
    path = f"{HOOKS}/{endpoint['id']}"
    for method, where in (
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("GET", f"{path}/calls"),
        ("POST", f"{path}/test"),
        ("POST", f"{path}/rotate_secret"),
        ("POST", f"{path}/calls/evt_1/replay"),
    ):
        assert refusal(await stranger.ask(method, where, {})) == (403, "foreign_webhook"), (method, where)
    assert (await stranger.ask("GET", HOOKS)).json() == {"webhooks": []}
    assert refusal(await Backend(backend.running, "prj_nonsense").ask("GET", HOOKS)) == (401, "invalid_key")
    public = Backend(backend.running, backend.running.tenant.public_key)
    assert refusal(await public.post(HOOKS, BRIDGE)) == (403, "wrong_key")
