"""The development outbox shows mails to a browser on this machine, as text, and to nobody else."""

import pytest
from quart import Quart, Response

from server.identity.mail import Mail, compose
from server.identity.outbox import KEPT, DevelopmentOutbox
from server.storage import Database
from server.web.client_address import ClientAddresses
from server.web.dev_outbox import DEV_OUTBOX, dev_outbox
from server.web.pages import TEMPLATES
from tests.fakes.clock import FakeClock

OWN = "http://localhost:8080"


@pytest.fixture
def outbox(sqlite_database: Database, clock: FakeClock) -> DevelopmentOutbox:
    return DevelopmentOutbox(sqlite_database, clock)


@pytest.fixture
def app(outbox: DevelopmentOutbox) -> Quart:
    app = Quart("server", template_folder=str(TEMPLATES), static_folder=None)
    app.register_blueprint(dev_outbox(outbox, ClientAddresses(["10.0.0.1"]), OWN))
    return app


async def asked(app: Quart, peer: str = "127.0.0.1", host: str = "localhost:8080", **headers: str) -> Response:
    answer = await app.test_client().get(
        DEV_OUTBOX, headers={"Host": host, **headers}, scope_base={"client": (peer, 50_000)}
    )
    assert isinstance(answer, Response)
    return answer


async def status(app: Quart, *asker: str, **headers: str) -> int:
    return (await asked(app, *asker, **headers)).status_code


async def test_mails_are_shown_newest_first_as_text(app: Quart, outbox: DevelopmentOutbox) -> None:
    assert "No mail yet" in await (await asked(app)).get_data(as_text=True)
    await outbox.send(compose("confirmation", "a@example.com", "ary", code="111111", minutes="15", server="x"))
    await outbox.send(Mail("b@xn--mnchen-3ya.example", "<script>1</script>", "<b>bold</b>", "en"))
    answer = await asked(app)
    page = await answer.get_data(as_text=True)
    assert page.index("b@m\u00fcnchen.example") < page.index("a@example.com")
    assert '<article lang="ar" dir="rtl">' in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_nobody_elsewhere_sees_it(app: Quart) -> None:
    assert await status(app) == 200
    assert await status(app, "::1", "[::1]:8080") == 200
    assert await status(app, "192.0.2.1") == 404
    assert await status(app, "127.0.0.1", "rebinding.example") == 404, "a name that was made to mean this machine"
    assert await status(app, "10.0.0.1", **{"X-Forwarded-For": "192.0.2.1"}) == 404


async def test_only_the_newest_are_kept(outbox: DevelopmentOutbox) -> None:
    for number in range(KEPT + 5):
        await outbox.send(Mail("a@example.com", f"{number}", "text"))
    assert [mail.subject for mail in await outbox.newest()] == [str(number) for number in range(KEPT + 4, 4, -1)]
