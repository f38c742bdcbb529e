"""The panel in every state a visitor meets: no axe violation, keyboard complete, nothing wider than 320 px."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from tests.browser.panel_states.panel_harness import ARGUMENTS, STATES, build, served
from tests.fixtures.chromium import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
TIMEOUT_MS = 45_000
# The late chunk counts as cut after five seconds, which a busy machine may need for less.
NEVER_CUT = """(() => {
  const wait = setTimeout;
  window.setTimeout = (then, ms, ...given) => (ms === 5_000 ? 0 : wait(then, ms, ...given));
})()"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("panel")
    build(folder)
    with served(folder) as address:
        yield address


async def _page(browser: Browser, origin: str, width: int = 360, **look: Any) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": 640}, reduced_motion="reduce", **look)
    page.set_default_timeout(TIMEOUT_MS)
    await page.goto(f"{origin}/page.html")
    return page


async def _bring(page: Page, state: str, **given: Any) -> None:
    await page.evaluate(
        "([state, given]) => void harness.bring(state, given).then(() => (harness.there = true))", [state, given]
    )
    await page.wait_for_function("harness.there")


async def _focused(page: Page) -> str:
    return await page.evaluate("harness.root.activeElement?.className ?? ''")


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])
async def test_no_state_has_an_axe_violation(origin: str, scheme: Any, language: str) -> None:
    found = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for state in STATES:
            page = await _page(browser, origin, color_scheme=scheme)
            await _bring(page, state, language=language)
            await page.add_script_tag(url="/axe.js")
            result = await page.evaluate("axe.run('parloir-widget', {resultTypes: ['violations']})")
            assert result["passes"], "axe looked at nothing"
            if result["violations"]:
                found[state] = [
                    (violation["id"], [node["html"][:120] for node in violation["nodes"]])
                    for violation in result["violations"]
                ]
            await page.close()
        await browser.close()
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("language", ["fr", "ar"])  # the longest words, and the other way round
async def test_at_320_px_nothing_is_cut_off(origin: str, language: str) -> None:
    """No control leaves the panel, and no text leaves its control."""
    cut = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for state in STATES:
            page = await _page(browser, origin, width=320)
            await _bring(page, state, language=language)
            outside = await page.evaluate(
                """() => {
                    const panel = harness.root.querySelector('.panel').getBoundingClientRect();
                    const nodes = [...harness.root.querySelectorAll('button, a, textarea, p, h2, h3, .row')];
                    return nodes.filter((node) => {
                        const box = node.getBoundingClientRect();
                        if (!box.width || node.closest('.hush')) return false;
                        return box.left < panel.left - 1 || box.right > panel.right + 1
                            || (node.matches('button') && node.scrollWidth > node.clientWidth + 1);
                    }).map((node) => node.className + ' ' + node.textContent.slice(0, 40));
                }"""
            )
            if outside:
                cut[state] = outside
            await page.close()
        await browser.close()
    assert not cut, json.dumps(cut, indent=1, ensure_ascii=False)


async def test_the_keyboard_stays_inside_and_escape_gives_back(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "listening")
        places = set()
        for _ in range(20):
            await page.keyboard.press("Tab")
            places.add(await _focused(page))
            assert await page.evaluate("document.activeElement.localName") == "parloir-widget"
        assert {"tool mute", "tool end"} <= places
        await page.keyboard.press("Escape")
        assert await page.evaluate("harness.closedCount") == 1
        assert await page.evaluate("harness.root.querySelector('.panel').hidden")
        await browser.close()


async def test_space_held_on_the_button_talks(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "push_to_talk")
        await page.evaluate("harness.root.querySelector('.ptt').focus()")
        await page.keyboard.down(" ")
        await page.keyboard.up(" ")
        sent = await page.evaluate("fake.channel.sent.filter(({type}) => type === 'talk')")
        assert sent == [{"type": "talk", "on": True}, {"type": "talk", "on": False}]
        await browser.close()


async def test_a_blocked_microphone_leads_to_writing_with_the_reason(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "text_denied")
        assert await page.locator(".note .code").inner_text() == "microphone_denied"
        await page.locator("textarea").fill("Hello")
        await page.keyboard.press("Enter")
        assert await page.locator(".row.user .words").last.inner_text() == "Hello"
        texts = await page.evaluate("fake.channel.sent.filter(({type}) => type === 'text').map(({text}) => text)")
        assert texts == ["Hello"]
        errors = await page.evaluate("harness.events.filter(([name]) => name === 'error').map(([, {code}]) => code)")
        assert errors == ["microphone_denied"]
        await browser.close()


async def test_the_keyboard_stays_in_the_text_field_while_the_agent_answers(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "text_denied")
        await page.locator("textarea").focus()
        for turn in ("thinking", "speaking", "listening"):
            await page.evaluate("state => fake.say({type: 'state', state})", turn)
            assert await page.evaluate("harness.root.activeElement.localName") == "textarea"
        await browser.close()


@pytest.mark.parametrize(("reads_on", "distance"), [(False, "at its end"), (True, "where it was")])
async def test_the_captions_stay_where_the_reader_is_when_the_call_ends(
    origin: str, reads_on: bool, distance: str
) -> None:
    """The last words and the card that closes the call come in one picture, and the card takes from their height."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin, color_scheme="dark")
        await _bring(page, "speaking", language="ar")
        await page.evaluate(
            """window.tell = (id) => fake.say(
              {type: "message", id, seq: 20, role: "agent", text: "مصباح ".repeat(60), final: true, via: "voice"});
            window.log = harness.root.querySelector(".log");
            tell("before");"""
        )
        if reads_on:
            await page.evaluate("void (log.scrollTop = 0)")
            await page.wait_for_function("log.hasAttribute('data-away')")
        before, after, above, below = await page.evaluate(
            """async () => {
              const before = log.clientHeight;
              tell("last");
              harness.panel.end();
              const picture = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
              for (let pictures = 0; pictures < 3; pictures += 1) await picture();
              return [before, log.clientHeight, log.scrollTop, log.scrollHeight - log.scrollTop - log.clientHeight];
            }"""
        )
        assert after < before, "the card takes nothing from the captions"
        assert (above if reads_on else below) <= 1, f"not {distance}: {above} above, {below} below"
        await browser.close()


async def test_without_the_late_chunk_writing_waits_for_it_and_says_so(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await page.route("**/late.js", lambda route: route.abort())
        await _bring(page, "text_denied")
        card = page.locator(".card:visible", has_text="microphone_denied")
        await card.wait_for()
        codes = await page.evaluate("harness.events.filter(([name]) => name === 'error').map(([, {code}]) => code)")
        assert codes == ["microphone_denied"]
        await page.unroute("**/late.js")
        await card.get_by_role("button", name="Try again").click()
        await page.locator("textarea").fill("Hello")
        await page.keyboard.press("Enter")
        await page.wait_for_function("fake.channel.sent.some(({text}) => text === 'Hello')")
        await browser.close()


async def test_a_call_lost_before_the_late_chunk_came_ends_in_words(origin: str) -> None:
    """The way back comes with that chunk: without it one presses "Try again", and is back in the same conversation."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await page.route("**/late.js", lambda route: route.abort())
        await _bring(page, "listening")
        await page.evaluate("fake.drop('failed')")
        card = page.locator(".card:visible", has_text="connection_lost")
        await card.wait_for()
        await page.unroute("**/late.js")
        await card.get_by_role("button", name="Try again").click()
        await page.wait_for_function("harness.root.querySelector('.panel').dataset.state === 'listening'")
        paths = await page.evaluate("fake.requests.map(({path}) => path)")
        assert paths.count("/widget/sessions") == 1
        assert paths[-1] == "/widget/sessions/connect"
        await browser.close()


async def test_a_network_lost_before_the_late_chunk_came_is_waited_for(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        held: asyncio.Queue[Route] = asyncio.Queue()
        await page.evaluate(NEVER_CUT)
        await page.route("**/late.js", held.put)
        await _bring(page, "listening")
        late = await asyncio.wait_for(held.get(), TIMEOUT_MS / 1_000)
        await page.context.set_offline(True)
        await page.wait_for_function("harness.root.querySelector('.panel').dataset.state === 'reconnecting'")
        await page.context.set_offline(False)
        await late.continue_()
        await page.wait_for_function("harness.root.querySelector('.panel').dataset.state === 'listening'")
        paths = await page.evaluate("fake.requests.map(({path}) => path)")
        assert (paths.count("/widget/sessions"), paths[-1]) == (1, "/widget/sessions/connect")
        await browser.close()


async def test_without_the_late_chunk_hold_to_talk_becomes_mute(origin: str) -> None:
    """Nobody can hold a button that did not come: muted first, then heard as in any call."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await page.route("**/late.js*", lambda route: route.abort())
        async with page.expect_request("**/late.js*"):  # by the click that opens the panel
            await page.evaluate("harness.mount({pushToTalk: true})")
        assert not await page.evaluate("fake.peer"), "the call began before"
        await page.evaluate("talk('listening', 1)")
        mute = page.locator(".tool.mute:visible")
        await mute.wait_for()
        assert await mute.get_attribute("aria-pressed") == "true"
        assert not await page.evaluate("fake.mine.getAudioTracks()[0].enabled")
        await mute.click()
        assert await page.evaluate("fake.mine.getAudioTracks()[0].enabled")
        sent = await page.evaluate("fake.channel.sent.filter(({type}) => type === 'mute').map(({on}) => on)")
        assert (sent[0], sent[-1]) == (True, False)
        await browser.close()


async def test_a_note_is_announced_by_a_region_that_was_there_before(origin: str) -> None:
    """A live region that comes with its words inside says nothing to a screen reader."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "idle")
        region = page.locator(".notes [role=status]")
        assert await region.inner_text() == ""
        height = await page.evaluate("harness.root.querySelector('.notes').getBoundingClientRect().height")
        assert height == 0, "an empty line takes room"
        await page.evaluate("window.region = harness.root.querySelector('.notes [role=status]')")
        await page.evaluate("fake.microphone = 'NotAllowedError'; harness.panel.start()")
        await page.locator(".note .code:visible").wait_for()
        assert "microphone" in (await region.inner_text()).lower()
        assert await page.evaluate(
            "harness.root.querySelector('.notes [role=status]') === region && region.checkVisibility()"
        )
        await browser.close()


async def test_writing_asks_for_the_socket_and_the_session_at_once(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "idle", textOnly=True)
        await page.evaluate("fake.hanging.add('/widget/sessions')")
        async with page.expect_request("**/late.js"):
            await page.evaluate("harness.panel.sendText('Hello')")
        assert await page.evaluate("fake.requests.at(-1).path") == "/widget/sessions"
        await browser.close()


async def test_nothing_late_is_asked_for_before_the_call_has_begun(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.route("**/late.js", lambda route: route.continue_())
        await _bring(page, "connecting")
        assert not [url for url in asked if "late" in url]
        async with page.expect_request("**/late.js"):
            await page.evaluate("fake.hanging.clear(); harness.panel.end(); harness.panel.start()")
        assert await page.evaluate("fake.channel.sent.some(({type}) => type === 'hello')"), "it is connected"
        await browser.close()


WATCH_LOCKS = """
window.locks = [];
const request = navigator.wakeLock.request.bind(navigator.wakeLock);
navigator.wakeLock.request = async (kind) => {
  const lock = await request(kind);
  locks.push(lock);
  return lock;
};
window.hide = async (isHidden) => {
  Object.defineProperty(document, 'hidden', {get: () => isHidden, configurable: true});
  if (isHidden) await locks.at(-1).release(); // as the browser does with a hidden page
  document.dispatchEvent(new Event('visibilitychange'));
};
"""


async def test_the_screen_stays_on_while_one_talks(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        held = "locks.map(({released}) => !released)"
        await page.evaluate(WATCH_LOCKS)
        await _bring(page, "listening")
        await page.wait_for_function("locks.length === 1")
        await page.evaluate("hide(true)")
        assert await page.evaluate(held) == [False]
        await page.evaluate("hide(false)")
        await page.wait_for_function("locks.length === 2")
        assert await page.evaluate(held) == [False, True]
        await page.evaluate("harness.panel.end()")
        await page.wait_for_function("locks.every(({released}) => released)")
        await page.evaluate("hide(false)")
        assert len(await page.evaluate(held)) == 2, "a lock for a call that is over"
        await browser.close()


@pytest.mark.parametrize(
    "lock", ["undefined", "{request: () => Promise.reject(new DOMException('', 'NotAllowedError'))}"]
)
async def test_a_browser_without_a_wake_lock_talks_all_the_same(origin: str, lock: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        thrown: list[object] = []
        page.on("pageerror", lambda error: thrown.append(error))
        await page.evaluate(f"Object.defineProperty(navigator, 'wakeLock', {{value: {lock}}})")
        await _bring(page, "listening")
        assert thrown == []
        assert await page.evaluate("harness.events.filter(([name]) => name === 'error')") == []
        await browser.close()


async def test_nothing_is_stored_before_the_visitor_agreed(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "consent")
        assert await page.evaluate("sessionStorage.length + localStorage.length + document.cookie.length") == 0
        assert await page.evaluate("fake.requests.map(({path}) => path)") == ["/widget/config", "/widget/config"]
        await page.locator(".consent .main").click()
        await page.wait_for_function("fake.channel?.sent.length")
        opened = await page.evaluate("fake.requests.find(({path}) => path === '/widget/sessions').body")
        assert opened["consent"] == {"version": "2026-01"}
        assert await page.evaluate("sessionStorage.length") == 1
        await browser.close()


async def test_destroy_leaves_nothing(origin: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, origin)
        await _bring(page, "speaking")
        await page.evaluate("harness.panel.destroy()")
        assert await page.evaluate("harness.root.childElementCount") == 0
        assert await page.evaluate("fake.peer.connectionState") == "closed"
        await browser.close()
