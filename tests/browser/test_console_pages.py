"""The console in a real browser: the whole way of a new customer, and every page under axe, in both looks."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.identity import NewAccount, Role
from tests.fixtures.console_visitors import PASSWORD, newest_code
from tests.fixtures.player_pages import Look
from tests.fixtures.replays import Archive
from tests.fixtures.site import ROOT
from tests.fixtures.visitors import PATIENCE_MS
from tests.fixtures.webhook_receiver import Receiver, receiving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]

AXE = ROOT / "node_modules/axe-core/axe.min.js"
TOKEN = re.compile(r"prj_[0-9a-z]{39}")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def archive(built: None, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Archive]:
    """A server that may send webhooks to this machine."""
    settings = {"egress_networks": ("127.0.0.0/8",), "egress_allow_http": True}
    async with Archive.open(sqlite_url, tmp_path / "var", **settings) as archive:
        yield archive


async def sign_in(archive: Archive, page: Page, language: str = "en") -> None:
    """As the owner of the tenant whose calls the archive makes."""
    email = "owner@example.com"
    wish = NewAccount(email, PASSWORD, "Owner", language)
    await archive.running.parloir.identity.accounts.create(wish, archive.running.tenant.tenant_id, Role.OWNER)
    await page.goto(f"{archive.origin}/console/sign-in")
    await page.locator("#email").fill(email)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main button").click()
    await page.locator(".projects").wait_for()


async def delivered(archive: Archive, receiver: Receiver) -> None:
    """What is due is sent, and written down."""
    dispatcher = archive.running.parloir.calling.webhooks.dispatcher
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while await dispatcher.turn() or dispatcher.under_way or not receiver.received:
            await dispatcher.news(0.02)


async def test_from_the_first_page_to_a_key_an_origin_and_a_webhook(
    archive: Archive, look: Look, receiver: Receiver
) -> None:
    page = await look(f"{archive.origin}/console", locale="en")
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    await page.get_by_role("link", name="Create account").click()
    await page.get_by_label("Your name").fill("Anna")
    await page.get_by_label("E-mail address").fill("anna@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_label("Code").wait_for()  # by then the mail is sent
    await page.get_by_label("Code").fill(await newest_code(archive.running))
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("Welcome. Your account is open.")).to_be_visible()
    await page.get_by_role("link", name="default Anna").click()
    await page.get_by_role("link", name="Create token").click()
    await page.get_by_role("button", name="Create token").click()
    shown = TOKEN.search(await page.locator(".secret").inner_text())
    assert shown
    await page.reload()
    await expect(page.get_by_role("heading", name="Project tokens")).to_be_visible()
    assert not TOKEN.search(await page.content())
    await page.get_by_role("link", name="Allowed origins").click()
    await page.get_by_label("Add an origin").fill("https://shop.example")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("https://shop.example is allowed.")).to_be_visible()
    await page.get_by_role("link", name="Webhooks").click()
    await page.get_by_label("Address").fill(f"{receiver.url}/hook")
    await page.get_by_role("button", name="Create webhook").click()
    await expect(page.locator(".secret")).to_contain_text("whsec_")
    await page.get_by_role("button", name="Send a test").click()
    await delivered(archive, receiver)
    attempt = page.locator("details.try").first  # the list asks again by itself
    await expect(attempt).to_contain_text("webhook.test", timeout=PATIENCE_MS)
    await expect(page.locator("#facts")).not_to_contain_text("none yet")
    await attempt.locator("summary").click()
    await attempt.get_by_role("button", name="Send again").click()
    await expect(page.get_by_text("It is sent again, under the same id.")).to_be_visible()
    assert refused == []


async def test_a_call_appears_by_itself_and_is_replayed(archive: Archive, look: Look) -> None:
    page = await look(f"{archive.origin}/console/sign-in", locale="en")
    await sign_in(archive, page)
    await page.locator(".projects a").click()
    await page.get_by_role("link", name="Calls", exact=True).click()
    await expect(page.get_by_text("No call yet")).to_be_visible()
    call = await archive.words_alone()
    async with page.context.expect_page(timeout=PATIENCE_MS) as opened:
        await page.get_by_role("button", name=re.compile("^Replay.*33612345678")).click(timeout=PATIENCE_MS)
    player = await opened.value
    await expect(player.get_by_role("button", name="I am interested in your teas")).to_be_visible(timeout=PATIENCE_MS)
    assert "t=" not in player.url
    assert (await archive.store.by_id(call)).is_over


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])
async def test_every_page_fits_and_breaks_no_rule_of_axe(
    archive: Archive, look: Look, scheme: str, language: str
) -> None:
    await archive.begin()
    await archive.words_alone()
    page = await look(
        f"{archive.origin}/console/sign-in", locale=language, color_scheme=scheme, reduced_motion="reduce"
    )
    for door in ("sign-in", "sign-up", "confirm", "forgotten", "new-password"):
        await page.goto(f"{archive.origin}/console/{door}")
        await is_fit(page, language)
    await sign_in(archive, page, language)
    await is_fit(page, language)
    project = await page.locator(".projects a").first.get_attribute("href")
    await page.goto(f"{archive.origin}/console/account")
    await is_fit(page, language)
    await page.goto(f"{archive.origin}{project}/api")
    await page.locator(".title button").click()
    await is_fit(page, language)
    await page.locator("[popovertarget^=revoke-]").first.click()
    await is_fit(page, language)
    for path in (
        "",
        "/calls",
        "/agents",
        "/agents/support",
        "/knowledge",
        "/origins",
        "/webhooks",
        "/numbers?country=FR",
    ):
        await page.goto(f"{archive.origin}{project}{path}")
        await is_fit(page, language)
    await page.goto(f"{archive.origin}{project}/webhooks")
    await page.locator("#url").fill("http://127.0.0.1:9/hook")
    await page.locator("main form button").last.click()
    await page.locator(".secret").wait_for()
    await is_fit(page, language)
    await page.goto(f"{archive.origin}{project}/webhooks/unknown")
    await is_fit(page, language)


async def is_fit(page: Page, language: str) -> None:
    """Direction, width and every rule of axe."""
    assert await page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    await page.evaluate(AXE.read_text("utf-8"))
    for width in (320, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
        found = await page.evaluate("axe.run({resultTypes: ['violations']})")
        assert found["passes"], "axe looked at nothing"
        wrong = [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in found["violations"]]
        assert wrong == [], (page.url, width)
