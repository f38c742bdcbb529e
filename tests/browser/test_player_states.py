"""The player in every state a call may be in, on a real server: what it shows, what fills in, what ends it."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.fixtures.player_pages import AUDIO, SECONDS, Look, now, ready, until
from tests.fixtures.replays import Archive, conversation
from tests.fixtures.site import ROOT
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

AXE = ROOT / "node_modules/axe-core/axe.min.js"


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


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark")])
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
    await page.goto(await archive.link(await archive.finished(600)))
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
    await until(page, f"{AUDIO}.error === null && {AUDIO}.readyState >= 3 && {AUDIO}.currentTime > 250")
    assert await now(page) == pytest.approx(300, abs=2)
    await page.get_by_role("button", name="Play", exact=True).click()
    await until(page, f"{AUDIO}.currentTime > 302.2")


async def test_sound_that_breaks_off_goes_on_at_the_same_place(archive: Archive, look: Look) -> None:
    page = await look(await archive.link(await archive.finished(600)))
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


async def test_a_frame_that_is_loaded_anew_brings_its_used_link_and_goes_on(archive: Archive, look: Look) -> None:
    link = await archive.link(await archive.words_alone())
    page = await look(link)
    await page.locator("main[data-sound=none]").wait_for()
    await until(page, "sessionStorage.length > 0")
    await page.goto(link)
    await page.locator("main[data-sound=none]").wait_for()
    await (await look(link)).locator("[data-code=link_used]").wait_for()


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
    async with page.expect_request_finished(lambda request: request.url.endswith("/player/call")):
        pass
    await page.context.set_offline(True)
    async with page.expect_event("requestfailed"):
        pass
    await page.context.set_offline(False)
    await archive.say(call_id, conversation(12)[2:])
    await expect(page.locator(".bubble")).to_have_count(3, timeout=PATIENCE_MS)
    await recorder.finish()
