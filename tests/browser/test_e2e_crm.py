"""The demo CRM in a real browser: one click calls, words appear, a supervisor listens, the log tells the end."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.fixtures.chromium import CHROMIUM
from tests.fixtures.site import Site
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]

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
    light = supervisor.get_by_text("Recording", exact=True)
    await expect(light).to_be_visible()
    await phone.get_by_role("button", name="End").click()
    await expect(phone.get_by_text("How did it go?")).to_be_visible(timeout=PATIENCE_MS)
    await expect(supervisor.get_by_text("The call is over")).to_be_visible(timeout=PATIENCE_MS)
    await expect(light).to_be_hidden()  # nothing is recorded any more
    await expect(page.locator("tbody tr").first).to_contain_text("completed", timeout=PATIENCE_MS)
    await expect(page.get_by_role("button", name="Replay the call with Amel Haddad").first).to_be_visible()
    async with context.expect_page() as replayed:
        await page.get_by_role("button", name="Replay this call").click()
    await _is_replayed(await replayed.value)
    assert refused == []


async def _is_replayed(player: Page) -> None:
    """Sound, words and verdict are there, in step; a reload goes on; the link is gone from the address."""
    await expect(player.get_by_role("heading", name="Amel Haddad")).to_be_visible(timeout=PATIENCE_MS)
    await expect(player.get_by_text("Judged by the built-in rules")).to_be_visible(timeout=PATIENCE_MS)
    assert "t=" not in player.url
    lanes = player.get_by_role("slider")
    await player.get_by_role("button", name="Play", exact=True).click()
    await expect(lanes).not_to_have_attribute("aria-valuenow", "0", timeout=PATIENCE_MS)
    await player.get_by_role("button", name="weather").click()
    await expect(player.locator("[aria-current]")).to_contain_text("weather", timeout=PATIENCE_MS)
    await lanes.focus()
    await player.keyboard.press("Home")
    await expect(lanes).to_have_attribute("aria-valuetext", re.compile(r"^0:0\d of "))
    await player.reload()
    await expect(player.get_by_role("heading", name="Amel Haddad")).to_be_visible(timeout=PATIENCE_MS)


async def test_a_number_that_is_busy_says_so(talking_site: Site, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(talking_site.crm)
    await page.get_by_role("button", name="Call Paul Lefèvre").click()
    await expect(page.frame_locator("iframe").get_by_text("busy", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator("tbody tr").first).to_contain_text("busy", timeout=PATIENCE_MS)
