"""The softphone in a real browser on a real server: a call by link, keys, reload, listener, refusals."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.fixtures.site import ROOT, Site
from tests.fixtures.softphones import ECHO, SPEAKER, Backend, Sit, shows, until_status
from tests.fixtures.speech.questions import question_wav
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]

SAID = "When do you open on Saturday?"
HEARD_A_SECOND = """new Promise((done) => {
  const audio = document.querySelector('audio');
  audio.addEventListener('timeupdate', () => audio.currentTime > 1 && done());
})"""


@pytest.fixture(scope="session")
def voice() -> Path:
    """A question, asked a few seconds after the microphone opens."""
    return question_wav(SAID, "en", lead_s=4, trail_s=40)


async def test_the_agent_talks_reads_what_is_said_and_says_how_it_went(backend: Backend, sit: Sit) -> None:
    # Again and again: a busy machine may not have the line up when it is said first.
    page = await sit(question_wav(SAID, "en", lead_s=4, trail_s=5, times=8))
    call_id = backend.order(ECHO, recipient_name="Jonas Weber", language="en")
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "on")
    assert "t=" not in page.url
    await expect(page.get_by_role("heading", name="Jonas Weber")).to_be_visible()
    log = page.get_by_role("log")
    await log.locator(".row.ours:not(.partial)", has_text="Saturday").first.wait_for(timeout=PATIENCE_MS)
    await log.locator(".row.customer:not(.partial)", has_text="Saturday").first.wait_for(timeout=PATIENCE_MS)
    await page.get_by_role("button", name="End the call").click()
    await shows(page, "ended")
    await page.get_by_role("button", name="Follow up").click()
    await page.get_by_label("Note").fill("Call back on Tuesday")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Note")).to_have_value("Call back on Tuesday")
    await until_status(backend, call_id, "completed")


async def test_the_keys_mute_hold_and_dial(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await sit(voice)
    await page.goto(backend.link(backend.order(SPEAKER), "agent"))
    await shows(page, "on")
    await page.keyboard.press("m")
    await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    await page.keyboard.press("m")
    await page.keyboard.press("h")
    await shows(page, "held")
    await page.keyboard.press("h")
    await shows(page, "on")
    await page.get_by_role("button", name="Keypad").press("Enter")
    await page.keyboard.press("5")
    await page.keyboard.press("#")
    await expect(page.locator("#digits")).to_have_text("5#")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Keypad")).to_be_focused()


async def test_a_reload_goes_on_with_the_call(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await sit(voice)
    call_id = backend.order(SPEAKER)
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "on")
    await expect(page.locator(".row.customer:not(.partial)").first).to_be_visible(timeout=PATIENCE_MS)
    said = await page.locator(".row.customer:not(.partial)").first.inner_text()
    await page.reload()
    await shows(page, "on")
    await expect(page.locator(".row.customer:not(.partial)").first).to_have_text(said)
    assert backend.seen(call_id)["status"] == "in-progress"


async def test_a_listener_hears_without_a_microphone_and_is_told_that_nobody_hears_them(
    backend: Backend, sit: Sit, voice: Path
) -> None:
    agent = await sit(voice)
    call_id = backend.order(SPEAKER)
    await agent.goto(backend.link(call_id, "agent"))
    await shows(agent, "on")
    page = await sit()  # no microphone at all
    await page.goto(backend.link(call_id, "listen"))
    await shows(page, "on")
    await expect(page.get_by_text("They can’t hear you")).to_be_visible()
    await page.get_by_role("button", name="Tap to listen").click()
    await expect(page.get_by_role("button", name="Tap to listen")).to_be_hidden()
    await page.evaluate(HEARD_A_SECOND)
    await expect(page.get_by_role("button", name="Mute")).to_have_count(0)
    await expect(page.get_by_role("button", name="End the call")).to_have_count(0)
    await expect(agent.get_by_text("Listening only")).to_be_visible()
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("heading", name="You left the call")).to_be_visible()
    await shows(agent, "on")


async def test_a_link_opens_once_and_a_wrong_one_says_what_to_do(backend: Backend, sit: Sit, voice: Path) -> None:
    first, second = await sit(voice), await sit(voice)
    link = backend.link(backend.order(SPEAKER), "agent")
    await first.goto(link)
    await shows(first, "on")
    await second.goto(link)
    await expect(second.locator("[data-code=link_used]")).to_contain_text("already opened")
    await second.goto(f"{link}x")
    await expect(second.locator("[data-code=link_invalid]")).to_contain_text("Ask for a new link")


async def test_without_a_microphone_the_agent_is_told_and_may_end_the_call(backend: Backend, sit: Sit) -> None:
    page = await sit()
    call_id = backend.order(SPEAKER)
    await page.goto(backend.link(call_id, "agent"))
    await expect(page.locator("[data-code^=microphone_]")).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_role("button", name="End the call").click()
    await shows(page, "ended")
    await until_status(backend, call_id, "canceled", "completed")


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar", "ary"])
async def test_every_language_fits_and_breaks_no_rule_of_axe(
    talking_site: Site, sit: Sit, voice: Path, language: str
) -> None:
    backend = Backend.of(talking_site, language)
    page = await sit(voice)
    await page.set_viewport_size({"width": 280, "height": 420})
    await page.goto(backend.link(backend.order(SPEAKER, language=language), "agent"))
    await shows(page, "on")
    await page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8"))
    for drawer in ("", "keypad", "transfer", "sound"):
        if drawer:
            await page.locator(f".tool.{drawer}").click()
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("document.documentElement.dir") == ("rtl" if language.startswith("ar") else "ltr")
