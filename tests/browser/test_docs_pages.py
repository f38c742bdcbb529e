"""/docs in Chromium: no axe violation, complete by keyboard, on every width; and its pages' own snippets at work."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from server.web.docs.content import EXAMPLE_ORIGIN
from server.web.documentation import SITE
from tests.fixtures.pages import Pages
from tests.fixtures.player_pages import Look, until
from tests.fixtures.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
SHOWN = ("en/", "fr/webhooks", "fr/errors", "en/api/calls", "fr/api/events", "fr/search?q=jeton")
SNIPPET = re.compile(r"^```html[^\n]*\n(.*?)^```$", re.M | re.S)


@pytest.mark.parametrize("look_of", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
async def test_no_page_breaks_a_rule_of_axe_or_is_wider_than_its_window(
    site: Site, look: Look, look_of: dict[str, str]
) -> None:
    for path in SHOWN:
        page = await look(f"{site.server}/docs/{path}", reduced_motion="reduce", **look_of)
        await page.evaluate(AXE.read_text("utf-8"))
        for width in (320, 820, 1440):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert found["passes"], "axe looked at nothing"
            assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]] == [], (path, width)
        await page.context.close()


async def test_a_reader_chooses_a_language_once_and_copies(site: Site, look: Look) -> None:
    page = await look(f"{site.server}/docs/en/", permissions=["clipboard-read", "clipboard-write"])
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.get_by_role("tab", name="curl").first.focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Node").first).to_be_focused()
    await expect(page.get_by_role("tabpanel", name="Node").first).to_be_visible()
    await page.goto(f"{site.server}/docs/en/webhooks")
    for tab in await page.get_by_role("tab", name="Node").all():
        await expect(tab).to_have_attribute("aria-selected", "true")
    await page.get_by_role("button", name="Copy", exact=True).first.click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f'const response = await fetch("{site.server}/api/v1/webhooks"')


async def test_on_a_phone_the_contents_open_and_close(site: Site, look: Look) -> None:
    page = await look(f"{site.server}/docs/fr/", viewport={"width": 360, "height": 720})
    webhooks = page.get_by_role("navigation", name="Sommaire").get_by_role("link", name="Les webhooks")
    await expect(webhooks).to_be_hidden()
    await page.get_by_text("Sommaire", exact=True).first.focus()
    await page.keyboard.press("Enter")
    await webhooks.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Les webhooks")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks")


class Customer:
    """An account of the running server, and what the snippets' words mean for it."""

    def __init__(self, site: Site, pages: Pages) -> None:
        made = site.cli("tenants", "create", "--name", "Docs", "--plan", "enterprise", "--language", "en", "--json")
        tenant = json.loads(made)
        site.cli("tenants", "origins", "add", tenant["tenant_id"], pages.origin)
        self._site = site
        self._token = f"Bearer {tenant['project_token']}"
        order = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": "+15005550006"}
        call = self.post("initiate", order)
        number = call["phone_call_id"]
        self.words = {
            EXAMPLE_ORIGIN: site.server,
            EXAMPLE_ORIGIN.replace("http", "ws", 1): site.server.replace("http", "ws", 1),
            "voc_pk_live_…": tenant["public_key"],
            "90210": str(number),
            "CABLE_TOKEN": call["cable_token"],
            "EMBED_URL": self.post(f"{number}/embed_session", {"role": "listen"})["embed_url"],
            "PLAYER_URL": self.post(f"{number}/player_session", {})["player_url"],
        }

    def put_in(self, snippet: str) -> str:
        """All at once: a token may hold an id."""
        words = "|".join(map(re.escape, sorted(self.words, key=len, reverse=True)))
        return re.sub(words, lambda word: self.words[word[0]], snippet)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._site.ask(f"/api/v1/calls/{path}", body, Authorization=self._token)
        return answer


def snippets() -> list[tuple[str, str]]:
    """Of every page; test_flow_docs.py compares the languages."""
    return [
        (file.stem, each) for file in sorted((SITE / "en").glob("*.md")) for each in SNIPPET.findall(file.read_text())
    ]


async def test_every_snippet_for_a_page_works_in_one(site: Site, pages: Pages, look: Look) -> None:
    customer = Customer(site, pages)
    for number, (name, snippet) in enumerate(snippets()):
        snippet = customer.put_in(snippet)
        page = await look("about:blank")
        wrong: list[str] = []
        said: list[str] = []
        page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
        page.on("console", lambda message, said=said: said.append(message.text))
        await page.goto(pages.put(f"/{name}-{number}", f"<body>{snippet}</body>"))
        if "/w/v1.js" in snippet:
            await expect(page.locator("parloir-widget").get_by_role("button").first).to_be_visible()
        elif "<iframe" in snippet:
            await expect(page.frame_locator("iframe").get_by_role("heading").first).to_be_attached(timeout=20_000)
        elif "host-v1.js" in snippet:
            await until(page, "typeof phone.dial === 'function'")
        else:
            customer.post(f"{customer.words['90210']}/hangup", {})
            await expect_said(page, said, "status: canceled")
        assert wrong == [], snippet
        await page.context.close()


async def expect_said(page: Any, said: list[str], words: str) -> None:
    while words not in said:
        await page.wait_for_event("console", timeout=20_000)
