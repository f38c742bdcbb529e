"""A deployment with the numbers of the document: https, its ids next in line, its telephone numbers the project's."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from server.kit.clock import SystemClock
from server.tenants.phone_numbers import Keeping
from server.tenants.service import NewTenant
from server.web.assets import AssetManifest
from tests.contract.phonevoice.documented import Deployment, Ran, run
from tests.fixtures.application import Application, Running
from tests.fixtures.certificates import self_signed
from tests.fixtures.site import built  # noqa: F401  # fixtures are found by name
from tests.fixtures.softphones import sit  # noqa: F401

AGENT, CALL, NUMBER, ENDPOINT, USER = 1533, 90210, 123, 35, 42
VISITING: dict[str, Any] = {"ignore_https_errors": True, "permissions": ["local-network-access"]}
"""A browser whose user lets pages of the internet reach this machine, where the tests' deployment is."""
OURS, CLIENT = "+33159133354", "+33612345678"


@dataclass(frozen=True)
class Service:
    """The running product, and a customer with a project token."""

    running: Running
    customer: NewTenant
    at: Deployment

    async def run(self, name: str, **more: Any) -> Ran:
        """A block of the document, which must not fail."""
        done = await run(name, self.at, **more)
        assert done.code == 0, (name, done)
        return done

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request with the project token; `path` behind /api/v1."""
        bearer = {"Authorization": f"Bearer {self.customer.project_token}"} | headers
        return await self.running.http.request(
            method, f"{self.running.url}/api/v1{path}", json=body, headers=bearer, follow_redirects=False
        )

    async def bridge(self, **more: Any) -> dict[str, Any]:
        """The call of the document's example, which waits for its agent; the first is number CALL."""
        order = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": CLIENT}
        made: dict[str, Any] = (await self.ask("POST", "/calls/initiate", order | more)).json()
        return made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of localhost: the certificate, which is its own authority, and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def settings() -> dict[str, Any]:
    """What a test's deployment is set to beside the usual."""
    return {}


@pytest.fixture
async def service(
    sqlite_url: str, tmp_path: Path, certificate: tuple[Path, Path], settings: dict[str, Any]
) -> AsyncIterator[Service]:
    """On the system's clock. The next agent, call, number and webhook have the ids that the document prints."""
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    # One agent and one telephone number are there before.
    _number(
        sqlite_url, agents=AGENT - 1, calls=CALL, phone_numbers=NUMBER - 1, webhook_endpoints=ENDPOINT, sign_ups=USER
    )
    async with application.running(tls_cert=certificate[0], tls_key=certificate[1], **settings) as running:
        customer = await running.parloir.tenants.create("Acme", plan="enterprise", language="en")
        assert customer.agent_id == AGENT
        await running.parloir.calling.numbers.add(customer.tenant_id, OURS, None, Keeping())
        host = running.url.removeprefix("https://")
        yield Service(running, customer, Deployment(host, customer.project_token, certificate[0]))


@pytest.fixture
def pages(request: pytest.FixtureRequest, settings: dict[str, Any]) -> None:
    """With this the deployment has its pages' scripts too: for real browsers."""
    request.getfixturevalue("built")
    settings["assets"] = AssetManifest.load()


def _number(url: str, **first: int) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        for table, start in first.items():
            changed = database.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (start - 1, table))
            assert changed.rowcount == 1, table
    database.close()


async def beside(page: Page) -> Page:
    """Somebody else's page, in the same browser."""
    assert page.context.browser is not None
    return await page.context.browser.new_page(**VISITING)
