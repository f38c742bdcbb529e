"""The virtual handset in a real browser: the demo CRM calls it, it rings, is answered, and hangs up."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Frame, Page, async_playwright, expect

from tests.fixtures.site import Site
from tests.fixtures.visitors import CHROMIUM, PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

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
# How much louder than everything else the two tones of 5 ever were in what the page hears, in dB.
LISTEN = """
() => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
  context.createMediaStreamSource(document.querySelector("audio").srcObject).connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount);
  const at = (hz) => Math.round((hz * analyser.fftSize) / context.sampleRate);
  window.loudest = -Infinity;
  setInterval(() => {
    analyser.getFloatFrequencyData(levels);
    const near = (hz) => Math.max(...levels.slice(at(hz) - 1, at(hz) + 2));
    const others = levels.filter((_, bin) => [770, 1336].every((hz) => Math.abs(bin - at(hz)) > 8));
    const lead = Math.min(near(770), near(1336)) - Math.max(...others);
    if (lead > loudest) loudest = lead;
  }, 15);
}
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
    await context.add_init_script(WATCH)
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

    await handset.evaluate(LISTEN)
    await softphone.get_by_role("button", name="Mute").click()  # the page's microphone beeps once a second
    await softphone.get_by_role("button", name="Keypad").click()
    await softphone.get_by_role("button", name="5", exact=True).click()
    await expect(handset.get_by_text("1970#5", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    await becomes(handset, "loudest > 10")
    assert await page.evaluate("keys.told") == "1970#"
    await handset.get_by_role("button", name="Hang up").click()
    await expect(said).to_contain_text("Ready", timeout=PATIENCE_MS)
