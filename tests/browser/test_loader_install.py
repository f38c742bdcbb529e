"""Every way to install the widget, on the demo shop with the real server behind it; and pages that swap their body."""

import pytest

from server.web.demo import FORMS
from tests.fixtures.pages import Pages
from tests.fixtures.site import Site
from tests.fixtures.visitors import Arrive

pytestmark = pytest.mark.browser

HOURS = "What are your opening hours?"
HOURS_ANSWER = "from nine in the morning"
COST = "How much does delivery cost?"
COST_ANSWER = "four euros ninety"


@pytest.mark.parametrize("form", [form.path for form in FORMS], ids=[form.path or "config" for form in FORMS])
async def test_every_install_form_opens_the_panel_of_the_same_agent(site: Site, arrive: Arrive, form: str) -> None:
    visitor = await arrive()
    await visitor.visit(f"{site.shop}/{form}?lang=en")
    await visitor.until_told("ready")
    await visitor.launcher.click()
    await visitor.page.get_by_role("dialog", name="Conversation with Maison Quai").wait_for()
    assert await visitor.page.locator("parloir-widget").count() == 1
    assert await visitor.events("error") == []
    assert await visitor.page.evaluate("violations") == []
    if form == "init":
        assert await visitor.page.evaluate("document.documentElement.dataset.widget") == "ready"


async def test_turbo_keeps_the_conversation_while_it_swaps_the_page(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(f"{talking_site.shop}/turbo?lang=en")
    await visitor.launcher.click()
    await visitor.answer_to(HOURS, HOURS_ANSWER)
    sockets = [url for url in visitor.requests if url.startswith("ws")]
    await visitor.page.evaluate("window.isSame = true")
    await visitor.page.locator("main a[href*='/product/brume']").first.click()
    await visitor.page.locator("article.product").wait_for()
    assert await visitor.page.evaluate("isSame"), "the page swapped its body, as Turbo does"
    await visitor.answer_to(COST, COST_ANSWER)
    assert await visitor.page.locator("parloir-widget").count() == 1
    assert [url for url in visitor.requests if url.startswith("ws")] == sockets, "not even a reconnection"


async def test_the_tag_twice_is_one_widget(pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(pages.put("/twice", pages.tag() + pages.tag()))
    await visitor.until_told("ready")
    await visitor.launcher.click()
    await visitor.page.get_by_role("dialog").wait_for()
    await visitor.until_told("open")
    assert await visitor.page.locator("parloir-widget").count() == 1
    assert len(await visitor.events("ready")) == 1
    assert len(await visitor.events("open")) == 1


async def test_leaving_in_the_middle_leaves_nothing_and_says_nothing(
    talking_site: Site, pages: Pages, arrive: Arrive
) -> None:
    visitor = await arrive()
    await visitor.visit(pages.put("/destroyed", pages.tag()))
    await visitor.launcher.click()
    await visitor.answer_to(HOURS, HOURS_ANSWER)
    page = visitor.page
    await page.evaluate("VocalIA.destroy()")
    assert await page.locator("parloir-widget").count() == 0
    assert await page.evaluate("document.querySelectorAll('script:not([data-api-key]), link, style').length") == 0
    await page.evaluate(f"VocalIA.init({{apiKey: '{pages.key}', agentId: 'support', language: 'en'}})")
    await page.get_by_role("dialog").wait_for()
    await visitor.log.get_by_text(HOURS_ANSWER).first.wait_for()
    assert await visitor.events("error") == []


async def test_a_page_talks_through_the_api_alone(talking_site: Site, pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(pages.put("/api", pages.tag()))
    await visitor.page.evaluate(f"VocalIA.sendText({HOURS!r})")
    await visitor.press("Agree and write")
    await visitor.until(f"events.some((e) => e.name === 'message' && e.text.includes({HOURS_ANSWER!r}))")
    await visitor.page.evaluate("VocalIA.off('message'); VocalIA.end()")
    await visitor.until_told("conversationEnd", reason="visitor")
    await visitor.page.evaluate("VocalIA.close()")
    await visitor.until_told("close")
    await visitor.launcher.wait_for()
