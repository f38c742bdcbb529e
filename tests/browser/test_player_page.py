"""The player's controls in a real browser on a real server: keys, step with the sound, search, links, files."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.fixtures.player_pages import AUDIO, SECONDS, Look, now, ready, until
from tests.fixtures.replays import LINES, Archive, conversation

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

# From when it is asked, how the element may move: the words marked at a time, and the time itself.
IN_STEP = """new Promise((done) => {
  const audio = document.querySelector('audio'), seen = [];
  audio.addEventListener('timeupdate', () => queueMicrotask(() => {
    const marked = document.querySelector('[aria-current]');
    seen.push([audio.currentTime, marked?.firstElementChild.textContent ?? null]);
    if (audio.ended || seen.length >= 24) done(seen);
  }));
})"""

# The page is not being scrolled: a wheel does that for a moment.
RESTS = """new Promise((done) => {
  const from = scrollY;
  setTimeout(() => done(scrollY === from), 300);
})"""
# Where the element is told to go next: what it says then is the aim, whatever it has played when it is asked.
NEXT_SEEK = f"""new Promise((done) => {{
  const audio = {AUDIO};
  audio.addEventListener('seeking', () => done(audio.currentTime), {{once: true}});
}})"""

# Before the first picture: the element is not in the page yet, and has nothing to play.
PLAY_AT_ONCE = """new MutationObserver((_, watching) => {
  if (!document.querySelector('main[data-sound=ready]')) return;
  watching.disconnect();
  window.hadSound = document.querySelector('audio') !== null;
  document.querySelector('.play').click();
}).observe(document, {childList: true, subtree: true, attributes: true});"""


async def test_whoever_presses_play_before_the_first_picture_hears_it(archive: Archive, look: Look) -> None:
    page = await look("about:blank")
    await page.add_init_script(PLAY_AT_ONCE)
    await page.goto(await archive.link(await archive.finished(SECONDS)))
    await until(page, f"!!{AUDIO} && !{AUDIO}.paused && {AUDIO}.currentTime > 0.5")
    assert await page.evaluate("window.hadSound") is False
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await expect(page.get_by_label("Speed")).to_have_value("1")


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
    await page.get_by_label("Speed").select_option("3")
    await page.evaluate(f"window.aim = {NEXT_SEEK}; window.seen = {IN_STEP}; 0")
    await page.get_by_role("button", name=re.compile(re.escape(LINES[1]))).click()
    assert await page.evaluate("window.aim") == pytest.approx(4, abs=0.01)
    seen = await page.evaluate("window.seen")
    times = [at for at, _ in seen]
    assert min(times) >= 3.5
    assert max(times) > 12
    for at, marked in seen:  # the page looked at the time just before we did
        assert marked in {
            [line.text for line in said if line.t0_ms <= seen_at * 1000][-1] for seen_at in (at, at - 0.3)
        }


async def test_speed_keeps_the_pitch_and_silence_is_left_out(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(SECONDS)))
    await ready(page)
    for rate in ("3", "2", "0.5"):
        await page.get_by_label("Speed").select_option(rate)
        assert await page.evaluate(f"[{AUDIO}.playbackRate, {AUDIO}.preservesPitch]") == [float(rate), True]
    skip = page.get_by_role("button", name="Skip silence")
    await skip.click()
    await expect(skip).to_have_attribute("aria-pressed", "true")
    # Nobody speaks from 12 s to 16 s: whoever plays from 11 s hears nothing of that but its first moments.
    # At half the speed, so that a page that comes late by a second is not late by more than those.
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
    await until(page, RESTS)
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
