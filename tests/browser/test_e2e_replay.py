"""The tour's call to replay: the start page leads to it, and it plays with its words and its summary."""

import pytest
from playwright.async_api import expect

from tests.fixtures.player_pages import AUDIO, Look, ready, until
from tests.fixtures.site import Site
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(400)]


async def test_the_start_page_leads_to_a_call_to_replay(talking_site: Site, look: Look) -> None:
    page = await look(talking_site.server)
    await page.get_by_role("link", name="Replay a call").click()
    await ready(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Inès Dubois (sample)")
    await expect(page.locator(".bubble")).to_have_count(8)
    await expect(page.get_by_role("heading", name="Summary")).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_role("button", name="Play", exact=True).click()
    await until(page, f"{AUDIO}.currentTime > 0.5")
    await page.goto(f"{talking_site.server}/player/demo#t=14")
    await expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "14", timeout=PATIENCE_MS)
