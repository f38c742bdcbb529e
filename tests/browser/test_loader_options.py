"""What a tenant stored for its widget, on a page of its own: seen where the page says nothing, else the page wins."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.pages import Pages
from tests.fixtures.site import Site
from tests.fixtures.visitors import Arrive, Visitor

pytestmark = pytest.mark.browser

STORED = {
    "theme.primaryColor": "#8a1c5b",
    "theme.radius": "4",
    "theme.font": "Georgia",
    "theme.mode": "dark",
    "labels": '{"talk": "Ask Ana", "agreeWrite": "Agreed, in writing", "send": "Off it goes"}',
    "greeting": "Welcome, what can I find for you?",
    "consent.text": "We keep what you write for ten days.",
    "consent.version": "2026-11",
}
LOOKS = """() => {
  const panel = document.querySelector('parloir-widget').shadowRoot.querySelector('.panel');
  const looks = getComputedStyle(panel);
  return {
    radius: panel.style.getPropertyValue('--r'),
    accent: getComputedStyle(panel.querySelector('.main')).backgroundColor,
    font: looks.fontFamily,
    scheme: looks.colorScheme,
  };
}"""

Shop = Callable[..., str]


@pytest.fixture
def shop(site: Site, pages: Pages) -> Shop:
    """The page of a tenant of its own, which stored `stored` first; `given` are the page's own attributes."""

    def opened(stored: dict[str, str], given: str = "") -> str:
        made = json.loads(site.cli("tenants", "create", "--name", "Ana", "--origin", pages.origin, "--json"))
        if stored:
            values = [f"{name}={value}" for name, value in stored.items()]
            site.cli("widget", "set", "--tenant", made["tenant_id"], *values)
        attributes = f'data-tenant-id="{made["tenant_id"]}" data-language="en" {given}'
        return pages.put("/stored", f'<script src="{site.server}/w/v1.js" {attributes}></script>')

    return opened


async def looks(visitor: Visitor) -> Any:
    await visitor.page.locator("parloir-widget .lead").wait_for()
    return await visitor.page.evaluate(LOOKS)


async def test_what_the_tenant_stored_is_seen_and_agreed_to(shop: Shop, arrive: Arrive) -> None:
    visitor = await arrive(color_scheme="light")
    await visitor.visit(shop(STORED))
    await visitor.launcher.click()
    await visitor.page.get_by_role("button", name="Ask Ana").wait_for()
    await visitor.page.get_by_text("Welcome, what can I find for you?").wait_for()
    assert (await looks(visitor)) == {
        "radius": "4px",
        "accent": "rgb(180, 110, 150)",  # lighter than what was stored, so that it is read on the dark ground
        "font": "Georgia",
        "scheme": "dark",
    }
    await visitor.write("Hello")
    await visitor.page.get_by_text("We keep what you write for ten days.").wait_for()
    await visitor.page.get_by_text("Version 2026-11").wait_for()
    async with visitor.page.expect_request("**/widget/sessions") as asked:
        await visitor.press("Agreed, in writing")
    assert json.loads((await asked.value).post_data or "")["consent"] == {"version": "2026-11"}
    await visitor.until_told("conversationStart")
    await visitor.log.get_by_text("Welcome, what can I find for you?").wait_for()
    assert await visitor.events("error") == []


async def test_the_page_goes_before_what_was_stored(shop: Shop, arrive: Arrive) -> None:
    visitor = await arrive(color_scheme="light")
    own = """data-theme-mode="light" data-theme-radius="20" data-theme-primary-color="#0b6e6e"
      data-labels='{"talk": "Talk to us"}' data-greeting="Hello from the page." """
    await visitor.visit(shop(STORED, own))
    await visitor.launcher.click()
    await visitor.page.get_by_role("button", name="Talk to us").wait_for()
    await visitor.page.get_by_text("Hello from the page.").wait_for()
    assert (await looks(visitor)) == {
        "radius": "20px",
        "accent": "rgb(11, 110, 110)",
        "font": "Georgia",  # the page says nothing of it
        "scheme": "light",
    }
    assert await visitor.page.get_by_role("button", name="Off it goes").count() == 1, "labels are replaced one by one"


@pytest.mark.parametrize(("given", "microphone_asked"), [("", False), ('data-text-only="false"', True)])
async def test_writing_only_is_for_the_page_to_undo(
    talking_site: Site, shop: Shop, arrive: Arrive, given: str, microphone_asked: bool
) -> None:
    visitor = await arrive()
    await visitor.visit(shop({"textOnly": "true", "greeting": "Ask me in writing."}, given))
    await visitor.launcher.click()
    await visitor.page.get_by_text("Ask me in writing.").wait_for()  # what was stored has arrived
    assert await visitor.page.get_by_role("button", name="Start talking").is_visible() is microphone_asked


async def test_a_text_of_the_page_without_its_version_is_not_agreed_to(shop: Shop, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(shop(STORED, 'data-consent-text="Whatever."'))
    await visitor.launcher.click()
    await visitor.write("Hello")
    await visitor.page.get_by_text("We keep what you write for ten days.").wait_for()
    assert await visitor.page.get_by_text("Whatever.").count() == 0
    (told,) = await visitor.events("error")
    assert (told["code"], "consent.version" in told["message"]) == ("config_invalid", True)


async def test_a_label_of_no_text_is_told_to_the_page(pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    labels = """data-labels='{"talk": "Talk to us", "tlak": "Oops"}'"""
    await visitor.visit(pages.put("/labels", f"<body>{pages.tag(labels)}</body>"))
    await visitor.launcher.click()
    await visitor.page.get_by_role("button", name="Talk to us").wait_for()
    await visitor.write("Hello")
    await visitor.press("Agree and write")
    await visitor.until_told("error", code="config_invalid", message="There is no label tlak.")
    await visitor.until_console("tlak")
    assert len([line for line in visitor.console if "tlak" in line]) == 1
