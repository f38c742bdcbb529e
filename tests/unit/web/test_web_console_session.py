"""The console's cookies: bound to the host under TLS; what one page tells the next is told to its own seat, in time."""

from http.cookies import SimpleCookie

import pytest
from quart import Quart, Response

from server.storage.secret import MasterSecret
from server.web.console_session import FLASH_S, ConsoleCookies, Flash
from tests.fakes.clock import FakeClock

TOLD = Flash("keys.made", {"key": "k"}, secret="prj_shown_once")
SEAT = "a session's token"


@pytest.fixture
def cookies(clock: FakeClock) -> ConsoleCookies:
    return ConsoleCookies(MasterSecret(b"m" * 32), clock, "https://voice.example")


def sent(response: Response) -> SimpleCookie:
    jar = SimpleCookie()
    for header in response.headers.getlist("Set-Cookie"):
        jar.load(header)
    return jar


async def test_under_tls_the_session_belongs_to_the_host_alone(cookies: ConsoleCookies) -> None:
    response = Response("")
    async with Quart("test").test_request_context("/console"):
        cookies.keep_session(response, "token")
    (name, cookie), *others = sent(response).items()
    assert (name, others) == ("__Host-parloir_console", [])
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert cookie["domain"] == ""


async def test_a_flash_is_sealed_and_told_to_its_own_seat_in_time(cookies: ConsoleCookies, clock: FakeClock) -> None:
    app, response = Quart("test"), Response("")
    async with app.test_request_context("/console"):
        cookies.flash(response, SEAT, TOLD)
    (name, cookie), *_ = sent(response).items()
    assert "prj_shown_once" not in cookie.value
    headers = {"Cookie": f"{name}={cookie.value}"}
    async with app.test_request_context("/console", headers=headers):
        assert cookies.take_flash(SEAT) == TOLD
        assert cookies.take_flash("another seat") is None
        clock.jump(FLASH_S + 1)
        assert cookies.take_flash(SEAT) is None
    for spoilt in (cookie.value[:-4], "x", "é"):
        async with app.test_request_context("/console", headers={"Cookie": f"{name}={spoilt}"}):
            assert cookies.take_flash(SEAT) is None
