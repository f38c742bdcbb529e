"""The same shop in Firefox ESR: a written conversation that goes on elsewhere, under the strictest policy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.fixtures.site import Site
from tests.fixtures.visitors import WATCH, Visitor

FIREFOX = "/usr/bin/firefox-esr"
pytestmark = [
    pytest.mark.firefox,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not Path(FIREFOX).exists(), reason="no Firefox ESR here"),
]


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
        try:
            page = await browser.new_page()
            await page.add_init_script(WATCH)
            visitor = Visitor(page)
            yield visitor
            await visitor.leave()
        finally:
            await browser.close()


async def test_a_visitor_in_firefox_writes_and_goes_on_elsewhere(talking_site: Site, visitor: Visitor) -> None:
    await visitor.visit(f"{talking_site.shop}/strict-csp?lang=en")
    await visitor.launcher.click()
    await visitor.answer_to("What are your opening hours?", "from nine in the morning")
    await visitor.page.goto(f"{talking_site.shop}/strict-csp/product?lang=en")
    await visitor.log.get_by_text("from nine in the morning").first.wait_for()
    await visitor.answer_to("How much does delivery cost?", "four euros ninety")
    assert await visitor.page.evaluate("violations") == []
    assert await visitor.events("error") == []
