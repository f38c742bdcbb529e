"""The demo CRM in a real browser: one click calls, words appear, a supervisor listens, the log tells the end."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, async_playwright, expect

from tests.fixtures.site import Site
from tests.fixtures.visitors import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(300)]

PATIENCE_MS = 30_000
FLAGS = ["--no-sandbox", "--allow-loopback-in-peer-connection"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_context()
        await browser.close()


async def test_click_talk_read_listen_in_and_hang_up(talking_site: Site, context: BrowserContext) -> None:
    page = await context.new_page()
    refused: list[str] = []
    page.on(
        "console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None
    )
    await page.goto(talking_site.crm)
    await page.get_by_role("button", name="Call Amel Haddad").click()
    phone = page.frame_locator("iframe")
    await expect(phone.get_by_text("On call")).to_be_visible(timeout=PATIENCE_MS)
    await expect(phone.get_by_text("weather", exact=False)).to_be_visible(timeout=PATIENCE_MS)
    async with context.expect_page() as opened:
        await page.get_by_role("button", name="Listen in on the call with Amel Haddad").first.click()
    supervisor = await opened.value
    await expect(supervisor.get_by_text("They can’t hear you").first).to_be_visible(timeout=PATIENCE_MS)
    await expect(supervisor.get_by_text("weather", exact=False)).to_be_visible(timeout=PATIENCE_MS)
    await phone.get_by_role("button", name="End").click()
    await expect(phone.get_by_text("How did it go?")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator("tbody tr").first).to_contain_text("completed", timeout=PATIENCE_MS)
    assert refused == []


async def test_a_number_that_is_busy_says_so(talking_site: Site, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(talking_site.crm)
    await page.get_by_role("button", name="Call Paul Lefèvre").click()
    await expect(page.frame_locator("iframe").get_by_text("busy", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator("tbody tr").first).to_contain_text("busy", timeout=PATIENCE_MS)
