"""Every route of the API asked by everybody who has no business there: nothing is answered, changed or given away."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from server.identity import NewAccount, Role
from tests.contract.phonevoice.conftest import Service
from tests.fixtures.webhook_receiver import receiving
from tests.flow.test_flow_webhooks import delivered

FREE = {f"/api{version}/{name}" for version in ("", "/v1") for name in ("signup", "confirm")}
ORDERS = {  # what a request needs to get beyond its body
    "/calls/initiate": {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": "+33612345678"},
    "/add_monitor": {"supervisor_phone": "+33612345679"},
    "/recover": {"since": "2026-01-01T00:00:00Z"},
    "/webhooks": {"url": "https://hooks.example.com/"},
    "/relay_numbers": {"phone_number": "+14155550123", "forward_to": "+33612345678"},
}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"egress_networks": ("127.0.0.0/8",), "egress_allow_http": True}


@dataclass(frozen=True)
class Victim:
    """A project with one of everything."""

    service: Service
    call: int
    webhook: int
    delivery: str
    number: int
    uids: tuple[str, ...]
    """Of all of them. A row has a small number, which may stand in any answer for something else."""

    def routes(self) -> Iterator[tuple[str, str, bool]]:
        """Method and path of every route, and whether the path names something of the project."""
        places = {"calls": self.call, "phone_calls": self.call, "webhooks": self.webhook, "relay_numbers": self.number}
        for rule in self.service.running.app.url_map.iter_rules():
            if rule.websocket or not rule.rule.startswith("/api/") or rule.rule in FREE:
                continue
            path = rule.rule.replace("<delivery>", self.delivery)
            if "<reference>" in path:
                path = path.replace("<reference>", str(places[rule.rule.split("/")[3]]))
            assert "<" not in path, path
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, path, path != rule.rule

    async def ask(self, method: str, path: str, token: str | None) -> tuple[int, str]:
        """Status and text."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        body = next((body for end, body in ORDERS.items() if path.endswith(end)), {}) if method != "GET" else None
        http, url = self.service.running.http, self.service.running.url
        answer = await http.request(method, url + path, json=body, headers=headers)
        return answer.status_code, answer.text

    async def stands(self) -> list[Any]:
        """All that is the project's, as its own token shows it."""
        hooks, numbers = [(await self.service.ask("GET", path)).json() for path in ("/webhooks", "/relay_numbers")]
        for hook in hooks["webhooks"]:
            hook.pop("failing_since")  # nobody receives any more: the first try of the call's events may come meanwhile
        call = (await self.service.ask("GET", f"/phone_calls/{self.call}")).json()
        return [hooks, numbers, call["status"]]


@pytest.fixture
async def victim(service: Service) -> Victim:
    async with receiving() as receiver:
        hook = (await service.ask("POST", "/webhooks", {"url": f"{receiver.url}/hook"})).json()
        event = (await service.ask("POST", f"/webhooks/{hook['id']}/test", {})).json()["event_id"]
        await delivered(service.running, receiver, 1)
    [number] = (await service.ask("GET", "/relay_numbers")).json()["relay_numbers"]
    order = await service.bridge()
    call = (await service.ask("GET", f"/phone_calls/{order['phone_call_id']}")).json()
    uids = (call["uid"], hook["uid"], event, number["uid"])
    return Victim(service, call["id"], hook["id"], event, number["id"], uids)


async def tokens_of_nobody(victim: Victim) -> dict[str, str | None]:
    """What opens no route of this API: nothing, nonsense, and tokens that are for something else or no more."""
    service, parloir = victim.service, victim.service.running.parloir
    link = (await service.ask("POST", f"/calls/{victim.call}/embed_session", {"role": "agent"})).json()["embed_url"]
    cable = (await service.ask("POST", f"/phone_calls/{victim.call}/cable_token", {})).json()["cable_token"]
    page = service.running.page()
    await page.open(service.running.tenant)
    customer = service.customer.tenant_id
    revoked = await parloir.keyring.add(customer, await parloir.tenants.default_project(customer), "cli")
    await parloir.keyring.revoke(customer, revoked.uid)
    softphone = link.partition("?t=")[2]
    opened = (
        await service.running.http.post(f"{service.running.url}/embed/exchange", json={"token": softphone})
    ).json()
    return {
        "nothing": None,
        "nonsense": "x",
        "another deployment's": "prj_" + "a" * 40,
        "cut short": service.customer.project_token[:-1],
        "a page's public key": service.customer.public_key,
        "a softphone's link": softphone,
        "a softphone's session": opened["session"]["token"],
        "a transcript's": cable,
        "a visitor's": page.token,
        "revoked": revoked.text,
    }


async def test_who_has_no_token_of_the_api_is_refused_on_every_route(victim: Victim) -> None:
    before = await victim.stands()
    for name, token in (await tokens_of_nobody(victim)).items():
        for method, path, _ in victim.routes():
            status, text = await victim.ask(method, path, token)
            assert status == (403 if name == "a page's public key" else 401), (name, method, path, text)
            assert set(json.loads(text)) >= {"error", "code", "request_id"}
    assert await victim.stands() == before


async def test_who_has_a_token_of_somebody_else_reaches_nothing_of_this_project(victim: Victim) -> None:
    parloir, customer = victim.service.running.parloir, victim.service.customer
    other = await parloir.tenants.create("Other", plan="enterprise")
    person = await parloir.identity.accounts.create(
        NewAccount("mallory@example.com", "correct horse battery"), other.tenant_id
    )
    tokens = {
        "another tenant's project": other.project_token,
        "another tenant's secret": other.secret_key,
        "another tenant's master key": other.master_key,
        "another tenant's user": (await parloir.identity.tokens.create(person.id)).text,
        "another project's": await parloir.tenants.add_project(customer.tenant_id, "Neighbour"),
    }
    before = await victim.stands()
    for name, token in tokens.items():
        for method, path, is_owned in victim.routes():
            status, text = await victim.ask(method, path, token)
            if is_owned:
                assert status in (403, 404), (name, method, path, text)
            assert status < 500
            assert not [mine for mine in victim.uids if mine in text], (name, method, path, text)
    assert await victim.stands() == before


async def test_a_member_who_may_only_look_changes_nothing(victim: Victim) -> None:
    identity = victim.service.running.parloir.identity
    wish = NewAccount("viewer@acme.example", "correct horse battery")
    viewer = await identity.accounts.create(wish, victim.service.customer.tenant_id, Role.VIEWER)
    token = (await identity.tokens.create(viewer.id)).text
    before = await victim.stands()
    for method, path, _ in victim.routes():
        status, text = await victim.ask(method, path, token)
        if method == "GET":
            assert status in (200, 404), (path, text)
        elif not path.endswith("/player_session"):
            assert status == 403, (method, path, text)
            assert json.loads(text)["code"] == "role_too_weak"
    assert await victim.stands() == before
