"""The virtual handset in a real browser: the demo CRM calls it, it rings, is answered, and hangs up."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from playwright.async_api import BrowserContext, Frame, Page, async_playwright, expect

from server.media.frame import SAMPLE_RATE_HZ, Samples
from tests.fixtures.chromium import CHROMIUM
from tests.fixtures.site import Site
from tests.fixtures.visitors import KEEP_VOICES, PATIENCE_MS, voice_heard

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

FLAGS = ["--no-sandbox", "--allow-loopback-in-peer-connection"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

# What every page notes of itself: keys it is told of, keys it sends as RTP events, and keys it says on its socket.
WATCH = """
window.keys = { told: "", events: "", said: "" };
const listen = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...asked) {
  const channel = listen.apply(this, asked);
  channel.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "dtmf") keys.told += message.digit;
  });
  return channel;
};
const insert = RTCDTMFSender.prototype.insertDTMF;
RTCDTMFSender.prototype.insertDTMF = function (tones, ...more) {
  keys.events += tones.slice(-1);
  return insert.call(this, tones, ...more);
};
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  if (JSON.parse(data).type === "dtmf") keys.said += JSON.parse(data).digit;
  return send.call(this, data);
};
"""


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_context()
        await browser.close()


async def becomes(page: Page | Frame, true: str) -> None:
    """Our pages allow no eval, which wait_for_function would need."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await page.evaluate(true):  # noqa: ASYNC110 - a page has no event for it
            await asyncio.sleep(0.05)


def lead_db(sound: Samples, *tones_hz: float) -> float:
    """How much louder than everything else all of these tones ever were at once."""
    size = 1_360  # 85 ms: a key is pressed for 100
    windows = np.lib.stride_tricks.sliding_window_view(sound, size)[:: SAMPLE_RATE_HZ // 100] * np.blackman(size)
    levels = 20 * np.log10(np.abs(np.fft.rfft(windows)) + 1)
    away_hz = np.abs(np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)[:, None] - tones_hz)
    tones = np.min([levels[:, away < 18].max(axis=1) for away in away_hz.T], axis=0)
    return float((tones - levels[:, away_hz.min(axis=1) > 90].max(axis=1)).max())


async def test_it_rings_is_answered_and_hangs_up(site: Site, context: BrowserContext) -> None:
    handset = await context.new_page()
    errors: list[str] = []
    handset.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    handset.on("pageerror", lambda error: errors.append(str(error)))
    await handset.goto(f"{site.server}/handset/demo")
    said = handset.get_by_role("heading")
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)

    second = await context.new_page()
    await second.goto(f"{site.server}/handset/demo")
    await expect(second.get_by_role("heading")).to_contain_text("Another tab", timeout=PATIENCE_MS)

    crm = await context.new_page()
    await crm.goto(site.crm)
    await crm.get_by_role("button", name="Call Léa Dubois").click()
    await expect(said).to_have_text("Incoming call", timeout=PATIENCE_MS)
    await handset.get_by_role("button", name="Answer").click()
    await expect(said).to_have_text("In a call", timeout=PATIENCE_MS)
    softphone = crm.frame_locator("iframe")
    await expect(softphone.get_by_text("On call")).to_be_visible(timeout=PATIENCE_MS)
    await handset.get_by_role("button", name="Hang up").click()
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)
    await expect(softphone.get_by_text("How did it go?")).to_be_visible(timeout=PATIENCE_MS)
    assert errors == []


async def test_keys_go_both_ways_as_events_and_count_once(site: Site, context: BrowserContext) -> None:
    await context.add_init_script(KEEP_VOICES + WATCH)
    handset = await context.new_page()
    await handset.goto(f"{site.server}/handset/demo")
    said = handset.get_by_role("heading")
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)
    crm = await context.new_page()
    await crm.goto(site.crm)
    await crm.get_by_role("button", name="Call Léa Dubois").click()
    await expect(said).to_have_text("Incoming call", timeout=PATIENCE_MS)
    await handset.get_by_role("button", name="Answer").click()
    await expect(said).to_have_text("In a call", timeout=PATIENCE_MS)
    softphone = crm.frame_locator("iframe")
    await expect(softphone.get_by_text("On call")).to_be_visible(timeout=PATIENCE_MS)

    for key in "1970#":
        await handset.get_by_role("button", name=key, exact=True).click()
    page = next(frame for frame in crm.frames if "/embed" in frame.url)
    await becomes(page, "keys.told.length >= 5")
    assert await handset.evaluate("keys") == {"told": "", "events": "1970#", "said": ""}

    await softphone.get_by_role("button", name="Mute").click()  # the page's microphone beeps once a second
    await softphone.get_by_role("button", name="Keypad").click()
    await softphone.get_by_role("button", name="5", exact=True).click()
    await expect(handset.get_by_text("1970#5", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while lead_db(await voice_heard(handset), 770, 1_336) <= 10:  # noqa: ASYNC110  # it comes when it comes
            await asyncio.sleep(0.2)
    assert await page.evaluate("keys.told") == "1970#"
    await handset.get_by_role("button", name="Hang up").click()
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)
