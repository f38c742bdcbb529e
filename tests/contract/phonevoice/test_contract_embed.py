"""A softphone's link as the document has it, and its iframe line in a real browser (P-025, P-046 to P-054)."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.contract.phonevoice.conftest import CALL, VISITING, Service
from tests.contract.phonevoice.documented import answer_in, block, fits
from tests.fixtures.softphones import PATIENCE_MS, Sit
from tests.flow.test_flow_cable import Talk

SHOP = "https://crm.example/call"


async def test_a_softphones_link_in_every_language(service: Service) -> None:
    assert (await service.bridge())["phone_call_id"] == CALL
    _, shape = answer_in("15-embed.sh")
    body, code = (await service.run("15-embed.sh")).documents
    assert code == 200
    shape["embed_url"] = service.at.instead(shape["embed_url"])
    assert fits(shape, body), body
    links = {body["embed_url"]}
    for name in ("17-embed.py", "18-embed.rb"):
        links.add((await service.run(name)).out.strip())
    assert len(links) == 3  # each its own
    for link in links:
        page = await service.running.http.get(link)
        assert (page.status_code, urlsplit(link).path) == (200, "/embed")


@pytest.mark.browser
async def test_the_printed_page_script_puts_a_softphone_on_the_page(pages: None, service: Service, sit: Sit) -> None:
    """As a page of the deployment's own: what any other page would tell the world with it is its project token."""
    await service.bridge()
    page = await sit(**VISITING)
    here = f"{service.running.url}/some/page"
    await page.route(here, lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body></body>"))
    await page.goto(here)
    await page.add_script_tag(content=service.at.instead(block("16-embed.js")), type="module")
    phone = page.frame_locator("iframe")
    await expect(phone.locator(".phone")).to_be_visible(timeout=PATIENCE_MS)
    assert await page.locator("iframe").get_attribute("allow") == "microphone; autoplay"


@pytest.mark.browser
async def test_the_printed_iframe_line_opens_the_softphone_on_anybodys_page(
    pages: None, service: Service, sit: Sit
) -> None:
    await service.bridge()
    link = (await service.ask("POST", f"/calls/{CALL}/embed_session", {"role": "listen"})).json()["embed_url"]
    page = await sit(**VISITING)
    line = block("19-iframe.html").replace("EMBED_URL", link)
    await page.route(SHOP, lambda route: route.fulfill(content_type="text/html", body=f"<!doctype html>{line}"))
    await page.goto(SHOP)
    await expect(page.frame_locator("iframe").locator(".phone")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.browser
async def test_a_players_link_opens_the_call_in_an_iframe(pages: None, service: Service, sit: Sit) -> None:
    """P-026, P-107, A-20. Nothing was recorded: the words alone are there."""
    await Talk(service.running, (await service.bridge())["phone_call_id"], "").whole()
    answer = await service.ask("POST", f"/calls/{CALL}/player_session")
    body = answer.json()
    assert (answer.status_code, body["embed_url"], body["expires_in"]) == (200, body["player_url"], 300)
    assert urlsplit(body["player_url"]).path == "/player"
    page = await sit(**VISITING)
    line = block("19-iframe.html").replace("EMBED_URL", body["player_url"])
    await page.route(SHOP, lambda route: route.fulfill(content_type="text/html", body=f"<!doctype html>{line}"))
    await page.goto(SHOP)
    await expect(page.frame_locator("iframe").get_by_text("Good morning.")).to_be_visible(timeout=PATIENCE_MS)
