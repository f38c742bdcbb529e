"""Which events a call fires, and what they carry, as the document lists them (P-088 to P-091, P-093)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.calls.state import Happening, Outcome, Step
from server.telephony.providers.virtual import magic
from tests.contract.phonevoice.conftest import AGENT, CLIENT, OURS, Service
from tests.contract.phonevoice.documented import block
from tests.fixtures.webhook_receiver import Receiver, receiving
from tests.flow.test_flow_webhooks import delivered

WITHIN_S = 60
ANSWERED = datetime(2026, 6, 4, 9, 23, 6, tzinfo=UTC)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"egress_networks": ("127.0.0.0/8",), "egress_allow_http": True}


@pytest.fixture
async def receiver(service: Service) -> AsyncIterator[Receiver]:
    """An address that gets every event."""
    async with receiving() as receiver:
        assert (await service.ask("POST", "/webhooks", {"url": f"{receiver.url}/hook"})).status_code == 201
        yield receiver


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in receiver.received]


async def test_every_way_a_call_can_end_is_an_event_of_its_name(service: Service, receiver: Receiver) -> None:
    store = service.running.parloir.calling.cable.store
    ends = [outcome for outcome in Outcome if outcome is not Outcome.COMPLETED]
    for outcome in ends:
        call_id = (await service.bridge())["phone_call_id"]
        for happening in (Happening(Step.DIALED), Happening(Step.RANG), Happening(Step.ENDED, outcome)):
            await store.apply(call_id, happening)
    await delivered(service.running, receiver, 2 * len(ends))
    types = [body["type"] for body in told(receiver)]
    assert types.count("phone_call.ringing") == len(ends)
    said = {"phone_call.busy", "phone_call.no-answer", "phone_call.failed", "phone_call.canceled", "phone_call.error"}
    assert set(types) == said | {"phone_call.ringing"}  # that a call was initiated is no event
    assert all(body["type"] == f"phone_call.{body['data']['status']}" for body in told(receiver))


async def test_fifty_seconds_cost_what_the_document_prints(service: Service, receiver: Receiver) -> None:
    printed = json.loads(block("29-call-data.json"))
    made = await service.bridge()
    store = service.running.parloir.calling.cable.store
    for step in (Step.DIALED, Step.RANG):
        await store.apply(made["phone_call_id"], Happening(step))
    await store.apply(made["phone_call_id"], Happening(Step.ANSWERED), at=ANSWERED)
    ended = ANSWERED + timedelta(seconds=printed["duration"])
    await store.apply(made["phone_call_id"], Happening(Step.ENDED, Outcome.COMPLETED), at=ended)
    await delivered(service.running, receiver, 3)
    data = {body["type"]: body["data"] for body in told(receiver)}["phone_call.completed"]
    for name in ("id", "status", "duration", "cost"):
        assert data[name] == printed[name], name
    assert set(data) - set(printed) == {"revision"}


async def test_an_agents_call_tells_its_start_its_words_and_its_end_thrice(
    service: Service, receiver: Receiver
) -> None:
    calling = service.running.parloir.calling
    acting = asyncio.gather(calling.outbox.run(), calling.webhooks.dispatcher.run())
    order = {"agent_id": AGENT, "recipient_phone_number": magic.SPEAKS, "inbound_phone_number": OURS}
    order |= {"enable_recording": True, "enable_analysis": True}
    call_id = (await service.ask("POST", "/calls/initiate", order)).json()["phone_call_id"]
    await until(receiver, "phone_call.transcript", 1)
    await service.ask("POST", f"/calls/{call_id}/hangup", {})
    await until(receiver, "phone_call.completed", 3)
    acting.cancel()
    await asyncio.gather(acting, return_exceptions=True)
    events = told(receiver)
    assert [body["type"] for body in events][:2] == ["phone_call.ringing", "phone_call.started"]
    assert len({body["id"] for body in events}) == len(events)  # each its own
    assert {body["data"]["id"] for body in events} == {call_id}
    started = next(body["data"] for body in events if body["type"] == "phone_call.started")
    assert (started["status"], started["direction"]) == ("in-progress", "outbound")
    assert (started["from"], started["to"]) == (OURS, magic.SPEAKS)
    words = next(body["data"] for body in events if body["type"] == "phone_call.transcript")
    assert set(words) == {"id", "role", "content", "seq", "started_at", "ended_at", "final"}
    assert (words["role"], words["final"]) == ("agent", True)  # it greets first
    first, second, third = [body["data"] for body in events if body["type"] == "phone_call.completed"]
    assert [data["revision"] for data in (first, second, third)] == [1, 2, 3]
    assert second["transcription"].startswith("[Agent] ")
    assert set(third["analysis"]) == {"summary", "status", "interest_level"}
    assert f"/bridge_{call_id}.mp3" in third["recording_url"]
    sound = await service.running.http.get(third["recording_url"])
    assert (sound.status_code, sound.headers["Content-Type"]) == (200, "audio/mpeg")


async def until(receiver: Receiver, event_type: str, count: int) -> None:
    """So many events of this type have arrived."""
    async with asyncio.timeout(WITHIN_S):
        while [body["type"] for body in told(receiver)].count(event_type) < count:
            await receiver.until(len(receiver.received) + 1)


async def test_a_number_that_nobody_has_fails(service: Service, receiver: Receiver) -> None:
    order = {"agent_id": AGENT, "recipient_phone_number": CLIENT}
    call_id = (await service.ask("POST", "/calls/initiate", order)).json()["phone_call_id"]
    await delivered(service.running, receiver, 1)
    [body] = told(receiver)
    assert (body["type"], body["data"]["id"], body["data"]["duration"]) == ("phone_call.failed", call_id, 0)
