"""The player in a real browser on a real server: every state a call may be in, keys, step with the sound, files."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.fixtures.replays import LINES, Archive, conversation
from tests.fixtures.site import ROOT, Site
from tests.fixtures.visitors import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PATIENCE_MS = 20_000
SECONDS = 24
AXE = ROOT / "node_modules/axe-core/axe.min.js"
AUDIO = "document.querySelector('audio')"
# From when it is asked, how the element may move: the words marked at a time, and the time itself.
IN_STEP = """new Promise((done) => {
  const audio = document.querySelector('audio'), seen = [];
  audio.addEventListener('timeupdate', () => queueMicrotask(() => {
    const marked = document.querySelector('[aria-current]');
    seen.push([audio.currentTime, marked?.firstElementChild.textContent ?? null]);
    if (audio.ended || seen.length >= 24) done(seen);
  }));
})"""

Look = Callable[..., Awaitable[Page]]


@pytest.fixture
async def archive(built: None, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Archive]:
    async with Archive.open(sqlite_url, tmp_path / "var") as archive:
        yield archive


@pytest.fixture
async def look() -> AsyncIterator[Look]:
    """Opens pages, each in a context of its own; keywords are the context's."""
    async with AsyncExitStack() as closing:
        playwright = await closing.enter_async_context(async_playwright())
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        closing.push_async_callback(browser.close)

        async def looks(url: str, **context: Any) -> Page:
            opened = await browser.new_context(**context)
            page = await opened.new_page()
            await page.goto(url)
            return page

        yield looks


async def ready(page: Page) -> None:
    await expect(page.get_by_role("slider")).to_have_attribute("aria-disabled", "false", timeout=PATIENCE_MS)
    await until(page, f"{AUDIO}.readyState >= 1")


async def until(page: Page, reached: str) -> None:
    """Ours, because Playwright's own waits by eval(), which the page's policy forbids."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await page.evaluate(reached):  # noqa: ASYNC110  # the page tells nobody
            await asyncio.sleep(0.02)


async def now(page: Page) -> float:
    return float(await page.evaluate(f"{AUDIO}.currentTime"))


async def states(archive: Archive) -> dict[str, str]:
    """A link to every state; the page of each carries `data-sound`, or the code of why there is nothing."""
    erased = await archive.finished(4)
    await archive.recordings.erase(erased)
    expired = await archive.link(erased)
    archive.clock.jump(306)  # and not 5 s of leeway
    used = await archive.link(await archive.words_alone())
    await archive.running.parloir.calling.players.exchange(used.partition("?t=")[2])
    going_on, _ = await archive.going_on()
    return {
        "link_expired": expired,
        "link_used": used,
        "link_invalid": f"{archive.origin}/player?t=nonsense",
        "recording_erased": await archive.link(erased),
        "ready": await archive.link(await archive.finished(SECONDS)),
        "recording": await archive.link(going_on),
        "none": await archive.link(await archive.words_alone()),
        "failed": await archive.link(await archive.failed()),
        "unheard": await archive.link(await archive.without_words()),
    }


async def settle(page: Page, state: str) -> None:
    """The page shows `state` and nothing is on its way any more."""
    if re.match(r"link_|recording_", state):
        await page.locator(f"[data-code={state}]").wait_for()
        return
    await page.locator(f"main[data-sound={'ready' if state == 'unheard' else state}]").wait_for()
    if state in ("ready", "unheard"):
        await ready(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_state_fits_and_breaks_no_rule_of_axe(
    archive: Archive, look: Look, language: str, scheme: str
) -> None:
    for state, url in (await states(archive)).items():
        page = await look(url, locale=language, color_scheme=scheme, reduced_motion="reduce")
        await settle(page, state)
        assert await page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
        await page.evaluate(AXE.read_text("utf-8"))
        for width in (320, 800, 1280):
            await page.set_viewport_size({"width": width, "height": 720})
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (state, width)
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert found["passes"], "axe looked at nothing"
            assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]] == [], (state, width)
        assert "t=" not in page.url
        await page.context.close()


async def test_the_slider_is_moved_by_keys_and_says_where_it_is(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(90)))
    await ready(page)
    slider = page.get_by_role("slider", name="Position")
    await slider.focus()
    for key, at in [
        ("ArrowRight", 5),
        ("ArrowUp", 10),
        ("ArrowLeft", 5),
        ("PageUp", 35),
        ("PageDown", 5),
        ("ArrowDown", 0),
        ("ArrowLeft", 0),
        ("End", 90),
        ("Home", 0),
        ("PageUp", 30),
    ]:
        await slider.press(key)
        await expect(slider).to_have_attribute("aria-valuenow", str(at))
        assert await now(page) == pytest.approx(at, abs=0.2)
    for name, value in [("aria-valuemin", "0"), ("aria-valuemax", "90"), ("aria-valuetext", "0:30 of 1:30")]:
        await expect(slider).to_have_attribute(name, value)
    await page.locator("h1").click()
    await page.keyboard.press("l")
    assert await now(page) == pytest.approx(40, abs=0.2)
    await page.keyboard.press("j")
    await page.keyboard.press(" ")
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.keyboard.press("k")
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


async def test_a_click_on_the_lanes_and_a_drag_seek(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(SECONDS)))
    await ready(page)
    box = await page.get_by_role("slider").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20)
    await page.mouse.down()
    assert await now(page) == pytest.approx(SECONDS / 4, abs=0.3)
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    await page.mouse.up()
    assert await now(page) == pytest.approx(SECONDS / 2, abs=0.3)


async def test_the_words_being_said_are_marked_and_a_click_on_words_goes_there(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(SECONDS)))
    await ready(page)
    said = conversation(SECONDS)
    watching = page.evaluate(IN_STEP)
    await page.get_by_label("Speed").select_option("3")
    await page.get_by_role("button", name=re.compile(re.escape(LINES[1]))).click()
    seen = await watching
    times = [at for at, _ in seen]
    assert min(times) == pytest.approx(4, abs=0.5)
    assert max(times) > 12
    for at, marked in seen:
        assert marked == [line.text for line in said if line.t0_ms <= at * 1000][-1], at


async def test_speed_keeps_the_pitch_and_silence_is_left_out(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(SECONDS)))
    await ready(page)
    for rate in ("0.5", "3", "2"):
        await page.get_by_label("Speed").select_option(rate)
        assert await page.evaluate(f"[{AUDIO}.playbackRate, {AUDIO}.preservesPitch]") == [float(rate), True]
    skip = page.get_by_role("button", name="Skip silence")
    await skip.click()
    await expect(skip).to_have_attribute("aria-pressed", "true")
    # Nobody speaks from 12 s to 16 s: whoever plays from 11 s hears nothing of that but its first moments.
    watching = page.evaluate(IN_STEP)
    await page.evaluate(f"{AUDIO}.currentTime = 11")
    await page.get_by_role("button", name="Play", exact=True).click()
    times = [at for at, _ in await watching]
    assert [at for at in times if 13 < at < 15.5] == []
    assert max(times) > 16


async def test_words_are_found_and_gone_through(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(SECONDS)))
    await ready(page)
    search = page.get_by_role("searchbox", name="Search the transcript")
    await search.fill("SEND")
    await expect(page.locator("mark")).to_have_text(["send", "send"])
    await expect(page.get_by_text("2 found")).to_be_visible()
    await search.press("Enter")
    await search.press("Enter")
    await expect(page.get_by_text("2 / 2")).to_be_visible()
    await expect(page.locator(".here")).to_contain_text("send me the details")
    await page.get_by_role("button", name="Previous").click()
    await expect(page.locator(".here")).to_contain_text("could send a tasting box")
    await search.fill("zebra")
    await expect(page.get_by_text("0 found")).to_be_visible()


async def test_reading_elsewhere_is_not_disturbed_and_a_button_leads_back(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(240)), viewport={"width": 800, "height": 600})
    await ready(page)
    await expect(page.get_by_role("button", name="Back to now")).to_be_hidden()
    assert await page.evaluate("scrollY") == 0
    await page.get_by_role("slider").press("PageUp")
    await page.get_by_role("button", name="Play", exact=True).click()
    marked = page.locator("[aria-current]")
    await expect(marked).to_be_in_viewport()
    await page.mouse.move(400, 500)
    await page.mouse.wheel(0, 1500)
    back = page.get_by_role("button", name="Back to now")
    await expect(back).to_be_visible()
    place = await page.evaluate("scrollY")
    await page.get_by_label("Speed").select_option("3")
    before = await marked.text_content() or ""
    await expect(marked).not_to_have_text(before)
    assert await page.evaluate("scrollY") == place
    await back.click()
    await expect(marked).to_be_in_viewport()
    await expect(back).to_be_hidden()
    after = await marked.text_content() or ""
    await expect(marked).not_to_have_text(after)
    await expect(marked).to_be_in_viewport()  # it follows again


async def test_a_link_to_a_moment_has_the_form_of_the_host_page_and_opens_there(archive: Archive, look: Look) -> None:
    call_id = await archive.finished(SECONDS)
    form = "&link=https%3A%2F%2Fcrm.example%2Fcalls%2F7%3Fat%3D{t}"
    page = await look(await archive.link(call_id) + form + "#t=9", permissions=["clipboard-read", "clipboard-write"])
    await ready(page)
    await expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", "9")
    await page.reload()
    await ready(page)
    await page.get_by_role("slider").press("ArrowRight")
    await page.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "https://crm.example/calls/7?at=14"
    plain = await look(await archive.link(call_id), permissions=["clipboard-read", "clipboard-write"])
    await ready(plain)
    await plain.get_by_role("slider").press("PageUp")
    await plain.get_by_role("button", name="Copy time").click()
    assert await plain.evaluate("navigator.clipboard.readText()") == "0:24"
    script = await look(await archive.link(call_id) + "&link=javascript:alert({t})")
    await expect(script.get_by_role("button", name="Copy time")).to_be_visible()


async def test_what_is_downloaded_is_what_the_server_has(archive: Archive, look: Look) -> None:
    call_id = await archive.finished(SECONDS)
    page = await look(await archive.link(call_id))
    await ready(page)
    session = await archive.running.parloir.calling.replays.exchange((await archive.link(call_id)).partition("?t=")[2])
    replays, token = archive.running.parloir.calling.replays, session.session.token
    sound = b"".join([piece async for piece in await archive.recordings.open(call_id)])
    wanted = {
        "MP3": (f"bridge_{call_id}.mp3", sound),
        "VTT": ("transcript.vtt", (await replays.transcript(token, "vtt")).encode()),
        "SRT": ("transcript.srt", (await replays.transcript(token, "srt")).encode()),
    }
    group = page.get_by_role("group", name="Download")
    for name, (file, content) in wanted.items():
        async with page.expect_download() as waiting:
            await group.get_by_text(name, exact=True).click()
        download = await waiting.value
        assert download.suggested_filename == file
        assert await asyncio.to_thread((await download.path()).read_bytes) == content


async def test_a_call_that_goes_on_fills_in_by_itself(archive: Archive, look: Look) -> None:
    call_id, recorder = await archive.going_on(8)
    page = await look(await archive.link(call_id))
    await expect(page.get_by_text("Still being prepared")).to_be_visible()
    await expect(page.locator(".bubble")).to_have_count(2)
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_hidden()
    await expect(page.get_by_role("slider")).to_have_attribute("aria-valuemax", "8")
    archive.speak(recorder, range(8, 12))
    await archive.say(call_id, conversation(12)[2:])
    await expect(page.locator(".bubble")).to_have_count(3, timeout=PATIENCE_MS)
    await expect(page.get_by_role("slider")).to_have_attribute("aria-valuemax", "12", timeout=PATIENCE_MS)
    await archive.end(call_id)
    await recorder.finish()
    await ready(page)
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    await archive.judge(call_id, conversation(12))
    await expect(page.get_by_role("heading", name="Summary")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_text("Judged by the built-in rules")).to_be_visible()
    await expect(page.get_by_text("Still being prepared")).to_be_hidden()


async def test_a_page_in_use_outlives_its_session_and_its_sound_goes_on(archive: Archive, look: Look) -> None:
    """Both are signed for an hour. At 40 minutes the page is used; at 80 it asks for its sound by an old address."""
    page = await look("about:blank")
    await page.clock.install()
    await page.goto(await archive.link(await archive.finished(900)))
    await ready(page)
    await page.clock.fast_forward(40 * 60_000)
    archive.clock.jump(40 * 60)
    async with page.expect_response("**/player/renew") as renewing:
        await page.get_by_role("slider").press("End")
    assert (await renewing.value).status == 200
    await page.get_by_role("slider").press("Home")
    archive.clock.jump(40 * 60)
    async with page.expect_response(lambda answer: "/recordings/" in answer.url and answer.status == 410):
        await page.get_by_role("slider").click()  # its middle, of which the browser has nothing yet
    await until(page, f"{AUDIO}.error === null && {AUDIO}.readyState >= 3 && {AUDIO}.currentTime > 400")
    assert await now(page) == pytest.approx(450, abs=2)
    await page.get_by_role("button", name="Play", exact=True).click()
    await until(page, f"{AUDIO}.currentTime > 452.2")


async def test_sound_that_breaks_off_goes_on_at_the_same_place(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(900)))
    await ready(page)
    await page.get_by_role("slider").press("PageUp")
    await page.get_by_label("Speed").select_option("1.5")
    refused = []

    async def expire_once(route: Any) -> None:
        if refused:
            await route.continue_()
        else:
            refused.append(route.request.url)
            await route.fulfill(status=410)

    await page.route("**/recordings/**", expire_once)
    async with page.expect_response("**/player/call"):
        await page.evaluate(
            f"(at => {{ {AUDIO}.load(); {AUDIO}.currentTime = at; {AUDIO}.play().catch(() => 0); }})(31)"
        )
    await until(page, f"{AUDIO}.currentTime > 31.2 && !{AUDIO}.paused")
    assert await now(page) < 60
    assert await page.evaluate(f"{AUDIO}.playbackRate") == 1.5
    assert refused
    await page.unroute("**/recordings/**")
    await page.route("**/recordings/**", lambda route: route.abort())
    await page.evaluate(f"{AUDIO}.load()")
    await expect(page.get_by_text("The sound could not be loaded.")).to_be_visible()


async def test_a_page_left_open_for_too_long_says_what_to_do(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.words_alone()))
    await page.locator("main[data-sound=none]").wait_for()
    archive.clock.jump(3_700)
    await page.reload()
    await expect(page.locator("[data-code=session_expired]")).to_contain_text("Open the call again")


async def test_a_server_that_is_away_for_a_moment_ends_nothing(archive: Archive, look: Look) -> None:
    call_id, recorder = await archive.going_on(8)
    page = await look(await archive.link(call_id))
    await expect(page.locator(".bubble")).to_have_count(2)
    async with page.expect_request_finished(lambda request: request.url.endswith("/player/peaks")):
        pass
    await page.context.set_offline(True)
    async with page.expect_event("requestfailed"):
        pass
    await page.context.set_offline(False)
    await archive.say(call_id, conversation(12)[2:])
    await expect(page.locator(".bubble")).to_have_count(3, timeout=PATIENCE_MS)
    await recorder.finish()


async def test_forced_colours_leave_every_control_and_the_played_part_visible(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(SECONDS)), forced_colors="active")
    await ready(page)
    for name in ("Play", "Skip silence", "Copy time"):
        width = await page.get_by_role("button", name=name, exact=True).evaluate(
            "node => getComputedStyle(node).borderBlockStartWidth"
        )
        assert width == "1px", name
    colours = await page.get_by_role("slider").evaluate(
        "node => { const {color, caretColor} = getComputedStyle(node); return [color, caretColor]; }"
    )
    assert len({*colours, await page.evaluate("getComputedStyle(document.body).backgroundColor")}) == 3
    marked = await page.locator("[aria-current]").evaluate("node => getComputedStyle(node).outlineStyle")
    assert marked == "solid"


@pytest.mark.speech
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
