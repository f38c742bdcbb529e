"""Events reach the addresses that want them: signed, in order, tried again, and never lost by what else goes wrong."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable

import pytest
import stripe
from aiohttp import web
from standardwebhooks import Webhook

from server.storage import Database
from server.webhooks import Event
from server.webhooks.dispatcher import LEASE
from server.webhooks.schedule import DELAYS_S, JITTER
from server.webhooks.signing import new_signing_secret, sign
from tests.fixtures.webhook_receiver import Received
from tests.fixtures.webhooks import Hooks


def documented_verify(raw_body: bytes, header: str, secret: str) -> bool:
    """The document's Python verifier, as printed."""
    parts = dict(p.split("=") for p in header.split(","))
    expected = hmac.new(secret.encode(), f"{parts['t']}.{raw_body.decode()}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


def accepts(one: Received, secret: str) -> bool:
    return documented_verify(one.body, one.headers["Phonevoice-Signature"], secret)


async def test_a_delivery_is_the_documented_envelope_and_every_verifier_takes_it(hooks: Hooks) -> None:
    endpoint, secret = await hooks.endpoint(name="My CRM")
    assert await hooks.publish() == 1
    await hooks.settle()
    (one,) = hooks.receiver.received
    body = json.loads(one.body)
    assert body["id"].startswith("evt_")
    assert (body["type"], body["data"], body["created_at"]) == (
        "phone_call.completed",
        {"id": 1},
        "2026-03-02T09:00:00Z",
    )
    assert one.headers["Content-Type"] == "application/json"
    assert accepts(one, secret)
    headers = {name.lower(): value for name, value in one.headers.items()}
    assert headers["webhook-id"] == body["id"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(key) == 33
    stamp = headers["webhook-timestamp"]
    signed = hmac.digest(key, f"{body['id']}.{stamp}.".encode() + one.body, "sha256")
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()
    expected = hmac.new(secret.encode(), one.body, hashlib.sha256).hexdigest()
    assert headers["x-vocalia-signature"] == f"sha256={expected}"
    assert await hooks.states(endpoint) == [("delivered", 200)]
    assert secret not in repr(await hooks.log.latest(endpoint.id))


def test_the_independent_libraries_take_a_delivery_of_now() -> None:
    secret, body, now = new_signing_secret(), b'{"id":"evt_1","object":"event"}', int(time.time())
    headers = sign("evt_1", now, body, [secret])
    assert Webhook(secret).verify(body.decode(), headers)
    assert stripe.WebhookSignature.verify_header(body.decode(), headers["Phonevoice-Signature"], secret, 300)
    with pytest.raises(Exception, match="(?i)signature"):
        Webhook(secret).verify(body.decode() + " ", headers)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode() + " ", headers["Phonevoice-Signature"], secret, 300)


async def test_only_those_who_want_an_event_get_it_and_once(hooks: Hooks) -> None:
    await hooks.endpoint("/all")
    await hooks.endpoint("/sms", events=["sms.received"])
    assert await hooks.publish("phone_call.started", cause="one") == 1
    assert await hooks.publish("phone_call.started", cause="one") == 0
    await hooks.publish("sms.received")
    await hooks.settle()
    assert Counter(one.path for one in hooks.receiver.received) == {"/all": 2, "/sms": 1}


async def test_ten_attempts_at_their_times_then_no_more(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    hooks.receiver.answer = lambda _: 500
    await hooks.publish()
    await hooks.settle()
    for number, delay in enumerate(DELAYS_S[1:], start=1):
        assert len(hooks.receiver.received) == number
        await hooks.after(delay * (1 - JITTER) - 1)
        assert len(hooks.receiver.received) == number
        await hooks.after(delay * 2 * JITTER + 2)
    assert len(hooks.receiver.received) == len(DELAYS_S) == 10
    await hooks.after(1_000_000)
    assert len(hooks.receiver.received) == 10
    ids = {json.loads(one.body)["id"] for one in hooks.receiver.received}
    assert len(ids) == 1
    assert len({one.headers["Phonevoice-Signature"] for one in hooks.receiver.received}) == 10
    assert await hooks.states(endpoint) == [("failed", 500)] * 10


async def test_redirects_are_failures_and_are_not_followed(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    hooks.receiver.answer = lambda one: web.Response(status=302, headers={"Location": "/elsewhere"})
    await hooks.publish()
    await hooks.settle()
    assert [one.path for one in hooks.receiver.received] == ["/hook"]
    assert await hooks.states(endpoint) == [("pending", 302)]


async def test_an_endpoint_that_is_gone_is_disabled_at_once(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    hooks.receiver.answer = lambda _: 410
    await hooks.publish()
    await hooks.settle()
    found = await hooks.endpoints.find(hooks.project_id, str(endpoint.id))
    assert (found.is_active, found.disabled_reason, hooks.given_up) == (False, "gone", [endpoint.id])
    assert await hooks.publish() == 0
    again = await hooks.endpoints.change(hooks.project_id, endpoint.uid, {"active": True}, "test")
    assert (again.is_active, again.disabled_reason) == (True, None)


async def test_an_endpoint_is_disabled_after_five_days_without_one_success(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    hooks.receiver.answer = lambda _: 503
    for _ in range(7):
        await hooks.publish()
        await hooks.settle()
        await hooks.after(20 * 3_600)
    found = await hooks.endpoints.find(hooks.project_id, endpoint.uid)
    assert (found.is_active, found.disabled_reason) == (False, "failing")


async def test_a_success_now_and_then_keeps_an_endpoint(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    for day in range(8):
        hooks.receiver.answer = lambda _, day=day: 200 if day % 3 == 0 else 500  # type: ignore[misc]
        await hooks.publish()
        await hooks.after(24 * 3_600)
    assert (await hooks.endpoints.find(hooks.project_id, endpoint.uid)).is_active


async def test_a_receiver_that_says_when_is_left_alone_until_then(hooks: Hooks) -> None:
    await hooks.endpoint()
    hooks.receiver.answer = lambda _: web.Response(status=429, headers={"Retry-After": "120"})
    await hooks.publish()
    await hooks.settle()
    await hooks.publish()
    await hooks.after(110)
    assert len(hooks.receiver.received) == 1
    await hooks.after(15)
    assert len(hooks.receiver.received) >= 2


async def test_a_receiver_may_say_stop(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    hooks.receiver.answer = lambda _: web.Response(status=500, headers={"webhook-delivery": "abort-message"})
    await hooks.publish()
    await hooks.after(1_000_000)
    assert await hooks.states(endpoint) == [("failed", 500)]


async def test_events_of_one_call_arrive_in_order(hooks: Hooks) -> None:
    await hooks.endpoint()
    for number in range(20):
        await hooks.publish(f"phone_call.{'abcdefghijklmnopqrst'[number]}", subject="call_1")
    await hooks.settle()
    types = [json.loads(one.body)["type"] for one in hooks.receiver.received]
    assert types == sorted(types)
    assert len(types) == 20


async def test_one_that_waits_for_its_retry_holds_nothing_up(hooks: Hooks) -> None:
    await hooks.endpoint()
    hooks.receiver.answer = lambda one: 500 if b"phone_call.ringing" in one.body else 200
    await hooks.publish("phone_call.ringing", subject="call_1")
    await hooks.publish("phone_call.started", subject="call_1")
    await hooks.settle()
    assert [json.loads(one.body)["type"] for one in hooks.receiver.received] == [
        "phone_call.ringing",
        "phone_call.started",
    ]


async def test_an_endpoint_that_hangs_has_its_ten_places_and_no_more(hooks: Hooks) -> None:
    await hooks.endpoint("/slow", events=["phone_call.slow"])
    await hooks.endpoint("/fast", events=["phone_call.fast"])
    hooks.receiver.hanging.add("/slow")
    for _ in range(30):
        await hooks.publish("phone_call.slow")
    for _ in range(30):
        await hooks.publish("phone_call.fast")
    async with asyncio.timeout(20):
        while sum(one.path == "/fast" for one in hooks.receiver.received) < 30 or hooks.dispatcher.under_way > 10:
            if not await hooks.dispatcher.turn():
                await hooks.dispatcher.news(0.05)
    assert sum(one.path == "/slow" for one in hooks.receiver.received) == 10


async def test_an_endpoint_that_fails_is_asked_one_at_a_time(hooks: Hooks) -> None:
    await hooks.endpoint()
    hooks.receiver.answer = lambda _: 500
    for _ in range(5):
        await hooks.publish()
    await hooks.settle()
    assert len(hooks.receiver.received) == 5
    for _ in range(8):
        await hooks.publish()
    await hooks.dispatcher.turn()
    assert hooks.dispatcher.under_way == 1
    await hooks.settle()


@pytest.mark.parametrize("knows", ["old", "new", "switches"])
async def test_a_new_secret_loses_nothing_whichever_the_receiver_knows(hooks: Hooks, knows: str) -> None:
    endpoint, old = await hooks.endpoint()
    _, new = await hooks.endpoints.rotate(hooks.project_id, endpoint.uid, 24, "test")
    assert new != old
    known = {"secret": new if knows == "new" else old}
    hooks.receiver.answer = lambda one: 200 if accepts(one, known["secret"]) else 401
    await hooks.publish()
    await hooks.settle()
    if knows == "switches":
        known["secret"] = new
        await hooks.publish()
        await hooks.settle()
    states = await hooks.states(endpoint)
    assert [state for state, status in states if status == 200] == ["delivered"] * hooks.counted
    standard = hooks.receiver.received[-1].headers["webhook-signature"].split(" ")
    assert len(standard) == 2
    before = len(states)
    await hooks.publish()
    await hooks.settle()
    assert len(await hooks.states(endpoint)) == before + 1  # the order that worked is remembered


async def test_when_the_overlap_is_over_only_the_new_secret_signs(hooks: Hooks) -> None:
    endpoint, old = await hooks.endpoint()
    _, new = await hooks.endpoints.rotate(hooks.project_id, endpoint.uid, 1, "test")
    hooks.clock.jump(3_601)
    await hooks.publish()
    await hooks.settle()
    (one,) = hooks.receiver.received
    assert accepts(one, new)
    assert not accepts(one, old)
    assert one.headers["Phonevoice-Signature"].count("v1=") == 1


async def test_what_a_process_that_died_had_claimed_is_sent_by_another(
    hooks: Hooks, make_hooks: Callable[[int], Hooks]
) -> None:
    await hooks.endpoint()
    hooks.receiver.hanging.add("/hook")
    await hooks.publish()
    await hooks.dispatcher.turn()
    await hooks.receiver.until(1)
    other = make_hooks(hooks.project_id)
    hooks.receiver.hanging.clear()
    await other.settle()
    assert len(hooks.receiver.received) == 1
    await other.after(LEASE.total_seconds())
    first, second = hooks.receiver.received
    assert json.loads(first.body)["id"] == json.loads(second.body)["id"]


async def test_processes_beside_one_another_send_each_delivery_once(
    hooks: Hooks, make_hooks: Callable[[int], Hooks]
) -> None:
    await hooks.endpoint()
    for _ in range(60):
        await hooks.publish()
    other = make_hooks(hooks.project_id)
    await asyncio.gather(hooks.settle(), other.settle())
    assert len(hooks.receiver.received) == 60
    assert len({one.body for one in hooks.receiver.received}) == 60


async def test_a_delivery_is_replayed_under_its_id_and_failures_are_recovered(hooks: Hooks) -> None:
    endpoint, _ = await hooks.endpoint()
    hooks.receiver.answer = lambda _: web.Response(status=500, headers={"webhook-delivery": "abort-message"})
    since = hooks.clock.now()
    for _ in range(3):
        await hooks.publish()
    await hooks.settle()
    hooks.receiver.answer = lambda _: 200
    replayed = json.loads(hooks.receiver.received[0].body)["id"]
    assert await hooks.log.replay(endpoint.id, replayed) == replayed
    await hooks.settle()
    assert json.loads(hooks.receiver.received[3].body)["id"] == replayed
    assert await hooks.log.recover(endpoint.id, since) == 2
    await hooks.settle()
    assert len(hooks.receiver.received) == 6
    test = await hooks.log.test(endpoint.id)
    await hooks.settle()
    assert json.loads(hooks.receiver.received[-1].body) == {
        "id": test,
        "type": "webhook.test",
        "created_at": "2026-03-02T09:00:00Z",
        "data": {"message": "It works."},
    }


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_settling_does_not_wait_for_who_publishes_to_the_same_endpoint(hooks: Hooks, database: Database) -> None:
    await hooks.endpoint()
    await hooks.publish()
    await hooks.dispatcher.turn()
    await hooks.receiver.until(1)
    async with database.transaction() as session:
        event = Event("phone_call.ringing", {}, hooks.clock.now(), "not committed yet")
        assert await hooks.deliveries.publish_in(session, hooks.project_id, event) == 1
        await session.flush()
        await hooks.settle()
