"""Test keys (A-21): their calls are simulated, cost nothing, say so, and show nothing of the live mode."""

from typing import Any

import pytest

from server.telephony.providers.virtual import magic
from server.telephony.providers.virtual.line import VirtualLine
from server.tenants.credentials import Kind
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Running, refusal
from tests.flow.test_flow_calls_api import CLIENT, Backend

COLLEAGUE = "+33699000002"
BY_PHONE = {"call_type": "bridge", "inbound_phone_number": COLLEAGUE}
SANDBOX = {"Host": "sandbox.voice.example.com"}
STEPS, STEP_S = 200, 0.5


class RealTelephone:
    """Somebody's: no test may ring it."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        self.rings += 1
        line.rings()


@pytest.fixture
async def tests(sqlite_running: Running) -> Backend:
    """A backend with a test key."""
    tenant_id = sqlite_running.tenant.tenant_id
    project_id = await sqlite_running.parloir.tenants.default_project(tenant_id)
    key = await sqlite_running.parloir.keyring.add(tenant_id, project_id, "cli", Kind.SECRET)
    assert key.text.startswith("voc_sk_test_")
    return Backend(sqlite_running, key.text)


async def ordered(backend: Backend, to: str) -> int:
    answer = await backend.post("/api/v1/calls/initiate", BY_PHONE | {"recipient_phone_number": to})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["phone_call_id"])


async def until(backend: Backend, call_id: int, status: str, clock: FakeClock) -> dict[str, Any]:
    """The call, once it stands so."""
    for _ in range(STEPS):
        shown: dict[str, Any] = (await backend.ask("GET", f"/api/v1/phone_calls/{call_id}")).json()
        if shown["status"] == status:
            return shown
        await clock.advance(STEP_S)
    raise AssertionError(shown)


async def test_a_test_call_reaches_nobody_answers_by_itself_and_is_free(tests: Backend, clock: FakeClock) -> None:
    telephones = {number: RealTelephone() for number in (COLLEAGUE, CLIENT)}
    for number, telephone in telephones.items():
        tests.running.parloir.calling.exchange.subscribe(number, telephone)
    call_id = await ordered(tests, CLIENT)
    await until(tests, call_id, "in-progress", clock)
    await clock.advance(5)
    await tests.post(f"/api/v1/calls/{call_id}/hangup")
    ended = await until(tests, call_id, "completed", clock)
    assert ended["duration"] >= 5
    assert (ended["cost"], ended["livemode"]) == (0.0, False)
    assert [telephone.rings for telephone in telephones.values()] == [0, 0]
    busy = await until(tests, await ordered(tests, magic.BUSY), "busy", clock)
    assert busy["livemode"] is False


async def test_a_test_key_sees_simulated_calls_alone_and_changes_nothing_that_is_live(tests: Backend) -> None:
    live = Backend(tests.running)
    lived, tested = await live.bridge(), await tests.bridge()
    listed = (await tests.ask("GET", "/api/v1/phone_calls")).json()
    assert ([call["id"] for call in listed["calls"]], listed["total"]) == ([tested], 1)
    both = {call["id"]: call.get("livemode") for call in (await live.ask("GET", "/api/v1/calls")).json()["calls"]}
    assert both == {lived: None, tested: False}
    assert refusal(await tests.ask("GET", f"/api/v1/phone_calls/{lived}")) == (403, "foreign_call")
    assert refusal(await tests.post(f"/api/v1/calls/{lived}/hangup")) == (403, "foreign_call")
    assert (await tests.ask("GET", "/api/v1/agents")).status_code == 200
    for method, path in (("GET", "/api/v1/webhooks"), ("POST", "/api/v1/webhooks"), ("GET", "/api/v1/relay_numbers")):
        assert refusal(await tests.ask(method, path)) == (403, "live_key_needed")
    await live.hang_up_all()


async def test_a_sandbox_address_takes_test_keys_only(tests: Backend) -> None:
    live = Backend(tests.running)
    assert refusal(await live.ask("GET", "/api/v1/phone_calls", headers=SANDBOX)) == (403, "test_key_needed")
    assert (await tests.ask("GET", "/api/v1/phone_calls", headers=SANDBOX)).status_code == 200
    assert (await live.ask("GET", "/api/v1/phone_calls")).status_code == 200
