"""The page about oneself: profile, password, sign-ins and tokens, and that what is taken away is gone at once."""

import re

from websockets.asyncio.client import connect

from server.tenants.revocations import LOOK_EVERY_S
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Running
from tests.fixtures.console_visitors import PASSWORD, ConsoleVisitor, ConsoleVisitors
from tests.flow.test_flow_cable import Talk, subscribe
from tests.flow.test_flow_calls_api import Backend, exchange
from tests.flow.test_flow_revocation import following, player_link, rejection, replay

PAGE = "/console/account"
EMAIL = "owner-0@example.com"
NEW = "quite another one"


async def new_token(owner: ConsoleVisitor) -> str:
    found = re.search(r"usr_[0-9a-z]{39}", await owner.follow(f"{PAGE}/tokens", PAGE))
    assert found
    return found[0]


async def revoke_the_only_token(owner: ConsoleVisitor) -> None:
    found = re.search(rf"{PAGE}/tokens/(cred_\w+)/revoke", (await owner.get(PAGE)).text)
    assert found
    assert "The token opens nothing any more." in await owner.follow(f"{PAGE}/tokens/{found[1]}/revoke", PAGE)


async def test_a_name_and_a_language_are_kept(owner: ConsoleVisitor) -> None:
    shown = await owner.follow(PAGE, name="  Anna   <Ferrand> ", language="fr")
    assert "Enregistré." in shown
    assert 'value="Anna <Ferrand>"' in shown  # as a reader reads it
    refused = await owner.post(PAGE, name="x" * 121, language="fr")
    assert (refused.status_code, "120 caractères au plus" in refused.text) == (400, True)


async def test_a_password_is_changed_by_who_knows_it_and_others_are_out(
    visitors: ConsoleVisitors, owner: ConsoleVisitor
) -> None:
    elsewhere = await visitors.fresh().sign_in(EMAIL)
    refused = await owner.post(f"{PAGE}/password", PAGE, old="not this one", password=NEW)
    assert (refused.status_code, "This is not the password you have now." in refused.text) == (400, True)
    assert NEW not in refused.text
    assert "Your password is changed." in await owner.follow(f"{PAGE}/password", PAGE, old=PASSWORD, password=NEW)
    assert (await owner.get(PAGE)).url.path == PAGE
    assert (await elsewhere.get(PAGE)).url.path == "/console/sign-in"


async def test_one_signs_out_everywhere_else(visitors: ConsoleVisitors, owner: ConsoleVisitor) -> None:
    elsewhere = await visitors.fresh().sign_in(EMAIL)
    assert (await owner.get(PAGE)).text.count("Another browser") == 1
    assert "Every other browser is signed out." in await owner.follow(f"{PAGE}/sign-out-elsewhere", PAGE)
    assert (await elsewhere.get(PAGE)).url.path == "/console/sign-in"


async def test_a_token_is_shown_once_used_and_revoked(sqlite_running: Running, owner: ConsoleVisitor) -> None:
    token = await new_token(owner)
    page = (await owner.get(PAGE)).text
    assert token not in page
    assert "never" in page
    backend = Backend(sqlite_running, token)
    assert (await backend.ask("GET", "/api/v1/calls")).status_code == 200
    assert "never" not in (await owner.get(PAGE)).text
    await revoke_the_only_token(owner)
    assert (await backend.ask("GET", "/api/v1/calls")).status_code == 401
    other = await owner.post(f"{PAGE}/tokens/cred_of_somebody_else/revoke", PAGE)
    assert other.status_code == 404


async def test_what_a_token_opened_ends_with_it(
    sqlite_running: Running, clock: FakeClock, owner: ConsoleVisitor
) -> None:
    backend = Backend(sqlite_running, await new_token(owner))
    call_id = await backend.bridge()
    unplayed = await player_link(backend, call_id)
    listened = (await exchange(sqlite_running, await backend.link(call_id, "listen"))).json()["session"]["token"]
    order = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": "+33612345678"}
    followed = (await backend.post("/api/v1/calls/initiate", order)).json()
    talk = Talk(sqlite_running, followed["phone_call_id"], followed["cable_token"])
    async with connect(talk.url, proxy=None) as socket:
        await following(socket, talk)
        await revoke_the_only_token(owner)
        await clock.advance(LOOK_EVERY_S)
        assert await rejection(socket) == {"identifier": talk.identifier, "type": "reject_subscription"}
        await subscribe(socket, talk.identifier)
        assert (await rejection(socket))["type"] == "reject_subscription"
    assert (await replay(sqlite_running, unplayed)).status_code == 401
    seen = await sqlite_running.http.get(
        f"{sqlite_running.url}/embed/call", headers={"Authorization": f"Bearer {listened}"}
    )
    assert seen.status_code == 401
