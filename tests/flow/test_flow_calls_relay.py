"""Somebody calls a relay number: the forward destination rings, both talk, and what was said is kept and told."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.calls.store import Call, NewCall
from server.kit.clock import SystemClock
from server.kit.errors import Conflict
from server.media.frame import Frame, frames_of
from server.media.tones import tone
from server.telephony.port import CallEnd
from server.telephony.providers.virtual.line import VirtualLine
from server.tenants.phone_numbers import Keeping
from server.tenants.plans import PLANS
from tests.fixtures.application import Application, Running
from tests.fixtures.recordings import content, heard
from tests.fixtures.webhook_receiver import Receiver, receiving
from tests.flow.test_flow_calls_inbound import CALLER, Telephone, only_call, principal, settled, until
from tests.flow.test_flow_webhooks import delivered

RELAY = "+14155550123"
PHONE = "+33700000000"
PATH = "/api/v1/relay_numbers"


class Callee:
    """The telephone that a relay number forwards to: it rings, and does what the test says."""

    has_keys = True

    def __init__(self, server: Running, number: str = PHONE) -> None:
        server.parloir.calling.exchange.subscribe(number, self)
        self.rang = asyncio.Event()
        self.shown: str | None = None
        self.pressed = ""
        self.ended: list[CallEnd] = []
        self._speech: list[Frame] = []
        self.heard: list[Frame] = []
        self.line: VirtualLine

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        self.line, self.shown = line, caller_id
        line.rings()
        self.rang.set()

    async def until_ringing(self) -> "Callee":
        async with asyncio.timeout(60):
            await self.rang.wait()
        return self

    def pick_up(self) -> None:
        self.line.answers(self)

    def say(self, seconds: float) -> None:
        """Something the fakes of the tests take for speech."""
        self._speech = frames_of(tone(500, seconds, 0.5))

    def read(self) -> Frame | None:
        return self._speech.pop(0) if self._speech else None

    def write(self, frame: Frame) -> None:
        self.heard.append(frame)

    def picked_up(self) -> None:
        """It never calls."""

    def press(self, digit: str) -> None:
        self.pressed += digit

    async def leave(self, end: CallEnd) -> None:
        self.ended.append(end)


class Caller(Telephone):
    """Speaks when told to."""

    def __init__(self) -> None:
        super().__init__()
        self._speech: list[Frame] = []

    def say(self, seconds: float) -> None:
        self._speech = frames_of(tone(400, seconds, 0.5))

    def read(self) -> Frame | None:
        return self._speech.pop(0) if self._speech else super().read()


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The product on the system's clock; its events may go to this machine."""
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    async with application.running(egress_networks=("127.0.0.0/8",), egress_allow_http=True) as running:
        yield running


async def ask(server: Running, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {server.tenant.project_token}"}
    answer = await server.http.request(method, f"{server.url}{path}", headers=headers, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def relay(server: Running, **more: Any) -> int:
    number: int = (await ask(server, "POST", PATH, {"phone_number": RELAY, "forward_to": PHONE} | more))["id"]
    return number


async def ended(server: Running) -> tuple[Call, list[str]]:
    """The only call, once nothing more comes of it, and the events of its log."""

    async def is_over() -> bool:
        calls, _ = await server.parloir.calling.calls.latest(await principal(server))
        return bool(calls) and all(call.is_over for call in calls)

    await until(is_over)
    events = await settled(server, await only_call(server))
    return await only_call(server), events


async def told(server: Running, receiver: Receiver, count: int) -> list[tuple[str, Any]]:
    arrived = [json.loads(one.body) for one in await delivered(server, receiver, count)]
    return [(one["type"], one["data"]) for one in arrived]


async def test_a_call_rings_elsewhere_and_is_recorded_transcribed_judged_and_told(server: Running) -> None:
    async with receiving() as receiver:
        await ask(server, "POST", "/api/v1/webhooks", {"url": f"{receiver.url}/hook"})
        await relay(server)
        callee, caller = Callee(server), Caller().call(server, RELAY)
        await callee.until_ringing()
        assert callee.shown == RELAY
        assert not caller.answered.is_set()  # the caller hears their own network ring
        callee.pick_up()
        await caller.until_answered()
        caller.say(1.5)
        callee.say(1.5)

        async def is_transcribed() -> bool:
            return len(await server.parloir.calling.live._services.keepsakes.words_since(call.id, 0)) >= 2

        call = await only_call(server)
        await until(is_transcribed)
        caller.line.presses("7")

        async def is_pressed() -> bool:
            return callee.pressed == "7"

        await until(is_pressed)
        await callee.line.ends(CallEnd.REMOTE_HANGUP)
        assert await caller.until_over() == [CallEnd.REMOTE_HANGUP]
        call, events = await ended(server)
        assert [one for one in events if one.startswith("call.")] == [
            *("call.created", "call.ringing", "call.answered", "call.digit", "call.ended", "call.settled"),
        ]
        arrived = await told(server, receiver, 5)
    assert [kind for kind, _ in arrived] == [
        *("phone_call.ringing", "phone_call.started"),
        *(["phone_call.completed"] * 3),
    ]
    assert all(data["cable_token"] for _, data in arrived[:2])  # nobody ordered the call, so it is told here
    final = arrived[-1][1]
    assert (final["id"], final["status"], final["direction"]) == (call.id, "completed", "inbound")
    assert (final["from"], final["to"], final["relay_number"]) == (CALLER, PHONE, RELAY)
    assert f"/recordings/bridge_{call.id}.mp3" in final["recording_url"]
    lines = final["transcription"].splitlines()
    assert {line.split()[0] for line in lines} == {"[Caller]", "[Callee]"}
    assert final["analysis"]["summary"]
    assert [data.get("revision") for _, data in arrived[2:]] == [1, 2, 3]
    shown = (await ask(server, "GET", "/api/v1/phone_calls"))["calls"][0]
    assert (shown["call_type"], shown["to"], shown["relay_number"]) == ("relay", PHONE, RELAY)
    link = await ask(server, "POST", f"/api/v1/calls/{call.id}/player_session")
    token = link["player_url"].partition("?t=")[2]
    replay = (await server.http.post(f"{server.url}/player/exchange", json={"token": token})).json()["replay"]
    sides = {one["role"]: one["side"] for one in replay["transcript"]["segments"]}
    assert sides == {"caller": "customer", "callee": "ours"}  # as in the recording: who is rung is the project's


@pytest.mark.parametrize(
    ("end", "status", "heard"),
    [
        (CallEnd.BUSY, "busy", CallEnd.BUSY),
        (CallEnd.DECLINED, "busy", CallEnd.DECLINED),
        (CallEnd.NO_ANSWER, "no_answer", CallEnd.NO_ANSWER),
        (CallEnd.UNREACHABLE, "failed", CallEnd.UNREACHABLE),
        (CallEnd.MEDIA_LOST, "failed", CallEnd.FAILED),
    ],
)
async def test_a_destination_that_does_not_answer_is_told_to_the_caller(
    server: Running, end: CallEnd, status: str, heard: CallEnd
) -> None:
    await relay(server)
    callee, caller = Callee(server), Caller().call(server, RELAY)
    await (await callee.until_ringing()).line.ends(end)
    assert await caller.until_over() == [heard]
    call, _ = await ended(server)
    assert call.position.outcome is not None
    assert (call.position.outcome.value, call.position.reason, call.duration_s) == (status, end.value, 0)
    assert not caller.answered.is_set()


async def test_a_caller_who_gives_up_stops_the_ringing(server: Running) -> None:
    await relay(server)
    callee, caller = Callee(server), Caller().call(server, RELAY)
    await callee.until_ringing()
    await caller.line.ends(CallEnd.CANCELED)
    call, _ = await ended(server)
    assert callee.line.over.is_set()
    assert call.position.outcome is not None
    assert call.position.outcome.value == "canceled"


async def test_a_paused_number_says_so_rings_nobody_and_tells_of_no_message(server: Running) -> None:
    async with receiving() as receiver:
        await ask(server, "POST", "/api/v1/webhooks", {"url": f"{receiver.url}/hook"})
        number = await relay(server)
        await ask(server, "PATCH", f"{PATH}/{number}", {"relay_enabled": False})
        callee, caller = Callee(server), Caller().call(server, RELAY)
        await caller.until_answered()
        assert await caller.until_over() == [CallEnd.REMOTE_HANGUP]
        assert sum(int(abs(frame).max()) > 500 for frame in caller.heard) > 20  # it was told something
        assert not callee.rang.is_set()
        call, events = await ended(server)
        assert (call.position.reason, call.duration_s, call.is_recorded) == ("relay_paused", 0, False)
        assert "call.answered" not in events
        texts = server.parloir.calling.driver
        await texts.text_in(CALLER, RELAY, "Are you there?")
        await ask(server, "PATCH", f"{PATH}/{number}", {"relay_enabled": True})
        await texts.text_in(CALLER, RELAY, "Hello!")
        arrived = await told(server, receiver, 3)
    assert sorted(kind for kind, _ in arrived) == ["phone_call.canceled", "phone_call.ringing", "sms.received"]
    assert dict(arrived)["sms.received"] == {
        "direction": "inbound",
        "from": CALLER,
        "to": RELAY,
        "relay_number": RELAY,
        "body": "Hello!",
    }


async def test_both_sides_hear_that_the_call_is_recorded_before_anything_is(server: Running) -> None:
    await relay(server, announce_recording=True)
    callee, caller = Callee(server), Caller().call(server, RELAY)
    await callee.until_ringing()
    keepsakes, call = server.parloir.calling.live._services.keepsakes, await only_call(server)
    callee.pick_up()
    await caller.until_answered()
    caller.say(0.5)  # while it is announced
    assert keepsakes.states(call)["recording"] == "none"

    async def is_recording() -> bool:
        return bool(keepsakes.states(call)["recording"] == "recording")

    async def is_transcribed() -> bool:
        return bool(await keepsakes.words_since(call.id, 0))

    await until(is_recording)
    last_word = sum(b"recorded.")  # as the voice of these tests says it
    assert all(any(np.all(frame == last_word) for frame in one.heard) for one in (caller, callee))
    callee.say(1.5)
    await until(is_transcribed)
    await caller.line.ends(CallEnd.REMOTE_HANGUP)
    call, _ = await ended(server)
    assert call.position.reason == "caller_hung_up"
    assert callee.ended == [CallEnd.REMOTE_HANGUP]
    assert {words["role"] for words in await keepsakes.words_since(call.id, 0)} == {"callee"}
    recorded = heard(await content(server.parloir.calling.recordings, call.id))
    assert not recorded.spans(0)  # left: the caller, who spoke too early
    assert abs(recorded.hertz(1, 0, recorded.seconds) - 500) < 10


@pytest.mark.parametrize("settings", [{"relay_enabled": False}, {"announce_recording": True}])
async def test_who_hangs_up_during_an_announcement_leaves_nothing_behind(
    server: Running, settings: dict[str, bool]
) -> None:
    await relay(server, **settings)
    callee, caller = Callee(server), Caller().call(server, RELAY)
    if settings.get("relay_enabled", True):
        (await callee.until_ringing()).pick_up()
    await caller.until_answered()
    await caller.line.ends(CallEnd.REMOTE_HANGUP)
    call, events = await ended(server)
    assert call.position.reason == "caller_hung_up"
    assert not [one for one in events if one.startswith("recording.")]
    assert len(server.parloir.calling.live) == 0
    assert (await server.parloir.calling.recordings.of(call.id)).state.value == "none"


async def test_one_caller_more_than_a_number_forwards_at_once_hears_that_it_is_busy(server: Running) -> None:
    await relay(server)
    limit = PLANS["starter"].dialling.forwards_at_once
    callee, _ = Callee(server), Caller().call(server, RELAY)
    await callee.until_ringing()
    one, store = await only_call(server), server.parloir.calling.live._services.store
    other = NewCall(one.tenant_id, one.project_id, "relay", "inbound", None, "fr", None, PHONE, relay_number=RELAY)
    for _ in range(limit - 1):
        await store.create(other, limit=5)
    assert await Caller().call(server, RELAY).until_over() == [CallEnd.BUSY]
    metrics = (await server.http.get(f"{server.url}/metrics")).text
    assert 'parloir_dials_refused_total{reason="forwards_at_once_reached"} 1.0' in metrics
    written = await server.parloir.audit.of(server.tenant.tenant_id, 50)
    assert [one.actor for one in written if one.action == "dial.refused"] == ["relay"]


async def test_numbers_that_may_not_be_rung_any_more_are_not(server: Running) -> None:
    number = await relay(server)
    callee = Callee(server)
    destinations, tenant_id = server.parloir.calling.destinations, server.tenant.tenant_id
    await destinations.allow(tenant_id, ["MA"], "test")
    assert await Caller().call(server, RELAY).until_over() == [CallEnd.UNREACHABLE]
    await destinations.allow(tenant_id, None, "test")
    await server.parloir.calling.numbers.add(tenant_id, PHONE, None, Keeping())
    assert await Caller().call(server, RELAY).until_over() == [CallEnd.UNREACHABLE]
    await ask(server, "DELETE", f"{PATH}/{number}")
    assert await Caller().call(server, RELAY).until_over() == [CallEnd.UNREACHABLE]
    assert not callee.rang.is_set()
    assert await server.parloir.calling.calls.latest(await principal(server)) == ([], 0)


async def test_a_number_that_takes_no_texts_refuses_them_and_nothing_is_kept_or_told(server: Running) -> None:
    toll_free, texts = "+18005550123", server.parloir.calling.driver
    async with receiving() as receiver:
        await ask(server, "POST", "/api/v1/webhooks", {"url": f"{receiver.url}/hook"})
        await relay(server)
        bought = await ask(server, "POST", PATH, {"phone_number": toll_free, "forward_to": PHONE})
        assert bought["sms_enabled"] is False
        with pytest.raises(Conflict, match="takes no text messages") as refused:
            await texts.text_in(CALLER, toll_free, "Are you there?")
        assert refused.value.code == "sms_not_enabled"
        await texts.text_in(CALLER, RELAY, "Hello!")
        arrived = await told(server, receiver, 1)
    assert [data["body"] for _, data in arrived] == ["Hello!"]
    assert [one.text for one in await server.parloir.calling.texts.latest(server.tenant.tenant_id)] == ["Hello!"]
