"""A softphone's network goes, its devices change, its page is left, all in mid-call: the call goes on."""

import logging
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.fixtures.softphones import ECHO, HANDSET, Backend, Sit, shows
from tests.fixtures.speech.questions import question_wav
from tests.fixtures.tones import Party, ToneCall, all_hear
from tests.fixtures.visitors import PATIENCE_MS
from tests.fixtures.wires import Wire

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]

AGENT, CLIENT = 500, 2_300
WRITES_WITHIN_MS = 60_000  # a busy machine is slow to recognise words
_log = logging.getLogger(__name__)

# Every peer connection of the page, and when its softphone came into which state.
WATCH = """
(() => {
  const Given = RTCPeerConnection;
  window.links = [];
  window.RTCPeerConnection = class extends Given {
    constructor(...how) { super(...how); window.links.push(this); }
  };
  window.states = [];
  const look = () => {
    const state = document.querySelector('.phone')?.dataset.state;
    if (state && state !== window.states.at(-1)?.[0]) window.states.push([state, performance.now()]);
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true});
  addEventListener('online', () => { window.onlineAt = performance.now(); });
})();
"""
SINCE_ONLINE_MS = "states.filter(([state]) => state === 'on').at(-1)[1] - onlineAt"
LIVING_LINKS = "links.map((one) => one.connectionState === 'connected')"
TRACK = "links.at(-1).getSenders()[0].track"
SENDING = f"({{device: {TRACK}.getSettings().deviceId, state: {TRACK}.readyState}})"
SENT = """links.at(-1).getStats().then((all) =>
  [...all.values()].find(({type}) => type === 'outbound-rtp').packetsSent)"""
PULL_OUT = f"(() => {{ const it = {TRACK}; it.stop(); it.dispatchEvent(new Event('ended')); return it.id; }})()"
PLAYS_ON = """new Promise((done) => {
  const audio = document.querySelector('audio'), from = audio.currentTime;
  audio.addEventListener('timeupdate', () => audio.currentTime > from + 1 && done());
})"""


@pytest.fixture(scope="session")
def voice() -> Path:
    """Begins anew with every microphone that is opened."""
    return question_wav("When do you open on Saturday?", "en", lead_s=3, trail_s=40)


@pytest.fixture(scope="session")
def talkative() -> Path:
    """The same question again and again, for two minutes."""
    return question_wav("When do you open on Saturday?", "en", lead_s=3, trail_s=4, times=15)


async def cut_and_mend(wire: Wire) -> None:
    """The page's network is gone until the page has noticed, then there again; returns when the call is on."""
    await wire.cut()
    await shows(wire.page, "lost")
    await expect(wire.page.get_by_role("heading", name="Reconnecting")).to_be_visible()
    await wire.mend()
    await shows(wire.page, "on")
    _log.info("on again %.0f ms after the network was back", await wire.page.evaluate(SINCE_ONLINE_MS))


async def seated(backend: Backend, page: Page) -> Page:
    """The same page, watched, as an agent's in a call with its own echo."""
    await page.add_init_script(WATCH)
    await page.goto(backend.link(backend.order(ECHO, enable_transcription=False), "agent"))
    await shows(page, "on")
    return page


async def test_a_lost_network_costs_the_gap_and_not_the_call(backend: Backend) -> None:
    async with ToneCall.open(AGENT, CLIENT) as tones:
        client = await tones.sit(f"{backend.site.server}/handset/demo", CLIENT)
        await expect(client.page.get_by_role("heading")).to_contain_text("Ready", timeout=PATIENCE_MS)
        call_id = backend.order(HANDSET, enable_transcription=False, enable_analysis=False)
        agent = await tones.seat(AGENT)
        async with Wire.to(agent.page) as wire:
            await agent.page.add_init_script(WATCH)
            await agent.page.goto(backend.link(call_id, "agent"))
            await client.page.get_by_role("button", name="Answer").click(timeout=PATIENCE_MS)
            await shows(agent.page, "on")
            both: dict[Party, set[int]] = {agent: {CLIENT}, client: {AGENT}}
            assert await all_hear(both) == both
            assert await agent.page.evaluate(LIVING_LINKS) == [True]
            await cut_and_mend(wire)
            assert await all_hear(both) == both
            *before, now = await agent.page.evaluate(LIVING_LINKS)
            assert (any(before), now) == (False, True)
            assert backend.seen(call_id)["status"] == "in-progress"


async def test_the_transcript_goes_on_behind_the_gap(backend: Backend, sit: Sit, talkative: Path) -> None:
    page = await sit(talkative)
    async with Wire.to(page) as wire:
        await page.add_init_script(WATCH)
        await page.goto(backend.link(backend.order(ECHO, language="en"), "agent"))
        rows = page.locator(".row.ours:not(.partial)")
        await expect(rows.first).to_be_visible(timeout=WRITES_WITHIN_MS)
        await cut_and_mend(wire)
        before = await rows.all_inner_texts()
        await expect(rows.nth(len(before))).to_be_visible(timeout=WRITES_WITHIN_MS)
        assert (await rows.all_inner_texts())[: len(before)] == before


@pytest.mark.parametrize(
    ("language", "is_recorded", "head", "says"),
    [
        ("en", True, "Reconnecting", "The call stays open while we reconnect. The recording goes on."),
        ("ar", False, "جارٍ إعادة الاتصال", "تبقى المكالمة مفتوحة إلى أن نعيد الاتصال."),
    ],
)
async def test_packets_that_stop_without_a_word_from_the_browser_are_noticed_and_the_page_says_so(
    backend: Backend, sit: Sit, voice: Path, language: str, is_recorded: bool, head: str, says: str
) -> None:
    page = await sit(voice, viewport={"width": 280, "height": 560})
    wishes = {"language": language, "enable_recording": is_recorded, "enable_transcription": False}
    note = page.get_by_role("status").filter(has_text=says)
    async with Wire.to(page) as wire:
        await page.goto(backend.link(backend.order(ECHO, **wishes), "agent"))
        await shows(page, "on")
        assert await note.count() == 0
        await wire.cut(is_told=False)
        await shows(page, "lost")
        await expect(page.get_by_role("heading", name=head)).to_be_visible()
        await expect(note).to_be_visible()
        await expect(note).to_have_text(says)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await note.evaluate("(it) => it.scrollWidth <= it.clientWidth && it.scrollHeight <= it.clientHeight")
        await wire.mend()
        await shows(page, "on")
        await expect(note).to_have_count(0)
        await page.evaluate(PLAYS_ON)


async def test_another_microphone_is_taken_in_mid_call(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await seated(backend, await sit(voice))
    before = await page.evaluate(SENDING)
    await page.evaluate(f"window.before = {TRACK}")
    await page.get_by_role("button", name="Sound").click()
    box = page.get_by_label("Microphone")
    await box.select_option(label="Fake Audio Input 2")
    await page.wait_for_function(f"() => {TRACK} !== before")
    after = await page.evaluate(SENDING)
    assert (after["state"], after["device"] != before["device"]) == ("live", True)
    await page.wait_for_function("() => before.readyState === 'ended'")
    sent = await page.evaluate(SENT)
    await page.wait_for_function(f"(sent) => {SENT}.then((now) => now > sent + 25)", arg=sent)
    await page.evaluate(PLAYS_ON)
    assert await page.evaluate(LIVING_LINKS) == [True]
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Sound").click()
    await expect(box).to_have_value(after["device"])


async def test_another_speaker_is_taken_in_mid_call(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await seated(backend, await sit(voice))
    await page.get_by_role("button", name="Sound").click()
    box = page.get_by_label("Speaker")
    wanted = await box.locator("option").last.get_attribute("value")
    assert wanted
    await box.select_option(wanted)
    await expect(box).to_have_value(wanted)
    await page.wait_for_function("(id) => document.querySelector('audio').sinkId === id", arg=wanted)
    await page.evaluate(PLAYS_ON)
    assert await page.evaluate(LIVING_LINKS) == [True]


async def test_a_microphone_that_is_pulled_out_is_replaced(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await seated(backend, await sit(voice))
    pulled = await page.evaluate(PULL_OUT)
    await page.wait_for_function(f"(pulled) => {TRACK}.id !== pulled", arg=pulled)
    assert (await page.evaluate(SENDING))["state"] == "live"
    assert await page.evaluate(LIVING_LINKS) == [True]


async def test_who_goes_away_and_comes_back_is_in_the_call_again(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await sit(voice)
    call_id = backend.order(ECHO, enable_transcription=False)
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "on")
    await page.goto("about:blank")
    await page.go_back()
    await shows(page, "on")
    await page.evaluate(PLAYS_ON)
    assert backend.seen(call_id)["status"] == "in-progress"
