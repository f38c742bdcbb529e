"""Relay numbers over HTTP: search, buy, change, list, give back; whose they are, and where they may forward to."""

import asyncio
import json
from typing import Any

import httpx

from server.calls.cost import PER_MINUTE
from server.calls.state import Happening, Outcome, Step
from server.calls.store import NewCall
from server.tenants.plans import PLANS
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Running, refusal

NUMBER = "+14155550123"
PHONE = "+33612345678"
PATH = "/api/v1/relay_numbers"


class Backend:
    """A customer's server."""

    def __init__(self, running: Running, token: str | None = None) -> None:
        self._running = running
        self._headers = {"Authorization": f"Bearer {token or running.tenant.project_token}"}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        sent = self._headers | {"Content-Type": "application/json"} | headers
        return await self._running.http.request(method, f"{self._running.url}{path}", headers=sent, content=content)

    async def buy(self, number: str = NUMBER, **more: Any) -> dict[str, Any]:
        answer = await self.ask("POST", PATH, {"phone_number": number, "forward_to": PHONE} | more)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def audited(running: Running, tenant_id: int) -> list[str]:
    return [entry.action for entry in await running.parloir.audit.of(tenant_id, 100)]


async def test_a_number_is_searched_bought_changed_listed_and_given_back(running: Running) -> None:
    backend = Backend(running)
    search = f"{PATH}/available?country=US&type=local&area_code=415"
    found = (await backend.ask("GET", search)).json()["numbers"]
    assert set(found[0]) == {
        *("phone_number", "country", "type", "area_code", "locality", "monthly_cost", "capabilities"),
    }
    assert NUMBER in [one["phone_number"] for one in found]
    answer = await backend.ask("POST", PATH, {"phone_number": NUMBER, "forward_to": PHONE, "country": "US"})
    bought = answer.json()
    assert answer.status_code == 201
    assert (type(bought["id"]), bought["phone_number"], bought["country"]) == (int, NUMBER, "US")
    assert (bought["type"], bought["forward_to"], bought["relay_enabled"]) == ("local", PHONE, True)
    assert (bought["sms_enabled"], bought["enable_recording"], bought["enable_analysis"]) == (True, True, True)
    assert NUMBER not in [one["phone_number"] for one in (await backend.ask("GET", search)).json()["numbers"]]
    changed = await backend.ask("PATCH", f"{PATH}/{bought['id']}", {"forward_to": "+33 7 00 00 00 00"})
    assert (changed.status_code, changed.json()) == (200, bought | {"forward_to": "+33700000000"})
    paused = (await backend.ask("PATCH", f"{PATH}/{bought['uid']}", {"relay_enabled": False})).json()
    assert (paused["relay_enabled"], paused["forward_to"]) == (False, "+33700000000")
    kept = {"enable_recording": False, "enable_analysis": False, "enable_transcription": False, "agent_id": "support"}
    assert (await backend.ask("PATCH", f"{PATH}/{bought['id']}", kept)).json()["enable_recording"] is False
    assert (await backend.ask("PATCH", f"{PATH}/{bought['id']}", {"enable_analysis": True})).json()[
        "enable_transcription"
    ]  # an analysis needs the words
    mine = (await backend.ask("GET", PATH)).json()
    assert [one["id"] for one in mine["relay_numbers"]] == [bought["id"]]
    assert (await backend.ask("GET", f"{PATH}/{bought['id']}")).json() == mine["relay_numbers"][0]
    agent = (await backend.ask("PATCH", f"{PATH}/{bought['id']}", {"forward_to": None})).json()
    assert agent["forward_to"] is None
    gone = await backend.ask("DELETE", f"{PATH}/{bought['id']}")
    assert (gone.status_code, gone.json()) == (200, {"status": "success"})
    assert refusal(await backend.ask("GET", f"{PATH}/{bought['id']}")) == (404, "unknown_phone_number")
    again = await backend.buy()
    assert again["id"] > bought["id"]
    actions = await audited(running, running.tenant.tenant_id)
    assert [one for one in actions if one.startswith("phone_number.")].count("phone_number.bought") == 2
    assert "phone_number.released" in actions


async def test_what_is_kept_follows_where_calls_go_until_somebody_says(running: Running) -> None:
    backend = Backend(running)
    bought = await backend.buy(forward_to=None)
    path = f"{PATH}/{bought['id']}"

    async def kept(**change: Any) -> tuple[bool, bool, bool]:
        body = (await backend.ask("PATCH", path, change)).json()
        return body["enable_recording"], body["enable_transcription"], body["enable_analysis"]

    assert await kept(agent_id="support") == (False, False, False)
    assert await kept(forward_to=PHONE) == (True, True, True)
    assert await kept(forward_to=None) == (False, False, False)
    assert await kept(enable_recording=False) == (False, False, False)
    assert await kept(forward_to=PHONE) == (False, False, False)  # somebody said no
    assert await kept(enable_transcription=True) == (False, True, False)


async def test_whose_a_number_is(running: Running) -> None:
    backend = Backend(running)
    bought = await backend.buy()
    project = await running.parloir.tenants.add_project(running.tenant.tenant_id, "other")
    stranger = await running.parloir.tenants.create("Other")
    for other in (Backend(running, project), Backend(running, stranger.project_token)):
        again = await other.ask("POST", PATH, {"phone_number": NUMBER, "forward_to": PHONE})
        assert refusal(again) == (409, "phone_number_taken")
        for method in ("GET", "PATCH", "DELETE"):
            answer = await other.ask(method, f"{PATH}/{bought['id']}", {} if method == "PATCH" else None)
            assert refusal(answer) == (403, "foreign_phone_number"), method
        assert (await other.ask("GET", PATH)).json() == {"relay_numbers": []}
    mine = await backend.ask("POST", PATH, {"phone_number": NUMBER, "forward_to": "+33700000000"})
    assert (mine.status_code, mine.json()) == (201, bought | {"forward_to": "+33700000000"})
    for nobodys in ("1", "999999999999999999999", "num_nothing", "x" * 200):
        assert refusal(await backend.ask("PATCH", f"{PATH}/{nobodys}", {})) == (404, "unknown_phone_number")
    public = Backend(running, running.tenant.public_key)
    assert refusal(await public.ask("GET", f"{PATH}/available")) == (403, "wrong_key")


WRONG_ORDERS: list[tuple[dict[str, Any], str, str]] = [
    ({"phone_number": None}, "invalid_request", "phone_number"),
    ({"phone_number": "0612345678"}, "invalid_phone_number", "phone_number"),
    ({"phone_number": "+33612345679"}, "phone_number_not_for_sale", "phone_number"),
    ({"forward_to": "home"}, "invalid_phone_number", "forward_to"),
    ({"forward_to": NUMBER}, "forward_loop", "forward_to"),
    ({"forward_to": "+14155550199"}, "forward_loop", "forward_to"),
    ({"forward_to": "+870773111632"}, "destination_not_allowed", "forward_to"),
    ({"forward_to": "+33899123456"}, "destination_not_allowed", "forward_to"),
    ({"forward_to": "+18765551234"}, "destination_not_allowed", "forward_to"),
    ({"country": "FR"}, "invalid_request", "country"),
    ({"country": "USA"}, "invalid_request", "country"),
    ({"relay_enabled": "yes"}, "invalid_request", "relay_enabled"),
    ({"relay_enabled": None}, "invalid_request", "relay_enabled"),
    ({"webhook_url": "https://example.com"}, "invalid_request", "webhook_url"),
]
WRONG_SEARCHES = [
    ("country=USA", "country"),
    ("country=%00%00", "country"),
    ("country=", "country"),
    ("type=satellite", "type"),
    ("area_code=4x5", "area_code"),
    ("contains=" + "1" * 16, "contains"),
    ("contains=%D9%A3", "contains"),
]


async def test_what_is_wrong_with_an_order_or_a_search_is_named(sqlite_running: Running) -> None:
    backend = Backend(sqlite_running)
    await backend.buy("+14155550199")
    for fields, code, named in WRONG_ORDERS:
        answer = await backend.ask("POST", PATH, {"phone_number": NUMBER, "forward_to": PHONE} | fields)
        assert refusal(answer) == (422, code), fields
        assert [detail["field"] for detail in answer.json()["details"]] == [named]
    for query, named in WRONG_SEARCHES:
        answer = await backend.ask("GET", f"{PATH}/available?{query}")
        assert refusal(answer) == (422, "invalid_request"), query
        assert [detail["field"] for detail in answer.json()["details"]] == [named]
    assert len((await backend.ask("GET", PATH)).json()["relay_numbers"]) == 1
    assert (await audited(sqlite_running, sqlite_running.tenant.tenant_id)).count("destination.refused") == 3


async def test_of_many_who_buy_one_number_at_once_one_has_it(running: Running) -> None:
    others = [await running.parloir.tenants.create(f"Other {place}") for place in range(4)]
    backends = [Backend(running, one.project_token) for one in (running.tenant, *others)]
    answers = await asyncio.gather(
        *(one.ask("POST", PATH, {"phone_number": NUMBER, "forward_to": PHONE}) for one in backends)
    )
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409]


async def test_a_purchase_sent_again_is_answered_again_and_a_plan_has_so_many_numbers(running: Running) -> None:
    backend = Backend(running)
    order = {"phone_number": NUMBER, "forward_to": PHONE}
    first = await backend.ask("POST", PATH, order, **{"Idempotency-Key": "one"})
    again = await backend.ask("POST", PATH, order, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    limit = PLANS["starter"].phone_numbers
    answers = await asyncio.gather(
        *(
            backend.ask("POST", PATH, {"phone_number": f"+1415555013{place}", "forward_to": PHONE})
            for place in range(limit + 2)
        )
    )
    assert sorted(one.status_code for one in answers) == [201] * (limit - 1) + [429] * 3
    assert {refusal(one)[1] for one in answers if one.status_code == 429} == {"too_many_phone_numbers"}


async def test_the_calls_of_a_day_cost_so_much_and_no_more(running: Running) -> None:
    calling, clock = running.parloir.calling, running.parloir.clock
    assert isinstance(clock, FakeClock)
    clock.jump((24 - clock.now().hour) * 3_600)  # midnight is not reached by what follows
    store, limit = calling.live._services.store, PLANS["starter"].daily_spend
    talked_min = int(limit / PER_MINUTE.rate) + 1
    order = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": PHONE}
    initiate = "/api/v1/calls/initiate"
    backend = Backend(running)
    new = NewCall(running.tenant.tenant_id, None, "bridge", "outbound", "browser", "fr", None, PHONE)
    call = await store.create(new, limit=5)
    await store.apply(call.id, Happening(Step.DIALED))
    await store.apply(call.id, Happening(Step.ANSWERED))
    assert (await backend.ask("POST", initiate, order)).status_code == 201
    clock.jump(talked_min * 60)
    refused = await backend.ask("POST", initiate, order)  # the call still goes on
    assert refusal(refused) == (429, "daily_spend_reached")
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3_600
    await store.apply(call.id, Happening(Step.ENDED, Outcome.COMPLETED, "over"))
    assert refusal(await backend.ask("POST", initiate, order)) == (429, "daily_spend_reached")
    other = await running.parloir.tenants.create("Other")
    assert (await Backend(running, other.project_token).ask("POST", initiate, order)).status_code == 201
    clock.jump(int(refused.headers["Retry-After"]) + 60)
    assert (await backend.ask("POST", initiate, order)).status_code == 201
