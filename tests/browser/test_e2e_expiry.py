"""A session too old to go on with: the visitor reads that it is over and starts anew; nothing hangs."""

import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from playwright.async_api import Route, WebSocketRoute

from server.sessions import SigningKeys
from server.sessions.service import LIFETIME
from server.sessions.signing import Purpose, Tokens
from server.storage import Database
from server.storage.secret import MasterSecret
from tests.fakes.clock import FakeClock
from tests.fixtures.site import Site
from tests.fixtures.visitors import Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]

WISH = "Is the shop open on Sundays?"
SECOND_WISH = "Do you ship to France?"
KEPT = "JSON.parse(sessionStorage.getItem('parloir.session'))"
OVER = "This conversation is over. You can start a new one."


async def in_writing(visitor: Visitor, site: Site) -> str:
    """A written conversation that has been answered; its id."""
    await visitor.visit(f"{site.shop}/?lang=en")
    await visitor.launcher.click()
    await visitor.write(WISH)
    await visitor.press("Agree and write")
    await visitor.until("events.some((e) => e.name === 'message' && e.role === 'user')")
    await visitor.until_state("listening")
    (started,) = await visitor.events("conversationStart")
    return str(started["id"])


async def too_old(site: Site, visitor: Visitor) -> tuple[str, str]:
    """The visitor's token, and the one it would have been two lifetimes ago: signed by the server's own key."""
    token = str(await visitor.page.evaluate(f"{KEPT}.token"))
    claims = jwt.decode(token, options={"verify_signature": False})
    clock = FakeClock(datetime.fromtimestamp(time.time(), UTC) - 2 * LIFETIME - timedelta(minutes=1))
    database = Database(f"sqlite:///{site.data_dir / 'parloir.db'}")
    try:
        keys = SigningKeys(database, MasterSecret.from_file(site.data_dir / "master.secret"), clock)
        return token, await Tokens(Purpose.WIDGET, LIFETIME, keys, clock).sign(claims["sub"], {"gen": claims["gen"]})
    finally:
        await database.close()


async def starts_anew(visitor: Visitor, before: str) -> None:
    await visitor.write(SECOND_WISH)
    await visitor.press("Agree and write")
    await visitor.log.get_by_text(SECOND_WISH, exact=True).wait_for()
    await visitor.until_state("listening")
    (started,) = await visitor.events("conversationStart")
    assert started["id"] != before


async def test_a_page_that_comes_back_too_late_may_start_anew(site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    before = await in_writing(visitor, site)
    token, old = await too_old(site, visitor)
    await visitor.page.evaluate(
        "([now, old]) => sessionStorage.setItem('parloir.session',"
        " sessionStorage.getItem('parloir.session').replace(now, old))",
        [token, old],
    )
    async with visitor.page.expect_response(lambda a: a.url.endswith("/widget/sessions/current")) as answered:
        await visitor.page.reload()
    assert (await (await answered.value).json())["code"] == "session_expired"
    await starts_anew(visitor, before)


async def test_an_open_conversation_whose_session_expires_says_so(site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    sockets: list[WebSocketRoute] = []

    def carry(page_side: WebSocketRoute) -> None:
        page_side.connect_to_server()
        sockets.append(page_side)

    await visitor.page.route_web_socket("**/widget/socket", carry)
    before = await in_writing(visitor, site)
    _, old = await too_old(site, visitor)

    async def ask_too_late(route: Route) -> None:
        await route.continue_(headers={**route.request.headers, "authorization": f"Bearer {old}"})

    await visitor.page.route("**/widget/sessions/current", ask_too_late)
    await sockets[-1].close(code=1012)
    await visitor.until_told("error", code="session_expired")
    await visitor.page.get_by_text(OVER).wait_for()
    assert await visitor.log.get_by_text(WISH, exact=True).count() == 1, "what was said can still be read"
    await visitor.press("Start again")
    await visitor.until_state("listening")
    assert (await visitor.events("conversationStart"))[-1]["id"] != before
    await visitor.write(SECOND_WISH)
    await visitor.until(f"events.some((e) => e.name === 'message' && e.role === 'user' && e.text === '{SECOND_WISH}')")
