"""The handset that calls and writes, in a real browser: the demo's number answers, and every state of it is usable."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.fixtures.chromium import CHROMIUM
from tests.fixtures.site import Site
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = ["--no-sandbox", "--allow-loopback-in-peer-connection"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SHOP_NUMBER = "+33159133354"
NOBODY = "+33199999999"
NARROW = {"width": 320, "height": 640}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def handset(site: Site, browser: Browser, **looks: Any) -> tuple[Page, list[str]]:
    page = await (await browser.new_context(**looks)).new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{site.server}/handset/demo")
    await expect(page.locator("main")).to_have_attribute("data-state", "idle", timeout=PATIENCE_MS)
    return page, errors


async def test_it_dials_from_the_keyboard_is_answered_and_remembers(site: Site, browser: Browser) -> None:
    page, errors = await handset(site, browser)
    said = page.get_by_role("heading", level=1)
    await page.keyboard.type("+331591333549")
    await page.keyboard.press("Backspace")
    await expect(page.get_by_label("Number to call")).to_have_value(SHOP_NUMBER)
    await page.keyboard.press("Enter")
    await expect(said).to_have_text("In a call", timeout=PATIENCE_MS)
    await page.keyboard.press("5")
    await expect(page.get_by_text("5", exact=True).first).to_be_visible()
    await page.get_by_role("button", name="Hang up").click()
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)
    await page.get_by_label("Number to call").fill("")
    await page.get_by_role("list", name="Recent").get_by_role("button").click()
    await expect(page.get_by_label("Number to call")).to_have_value(SHOP_NUMBER)
    assert errors == []


async def test_a_number_nobody_has_is_said_and_the_next_call_goes(site: Site, browser: Browser) -> None:
    page, errors = await handset(site, browser)
    said = page.get_by_role("heading", level=1)
    for number, words in ((NOBODY, "Nobody has this number."), ("12", "Write the number in the international form")):
        await page.get_by_label("Number to call").fill(number)
        await page.get_by_role("button", name="Call", exact=True).click()
        await expect(said).to_contain_text(words, timeout=PATIENCE_MS)
    await page.get_by_label("Number to call").fill(SHOP_NUMBER)
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(said).to_have_text("In a call", timeout=PATIENCE_MS)
    assert errors == []


async def test_a_long_press_on_0_is_a_plus(site: Site, browser: Browser) -> None:
    page, _ = await handset(site, browser)
    zero = page.get_by_role("button", name="0", exact=True)
    await page.clock.pause_at(await page.evaluate("Date.now() + 60_000"))  # how long a press lasts is not luck
    await zero.hover()
    await page.mouse.down()
    await page.clock.run_for(900)
    await page.mouse.up()
    await zero.click()
    await page.get_by_role("button", name="7", exact=True).click()
    await expect(page.get_by_label("Number to call")).to_have_value("+07")


async def test_a_text_message_is_sent_or_said_to_have_failed(site: Site, browser: Browser) -> None:
    page, errors = await handset(site, browser)
    await page.get_by_role("button", name="Message").click()
    sheet = page.get_by_role("dialog")
    for number, became in ((SHOP_NUMBER, "Sent"), (NOBODY, "Nobody has this number.")):
        await sheet.get_by_label("To").fill(number)
        await sheet.get_by_label("Message").last.fill("Bonjour 👋")
        await sheet.get_by_role("button", name="Send").click()
        await expect(sheet.get_by_role("listitem").last).to_contain_text(became, timeout=PATIENCE_MS)
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    assert errors == []


async def test_the_ticket_leaves_the_address_at_once_and_a_reload_goes_on(site: Site, browser: Browser) -> None:
    page, _ = await handset(site, browser)
    assert page.url == f"{site.server}/handset"
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ready", timeout=PATIENCE_MS)
    other = await page.context.new_page()
    await other.goto(f"{site.server}/handset")
    await expect(other.get_by_role("heading", level=1)).to_contain_text("no longer valid", timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    "looks",
    [
        {"viewport": NARROW, "color_scheme": "light", "locale": "fr"},
        {"viewport": NARROW, "color_scheme": "dark", "locale": "en"},
        {"viewport": NARROW, "color_scheme": "light", "locale": "ar"},
        {"viewport": {"width": 280, "height": 640}, "color_scheme": "dark", "locale": "es"},
        {"viewport": NARROW, "forced_colors": "active", "locale": "en"},
    ],
    ids=["french", "dark", "arabic", "spanish-280", "forced"],
)
async def test_every_state_is_accessible_and_fits(site: Site, browser: Browser, looks: dict[str, Any]) -> None:
    page, errors = await handset(site, browser, **looks)
    await page.evaluate(AXE.read_text("utf-8"))
    main = page.locator("main")
    await _fits_and_reads(page)
    await page.locator(".dialler input").fill(NOBODY)
    await page.locator(".dialler .green").click()
    await expect(page.locator(".recents button")).to_be_visible(timeout=PATIENCE_MS)
    await expect(main).to_have_attribute("data-state", "idle", timeout=PATIENCE_MS)
    await _fits_and_reads(page)
    await page.locator(".dialler input").fill(SHOP_NUMBER)
    await page.locator(".dialler .green").click()
    await expect(main).to_have_attribute("data-state", "talking", timeout=PATIENCE_MS)
    await _fits_and_reads(page)
    await page.locator("main > .acts .red:visible").click()
    await expect(main).to_have_attribute("data-state", "idle", timeout=PATIENCE_MS)
    await page.locator(".dialler .acts .plain").click()
    await page.locator("#text").fill("x" * 200)
    await page.locator(".sheet form button").click()
    await expect(page.locator(".sent [data-state=sent]")).to_be_visible(timeout=PATIENCE_MS)
    await _fits_and_reads(page)
    assert errors == []


async def _fits_and_reads(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = "[...document.querySelectorAll('button, h1')].filter((one) => one.scrollWidth > one.clientWidth + 1)"
    assert await page.evaluate(f"{cut}.map((one) => one.textContent)") == []
    result = await page.evaluate("axe.run({resultTypes: ['violations']})")
    assert result["passes"], "axe looked at nothing"
    assert [(found["id"], found["nodes"][0]["html"]) for found in result["violations"]] == []
