"""Signing up over HTTP, and what a user's token opens: one's own projects by header or query, nobody else's."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from server.identity import NewAccount, Role
from tests.fakes.clock import FakeClock
from tests.fixtures.application import SHOP, Running, refusal
from tests.fixtures.people import newest_code
from tests.flow.test_flow_discretion import product_log  # noqa: F401  # a fixture, found by name

ACCOUNT = {"email": "anna@example.com", "password": "correct horse battery", "name": "Anna Ferrand"}
HOOK = {"url": "https://crm.example/hook"}


@dataclass
class Person:
    """Somebody with a program of their own."""

    running: Running
    token: str | None = field(default=None, repr=False)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return await self.running.http.request(method, f"{self.running.url}{path}", json=body, headers=headers)

    async def sign_up(self, folder: str = "/api", **fields: Any) -> int:
        answer = await self.ask("POST", f"{folder}/signup", ACCOUNT | fields)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body == {"status": "ok", "id": body["id"], "confirmation_sent": True}
        user_id: int = body["id"]
        return user_id

    async def settle(self, folder: str = "/api", **fields: Any) -> int:
        """Sign up, read the mail, confirm, keep the token."""
        user_id = await self.sign_up(folder, **fields)
        code = await code_sent(self.running)
        answer = await self.ask("POST", f"{folder}/confirm", {"email": (ACCOUNT | fields)["email"], "code": code})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"status", "user_token"}
        self.token = body["user_token"]
        return user_id

    async def who(self, path: str = "/api/whoami", **headers: str) -> dict[str, Any]:
        answer = await self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        body: dict[str, Any] = answer.json()
        return body


async def code_sent(running: Running) -> str:
    assert running.parloir.identity.outbox is not None
    return await newest_code(running.parloir.identity.outbox)


@pytest.mark.parametrize("folder", ["/api", "/api/v1"])
async def test_sign_up_confirm_and_whoami(running: Running, folder: str) -> None:
    person = Person(running)
    user_id = await person.settle(folder)
    found = await person.who(f"{folder}/whoami")
    assert found["status"] == "ok"
    assert (found["id"], found["name"], found["email"]) == (user_id, "Anna Ferrand", "anna@example.com")
    assert (found["kind"], found["tenant"]["name"]) == ("user", "Anna Ferrand")
    assert found["projects"] == [found["project"]]
    assert found["project"]["name"] == "default"


async def test_the_user_token_works_in_the_header_and_in_both_query_forms(sqlite_running: Running) -> None:
    person = Person(sqlite_running)
    await person.settle()
    made = await person.ask("POST", "/api/v1/webhooks", HOOK)
    assert made.status_code == 201, made.text
    by_query = Person(sqlite_running)
    for form in ("user_token", "api_token"):
        answer = await by_query.ask("GET", f"/api/v1/webhooks?{form}={person.token}")
        assert [each["id"] for each in answer.json()["webhooks"]] == [made.json()["id"]]
        assert answer.headers["Deprecation"].startswith("@")
        assert 'rel="deprecation"' in answer.headers["Link"]
        from_a_page = await by_query.ask("GET", f"/api/v1/webhooks?{form}={person.token}", Origin=SHOP)
        assert refusal(from_a_page) == (403, "token_in_query")
    project_token = sqlite_running.tenant.project_token
    wins = await person.ask("GET", f"/api/whoami?api_token={project_token}")
    assert wins.json()["kind"] == "user"
    assert "Deprecation" not in wins.headers
    assert (await by_query.ask("GET", f"/api/whoami?user_token={project_token}")).json()["kind"] == "project"
    assert refusal(await by_query.ask("GET", "/api/whoami?user_token=usr_nothing")) == (401, "invalid_key")
    assert refusal(await by_query.ask("GET", "/api/whoami")) == (401, "missing_token")


async def test_x_project_id_chooses_among_ones_own_projects_only(sqlite_running: Running) -> None:
    person, other = Person(sqlite_running), Person(sqlite_running)
    await person.settle()
    await other.settle(email="bob@example.com", name="Bob")
    tenants = sqlite_running.parloir.tenants
    tenant = await tenants.by_uid((await person.who())["tenant"]["id"])
    await tenants.add_project(tenant.id, "Relay")
    default, relay = (await person.who())["projects"]
    assert (default["name"], relay["name"]) == ("default", "Relay")
    assert (await person.who(**{"X-Project-Id": relay["id"]}))["project"] == relay
    made = await person.ask("POST", "/api/v1/webhooks", HOOK, **{"X-Project-Id": relay["id"]})
    address = f"/api/v1/webhooks/{made.json()['id']}"
    assert (await person.ask("GET", address, **{"X-Project-Id": relay["id"]})).status_code == 200
    assert (await person.ask("GET", address)).status_code == 403, "the default project has another"
    assert (await other.ask("GET", address)).status_code == 403
    for wrong in (relay["id"], "proj_nothing", "1", "x" * 5_000):
        refused = await other.ask("GET", "/api/v1/webhooks", **{"X-Project-Id": wrong})
        assert refusal(refused) == (403, "wrong_project")


async def test_a_role_may_do_what_it_is_for(sqlite_running: Running) -> None:
    parloir, tenant = sqlite_running.parloir, sqlite_running.tenant
    person = Person(sqlite_running)
    outcomes, heard = {}, {}
    for role in Role:
        wish = NewAccount(f"{role}@example.com", ACCOUNT["password"])
        user = await parloir.identity.accounts.create(wish, tenant.tenant_id, role)
        person.token = (await parloir.identity.tokens.create(user.id)).text
        look = await person.ask("GET", "/api/v1/webhooks")
        hook = await person.ask("POST", "/api/v1/webhooks", HOOK)
        call = await person.ask("POST", "/api/v1/calls/999999999999/hangup")
        replay = await person.ask("POST", "/api/v1/calls/999999999999/player_session")
        assert (replay.status_code, replay.json()["code"]) != (403, "role_too_weak"), role
        listen = await person.ask("POST", "/api/v1/calls/999999999999/embed_session", {})
        monitor = await person.ask(
            "POST", "/api/v1/calls/999999999999/add_monitor", {"supervisor_phone": "+33612345678"}
        )
        talk = await person.ask("POST", "/api/v1/calls/999999999999/embed_session", {"role": "agent"})
        heard[role.value] = [answer.json()["code"] for answer in (listen, monitor, talk)]
        outcomes[role.value] = (look.status_code, hook.status_code, call.status_code, call.json()["code"])
    changes = (200, 201, 404, "unknown_call")
    calls = (200, 403, 404, "unknown_call")
    looks = (200, 403, 403, "role_too_weak")
    assert {role: each[:2] for role, each in outcomes.items()} == {
        "owner": changes[:2],
        "admin": changes[:2],
        "supervisor": calls[:2],
        "agent": calls[:2],
        "viewer": looks[:2],
    }
    may, may_not = ["unknown_call"] * 3, ["role_too_weak"] * 2
    assert heard == {
        "owner": may,
        "admin": may,
        "supervisor": may,
        "agent": [*may_not, "unknown_call"],
        "viewer": [*may_not, "role_too_weak"],
    }
    assert outcomes["viewer"] == looks
    assert all(outcomes[role][3] != "role_too_weak" for role in ("owner", "admin", "supervisor", "agent"))


async def test_whoami_of_the_tenants_keys_names_who_owns_it(sqlite_running: Running) -> None:
    shop = sqlite_running.tenant
    nobody = await Person(sqlite_running, shop.project_token).who()
    assert (nobody["kind"], nobody["name"], nobody["email"]) == ("project", "Shop", "")
    owner = await sqlite_running.parloir.identity.accounts.create(
        NewAccount("Zoë@MÜNCHEN.example", ACCOUNT["password"], "Zoë"), shop.tenant_id
    )
    for key, kind in ((shop.project_token, "project"), (shop.secret_key, "secret"), (shop.master_key, "master")):
        found = await Person(sqlite_running, key).who("/api/v1/whoami")
        assert (found["kind"], found["id"], found["name"]) == (kind, owner.id, "Zoë")
        assert found["email"] == "zoë@münchen.example"
        assert "projects" not in found
    refused = await Person(sqlite_running, shop.public_key).ask("GET", "/api/whoami")
    assert refusal(refused) == (403, "wrong_key")


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"email": "anna"}, "invalid_email", "email"),
        ({"email": "anna@example.com\r\nBcc: x@example.com"}, "invalid_email", "email"),
        ({"password": "short"}, "weak_password", "password"),
        ({"name": "x" * 121}, "name_too_long", "name"),
        ({"email": 7}, "invalid_request", "email"),
        ({"email": None}, "invalid_request", "email"),
        ({"password": ["x"]}, "invalid_request", "password"),
        ({"password": "x" * 1_001}, "invalid_request", "password"),
        ({"role": "owner"}, "invalid_request", "role"),
        ({"language": "x" * 9}, "invalid_request", "language"),
    ],
)
async def test_wrong_sign_ups_are_422_and_name_the_field(
    sqlite_running: Running, fields: dict[str, Any], code: str, named: str
) -> None:
    answer = await Person(sqlite_running).ask("POST", "/api/signup", ACCOUNT | fields)
    assert refusal(answer) == (422, code)
    assert [detail["field"] for detail in answer.json()["details"]] == [named]
    outbox = sqlite_running.parloir.identity.outbox
    assert outbox is not None
    assert await outbox.newest() == []


async def test_wrong_confirmations(sqlite_running: Running, clock: FakeClock) -> None:
    person = Person(sqlite_running)
    await person.sign_up()
    code = await code_sent(sqlite_running)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for body, expected in (
        ({"email": ACCOUNT["email"], "code": wrong}, "invalid_code"),
        ({"email": "nobody@example.com", "code": code}, "invalid_code"),
        ({"email": ACCOUNT["email"], "code": int(code)}, "invalid_request"),
        ({"email": ACCOUNT["email"]}, "invalid_request"),
        ({"code": code}, "invalid_request"),
    ):
        assert refusal(await person.ask("POST", "/api/confirm", body)) == (422, expected)
    right = {"email": ACCOUNT["email"], "code": code}
    for _ in range(8):
        await person.ask("POST", "/api/confirm", right | {"email": "nobody@example.com"})
    limited = await person.ask("POST", "/api/confirm", right)
    assert refusal(limited) == (429, "rate_limit_exceeded")
    clock.jump(int(limited.headers["Retry-After"]))
    assert (await person.ask("POST", "/api/confirm", right)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "header", "subject"),
    [
        ({}, "fr-CA,fr;q=0.9,en;q=0.5", "code de confirmation"),
        ({}, "de-DE", "confirmation code"),
        ({"language": "ary"}, "fr", "كود التأكيد"),
        ({"language": "ar"}, "fr", "رمز التأكيد"),
        ({"language": "es"}, "", "código de confirmación"),
    ],
)
async def test_the_mail_is_in_the_language_of_who_asks(
    sqlite_running: Running, fields: dict[str, str], header: str, subject: str
) -> None:
    await Person(sqlite_running).ask("POST", "/api/signup", ACCOUNT | fields, **{"Accept-Language": header})
    outbox = sqlite_running.parloir.identity.outbox
    assert outbox is not None
    [mail] = await outbox.newest()
    assert subject in mail.subject


async def test_the_log_holds_no_token_password_code_or_address(
    sqlite_running: Running,
    product_log: Any,  # noqa: F811
) -> None:
    person = Person(sqlite_running)
    await person.settle()
    code = (await person.ask("GET", f"/api/v1/nothing?user_token={person.token}")).status_code
    assert code == 404
    await Person(sqlite_running).ask("GET", f"/api/whoami?user_token={person.token}")
    await Person(sqlite_running).ask("GET", f"/api/whoami?user_token={person.token}x")
    async with sqlite_running.parloir.database.transaction() as session:
        await session.connection()
        for statement in ("ALTER TABLE user_tokens RENAME TO gone", "ALTER TABLE sign_ups RENAME TO gone_too"):
            await (await session.connection()).exec_driver_sql(statement)
    broken = await Person(sqlite_running).ask("GET", f"/api/whoami?user_token={person.token}")
    assert refusal(broken) == (500, "internal_error")
    assert (await person.ask("POST", "/api/signup", ACCOUNT)).status_code == 500
    log = product_log.getvalue()
    assert "request failed" in log
    for private in (str(person.token), ACCOUNT["password"], ACCOUNT["email"]):
        assert private not in log
    assert not re.search(rf"(?<![\w.]){await code_sent(sqlite_running)}(?!\w)", log)  # no part of a time either
