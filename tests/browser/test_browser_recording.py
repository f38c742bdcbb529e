"""A recording in real browsers: an audio element of another origin knows its length, seeks and plays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from server.storage import Database
from tests.fakes.clock import FakeClock
from tests.fixtures.chromium import CHROMIUM, needs_chromium
from tests.fixtures.firefox import FIREFOX, needs_firefox
from tests.fixtures.recording_server import SECONDS, serving_recordings
from tests.fixtures.recordings import Place

SEEK_TO_S = 45.5

LISTEN = """async ([url, seekTo]) => {
  const audio = Object.assign(new Audio(), {crossOrigin: 'anonymous', preload: 'metadata', muted: true});
  const comes = (name) => new Promise((go, stop) => {
    audio.addEventListener(name, go, {once: true});
    audio.addEventListener('error', () => stop(new Error(`${name}: ${audio.error.message}`)), {once: true});
  });
  const known = comes('loadedmetadata');
  audio.src = url;
  await known;
  const sought = comes('seeked');
  audio.currentTime = seekTo;
  await sought;
  const from = audio.currentTime;
  const moved = new Promise((go) => {
    audio.ontimeupdate = () => audio.currentTime > seekTo + 0.4 && go();
  });
  await audio.play();
  await moved;
  audio.pause();
  const sound = await new OfflineAudioContext(2, 1, 16000).decodeAudioData(await (await fetch(url)).arrayBuffer());
  const loudness = (channel, start) =>
    Math.max(...sound.getChannelData(channel).slice(start * 16000, start * 16000 + 8000));
  const loud = [[loudness(0, 10), loudness(1, 10)], [loudness(0, 50), loudness(1, 50)]];
  return {duration: audio.duration, from, seekable: audio.seekable.end(0), decoded: sound.duration, loud};
}"""


@pytest.fixture(
    params=[
        pytest.param(
            "chromium",
            marks=[pytest.mark.browser, needs_chromium],
        ),
        pytest.param(
            "firefox",
            marks=[pytest.mark.firefox, needs_firefox],
        ),
    ]
)
async def page(request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A tab of each browser."""
    async with async_playwright() as playwright:
        if request.param == "chromium":
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        else:
            browser = await playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
        yield await browser.new_page()
        await browser.close()


async def test_an_audio_element_knows_the_length_seeks_and_plays(
    page: Page, sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    async with serving_recordings(Place(sqlite_database, tmp_path, clock)) as served:
        url = await served.links.link(served.recorded, served.origin, "test")
        await page.goto(served.origin.replace("127.0.0.1", "localhost") + "/nothing")
        found = await page.evaluate(LISTEN, [url, SEEK_TO_S])
    assert found["duration"] == pytest.approx(SECONDS, abs=0.06)
    assert found["seekable"] == pytest.approx(SECONDS, abs=0.06)
    assert found["from"] == pytest.approx(SEEK_TO_S, abs=0.01)
    assert found["decoded"] == pytest.approx(SECONDS, abs=0.06)
    (customer, ours), (customer_later, ours_later) = found["loud"]
    assert customer > 0.2
    assert ours_later > 0.2
    assert ours < 0.01
    assert customer_later < 0.01
