"""The virtual handset in a real browser: the demo CRM calls it, it rings, is answered, and hangs up."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, async_playwright, expect

from tests.fixtures.site import Site
from tests.fixtures.visitors import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE_MS = 20_000
FLAGS = ["--no-sandbox", "--allow-loopback-in-peer-connection"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_context()
        await browser.close()


async def test_it_rings_is_answered_and_hangs_up(site: Site, context: BrowserContext) -> None:
    handset = await context.new_page()
    errors: list[str] = []
    handset.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    handset.on("pageerror", lambda error: errors.append(str(error)))
    await handset.goto(f"{site.server}/handset/demo")
    said = handset.get_by_role("heading")
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)

    second = await context.new_page()
    await second.goto(f"{site.server}/handset/demo")
    await expect(second.get_by_role("heading")).to_contain_text("Another tab", timeout=PATIENCE_MS)

    crm = await context.new_page()
    await crm.goto(site.crm)
    await crm.get_by_role("button", name="Call Léa Dubois").click()
    await expect(said).to_have_text("Incoming call", timeout=PATIENCE_MS)
    await handset.get_by_role("button", name="Answer").click()
    await expect(said).to_have_text("In a call", timeout=PATIENCE_MS)
    softphone = crm.frame_locator("iframe")
    await expect(softphone.get_by_text("On call")).to_be_visible(timeout=PATIENCE_MS)
    await handset.get_by_role("button", name="Hang up").click()
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)
    await expect(softphone.get_by_text("How did it go?")).to_be_visible(timeout=PATIENCE_MS)
    assert errors == []
