"""The console without a browser: the way in, keys shown once, lists that change, and forms nobody else can send."""

import re

import httpx
import pytest

from server.identity.users import Role
from server.telephony.providers.virtual import magic
from tests.fixtures.application import Running, refusal
from tests.fixtures.console_visitors import PASSWORD, ConsoleVisitor, ConsoleVisitors, newest_code
from tests.flow.test_flow_calls_api import Backend

TOKEN = re.compile(r"prj_[0-9a-z]{39}")


@pytest.fixture
def running(sqlite_running: Running) -> Running:
    return sqlite_running


async def test_sign_up_confirm_and_sign_out(running: Running, visitors: ConsoleVisitors) -> None:
    visitor = visitors.fresh()
    wish = {"name": "Anna", "email": "Anna@Example.com", "password": PASSWORD}
    assert "Confirm your address" in (await visitor.post("/console/sign-up", **wish)).text
    wrong = await visitor.post("/console/confirm", email="anna@example.com", code="000000")
    assert (wrong.status_code, "This code is wrong" in wrong.text) == (400, True)
    code = await newest_code(running)
    inside = await visitor.follow("/console/confirm", email="anna@example.com", code=f"{code[:3]} {code[3:]}")
    assert "Welcome. Your account is open." in inside
    project = await visitor.project()
    assert "No token yet" in (await visitor.get(f"{project}/api")).text  # none was made that nobody has seen
    await visitor.follow("/console/sign-out", "/console/projects")
    assert (await visitor.get(project)).url.path == "/console/sign-in"
    refused = await visitor.post("/console/sign-in", email="anna@example.com", password="not this one")
    assert (refused.status_code, "The address or the password is wrong." in refused.text) == (401, True)
    assert "not this one" not in refused.text


async def test_a_token_is_shown_once_rotated_with_an_overlap_and_revoked(
    running: Running, owner: ConsoleVisitor
) -> None:
    page = f"{await owner.project()}/api"
    first = _shown(await owner.follow(page))
    assert first not in (await owner.get(page)).text
    assert await _opens(running, first)
    key = re.search(rf'action="{page}/(cred_\w+)/rotate"', (await owner.get(page)).text)
    assert key
    second = _shown(await owner.follow(f"{page}/{key[1]}/rotate", page, overlap="24"))
    assert second != first
    assert second not in (await owner.get(page)).text
    assert await _opens(running, first)
    assert await _opens(running, second)
    await owner.follow(f"{page}/{key[1]}/revoke", page)
    assert not await _opens(running, first)
    assert await _opens(running, second)
    newest = [entry.action for entry in await running.parloir.audit.of(running.tenant.tenant_id, 3)]
    assert newest == ["credential.created", "credential.rotated", "credential.revoked"]


async def test_a_test_key_is_shown_once_and_its_calls_are_simulated(running: Running, owner: ConsoleVisitor) -> None:
    page = f"{await owner.project()}/api"
    made = await owner.follow(f"{page}/test", page)
    shown = re.search(r"voc_sk_test_[0-9a-z]{39}", made)
    assert shown
    assert f'recipient_phone_number": "{magic.SPEAKS}"' in made  # with a call to try it
    later = (await owner.get(page)).text
    assert shown[0] not in later
    how = re.search(r'"(/docs/\w+/authentication)#([\w-]+)"', later)
    assert how
    assert f'id="{how[2]}"' in (await owner.get(how[1])).text
    backend = Backend(running, shown[0])
    call = await backend.bridge()
    assert (await backend.ask("GET", f"/api/v1/phone_calls/{call}")).json()["livemode"] is False
    assert "test call" in (await owner.get(f"{await owner.project()}/calls")).text
    key = re.search(rf"{shown[0][-4:]}<.*?revoke-(cred_\w+)", (await owner.get(page)).text, re.DOTALL)
    assert key
    await owner.follow(f"{page}/{key[1]}/revoke", page)
    assert not await _opens(running, shown[0])


async def test_an_origin_is_allowed_refused_and_removed(running: Running, owner: ConsoleVisitor) -> None:
    page = f"{await owner.project()}/origins"
    refused = await owner.post(page, origin="https://shop.example/path*")
    assert refused.status_code == 400
    assert "That is not an origin." in refused.text
    assert "https://shop.example/path*" in refused.text  # what was typed stays
    assert "https://shop.example is allowed." in await owner.follow(page, origin="HTTPS://Shop.Example")
    assert "https://shop.example" in await running.parloir.origins.of(running.tenant.tenant_id)
    gone = await owner.follow(f"{page}/remove", page, origin="https://shop.example")
    assert "https://shop.example is no longer allowed." in gone
    assert "https://shop.example" not in await running.parloir.origins.of(running.tenant.tenant_id)


async def test_a_webhook_is_made_with_its_secret_once_and_deleted(running: Running, owner: ConsoleVisitor) -> None:
    page = f"{await owner.project()}/webhooks"
    refused = await owner.post(page, url="http://169.254.169.254/latest")
    assert (refused.status_code, "We do not send to this address." in refused.text) == (400, True)
    answer = await owner.post(page, url="https://example.com/hooks", events=["phone_call.completed", "sms.received"])
    made = answer.headers["Location"]
    assert re.search(r"whsec_[\w+/=-]{20,}", (await owner.get(made)).text)
    assert "whsec_" not in (await owner.get(made)).text
    assert "sms.received" in (await owner.get(made)).text
    assert "It appears in the log below." in await owner.follow(f"{made}/test", made)
    assert "whsec_" in await owner.follow(f"{made}/rotate", made, overlap="0")
    assert "Nothing is sent to it." in await owner.follow(f"{made}/active", made, active="0")
    assert "The webhook is deleted." in await owner.follow(f"{made}/delete", made)
    assert (await owner.get(made)).status_code == 404


async def test_a_new_project_has_nothing_of_the_others(running: Running, owner: ConsoleVisitor) -> None:
    answer = await owner.post("/console/projects", name="Essai <b>1</b>")
    assert "Essai &lt;b&gt;1&lt;/b&gt;" in (await owner.get(answer.headers["Location"])).text
    assert "No token yet" in (await owner.get(f"{answer.headers['Location']}/api")).text
    assert (await owner.post("/console/projects", name=" ")).status_code == 400


async def test_a_number_is_found_bought_forwarded_and_given_back(owner: ConsoleVisitor) -> None:
    page = f"{await owner.project()}/numbers"
    offered = re.search(r'name="number" value="(\+33\d+)"', (await owner.get(f"{page}?country=fr&type=mobile")).text)
    assert offered
    assert f"{offered[1]} is yours." in await owner.follow(page, number=offered[1])
    change = re.search(rf'action="({page}/num_\w+)/change"', (await owner.get(page)).text)
    assert change
    looped = await owner.post(f"{change[1]}/change", page, forward_to=offered[1], relay_enabled="1")
    assert (looped.status_code, "round in a circle" in looped.text) == (400, True)
    usual = await owner.follow(f"{change[1]}/change", page, forward_to="+33 6 12 34 56 78", keeping="usual")
    assert "+33612345678" in usual
    assert "Paused" in usual
    assert _kept(usual) == ["recording", "transcript", "analysis"]
    choice = {"forward_to": "+33612345678", "keeping": "chosen", "recording": "1"}
    changed = await owner.follow(f"{change[1]}/change", page, **choice)
    assert _kept(changed) == ["recording"]
    gone = await owner.follow(f"{change[1]}/release", page)
    assert "is given back." in gone
    assert "No number yet" in gone


SETTINGS = ("", "/agents", "/agents/support", "/knowledge", "/api", "/origins", "/webhooks", "/numbers")
CHANGES = (
    "/api",
    "/api/test",
    "/origins",
    "/origins/remove",
    "/webhooks",
    "/numbers",
    "/api/cred_1/rotate",
    "/webhooks/we_1/delete",
    "",
    "/recording_notice",
    "/delete",
    "/agents/support",
    "/knowledge",
    "/knowledge/delete",
)


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_sees_and_changes_what_it_should(visitors: ConsoleVisitors, role: Role) -> None:
    visitor = await visitors.member(role)
    project = await visitor.project()
    sees = role is not Role.AGENT
    for path in SETTINGS:
        answer = await visitor.http.get(f"{project}{path}")
        expected = 200 if sees else 303 if path == "" else 403
        assert answer.status_code == expected, (role, path)
    assert (await visitor.get(f"{project}/calls")).status_code == 200
    changes = role in (Role.OWNER, Role.ADMIN)
    for path in CHANGES:
        answer = await visitor.post(f"{project}{path}", "/console/projects")
        assert (answer.status_code != 403) == changes, (role, path, answer.status_code)
    listens = await visitor.post(f"{project}/calls/1/listen", "/console/projects")
    assert listens.status_code == (404 if role in (Role.OWNER, Role.ADMIN, Role.SUPERVISOR) else 403)
    assert (await visitor.post(f"{project}/calls/1/replay", "/console/projects")).status_code == 404
    made = await visitor.post("/console/projects", name="Mine")
    assert made.status_code == (303 if changes else 403)


async def test_other_people_s_things_are_as_unknown_as_what_nobody_has(
    running: Running, visitors: ConsoleVisitors, owner: ConsoleVisitor
) -> None:
    other = await running.parloir.tenants.create("Other", ["https://other.example"], language="en")
    stranger = await visitors.member(Role.OWNER, other.tenant_id)
    theirs, mine = await owner.project(), await stranger.project()
    webhook = (await owner.post(f"{theirs}/webhooks", url="https://example.com/hooks")).headers["Location"]
    await owner.follow(f"{theirs}/api")
    keys = (await owner.get(f"{theirs}/api")).text
    key = re.search(r"/api/(cred_\w+)/revoke", keys)
    assert key
    for path in (*SETTINGS, "/calls"):
        assert (await stranger.get(f"{theirs}{path}")).status_code == 404, path
    for path in (*CHANGES, "/calls/1/listen"):
        assert (await stranger.post(f"{theirs}{path}", "/console/projects")).status_code == 404, path
    uid = webhook.rpartition("/")[2]
    assert (await stranger.get(f"{mine}/webhooks/{uid}")).status_code == 404
    assert (await stranger.post(f"{mine}/webhooks/{uid}/delete", "/console/projects")).status_code == 404
    assert (await stranger.post(f"{mine}/api/{key[1]}/revoke", "/console/projects")).status_code == 404
    assert (await owner.get(webhook)).status_code == 200
    assert (await owner.get(f"{theirs}/api")).text.count("Active") == keys.count("Active")


async def test_only_our_own_pages_can_send_forms(
    running: Running, visitors: ConsoleVisitors, owner: ConsoleVisitor
) -> None:
    page = f"{await owner.project()}/origins"
    token = await owner.csrf()
    stranger = await visitors.member(Role.ADMIN)
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": await stranger.csrf()}, {}),
        ({"csrf": token}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf": token}, {"Sec-Fetch-Site": "same-site"}),
        ({"csrf": token}, {"Origin": "https://evil.example"}),
        ({"csrf": token}, {"Origin": "null"}),
    ]
    for fields, headers in tries:
        answer = await owner.http.post(page, data=fields | {"origin": "https://evil.example"}, headers=headers)
        assert answer.status_code == 403, (fields, headers)
    answer = await owner.http.post("/console/sign-out", headers={"Accept": "application/json"})
    assert refusal(answer) == (403, "form_refused")
    fresh = visitors.fresh()
    sign_in = {"email": "owner-0@example.com", "password": PASSWORD}
    assert (await fresh.http.post("/console/sign-in", data=sign_in)).status_code == 403
    assert "https://evil.example" not in await running.parloir.origins.of(running.tenant.tenant_id)
    own = await owner.http.post(page, data={"csrf": token, "origin": "https://a.example"}, headers=_from(running))
    assert own.status_code == 303


async def test_an_address_that_is_none_says_so_on_a_page(visitors: ConsoleVisitors, owner: ConsoleVisitor) -> None:
    for visitor, path in ((owner, f"{await owner.project()}/nothing"), (visitors.fresh("fr"), "/console/rien/du/tout")):
        answer = await visitor.http.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        _closed(answer)
        assert ('action="/console/sign-out"' in answer.text) == (visitor is owner)
    assert "Il n’y a rien à cette adresse." in answer.text
    plain = await owner.http.get("/console/nothing", headers={"Accept": "application/json"})
    assert refusal(plain) == (404, "not_found")


async def test_every_page_is_closed_to_frames_caches_and_scripts(
    visitors: ConsoleVisitors, owner: ConsoleVisitor
) -> None:
    project = await owner.project()
    fresh = visitors.fresh()
    for visitor, path in [
        (fresh, "/sign-in"),
        (fresh, "/sign-up"),
        (owner, "/projects"),
        (owner, "/account"),
        (owner, "/p/none"),
    ]:
        _closed(await visitor.http.get(f"/console{path}"))
    for path in SETTINGS:
        _closed(await owner.http.get(f"{project}{path}"))
    signed_in = await fresh.post("/console/sign-in", email="owner-0@example.com", password=PASSWORD)
    cookies = signed_in.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if "parloir_console=" in cookie)
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/" in session


async def test_the_language_is_the_browser_s_until_one_is_chosen(visitors: ConsoleVisitors) -> None:
    visitor = visitors.fresh("ar-EG,ar;q=0.9,en;q=0.5")
    page = (await visitor.get("/console/sign-in")).text
    assert '<html lang="ar" dir="rtl">' in page
    chosen = await visitor.follow("/console/language", "/console/sign-in", language="fr", back="/console/sign-up")
    assert "Créer votre compte" in chosen
    away = await visitor.post("/console/language", "/console/sign-in", language="fr", back="//evil.example/console")
    assert away.headers["Location"] == "/console"


def _kept(page: str) -> list[str]:
    """What the list says is kept of the one number's calls."""
    return re.findall(r'class="chip">(\w+)<', page)


def _closed(answer: httpx.Response) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text), answer.url


def _from(running: Running) -> dict[str, str]:
    return {"Origin": running.url, "Sec-Fetch-Site": "same-origin"}


def _shown(page: str) -> str:
    found = TOKEN.search(page)
    assert found, "no token is shown"
    return found[0]


async def _opens(running: Running, token: str) -> bool:
    answer = await running.http.get(f"{running.url}/api/v1/calls", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 200
