"""How soon a call of 30 minutes can be replayed on a slow machine: our player beside a bare page with <audio controls>.

    python -m bench.player

Chromium with its CPU throttled to a quarter, nothing cached, page, peaks and sound from the real server on loopback.
Ready is from the start of the navigation until the lanes are drawn with "Play" beside them, the first words are there
and the screen has had its picture; the bare page is ready when its element knows how long the sound is. Takes a minute.
"""

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from server.storage import Database
from server.storage.migrations import migrate
from server.web.assets import build
from tests.fixtures.replays import LINES, Archive, Line
from tests.fixtures.visitors import CHROMIUM

MINUTES, SEGMENTS = 30, 400
SLOWER = 4
ROUNDS = 9
TARGET_MS = 300
TIMEOUT_S = 30

# Told in ms since the navigation began, after the picture in which everything is there.
PLAYER_READY = """
window.isReady = new Promise((done) => {
  const look = () => {
    if (document.querySelector('main[data-sound=ready]') && document.querySelector('.bubble')) {
      watching.disconnect();
      const painted = new MessageChannel();
      painted.port1.onmessage = () => done(performance.now());
      requestAnimationFrame(() => painted.port2.postMessage(0));
    }
  };
  const watching = new MutationObserver(look);
  watching.observe(document, {childList: true, subtree: true, attributes: true});
});
"""
BARE_READY = """
window.isReady = new Promise((done) => addEventListener('loadedmetadata', () => done(performance.now()), true));
"""
ALL_WORDS = f"""new Promise((done) => {{
  const isThere = () => document.querySelectorAll('.bubble').length === {SEGMENTS};
  const look = () => document.querySelector('audio[controls]') || isThere() ? done() : setTimeout(look, 20);
  look();
}})"""
COSTS = """(() => {
  const canvas = document.querySelector('canvas');
  const painted = canvas?.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return {
    drawn: painted?.some((value) => value) ?? false,
    words: document.querySelectorAll('.bubble').length,
    bytes: performance.getEntries().filter(({name}) => !name.includes('/recordings/'))
      .reduce((sum, {transferSize}) => sum + (transferSize ?? 0), 0),
  };
})()"""


async def opened(browser: Browser, url: str, ready: str, slower: int = SLOWER) -> tuple[float, dict[str, Any]]:
    """Ms until ready, and what it took."""
    context = await browser.new_context(viewport={"width": 800, "height": 900})
    try:
        page = await context.new_page()
        await page.add_init_script(ready)
        client = await context.new_cdp_session(page)
        await client.send("Performance.enable", {"timeDomain": "threadTicks"})
        await client.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        async with asyncio.timeout(TIMEOUT_S):
            await page.goto(url, wait_until="domcontentloaded")
            at = float(await page.evaluate("isReady"))
            told = (await client.send("Performance.getMetrics"))["metrics"]
            cpu_ms = next(1000 * one["value"] for one in told if one["name"] == "TaskDuration")
            await page.evaluate(ALL_WORDS)
        return at, {"cpu_ms": cpu_ms, **await page.evaluate(COSTS)}
    finally:
        await context.close()


@asynccontextmanager
async def bare_page(sound: str) -> AsyncIterator[str]:
    """The address of a page that has nothing but the sound."""
    html = f'<!doctype html><title>Bare</title><audio controls preload="metadata" src="{sound}"></audio>'.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(html)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
        writer.write(head.encode() + html)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def measure(folder: Path) -> None:
    url = f"sqlite:///{folder / 'bench.db'}"
    database = Database(url)
    await migrate(database)
    await database.close()
    step_ms = MINUTES * 60_000 // SEGMENTS
    said = [
        Line(("agent", "callee")[number % 2], LINES[number % len(LINES)] or LINES[0], at, at + step_ms - 400)
        for number, at in enumerate(range(0, MINUTES * 60_000, step_ms))
    ]
    async with Archive.open(url, folder / "var") as archive, async_playwright() as playwright:
        call_id = await archive.finished(MINUTES * 60, said)
        sound = await archive.running.parloir.calling.recording_links.link(call_id, archive.origin, "bench")
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        async with bare_page(sound) as bare:
            await opened(browser, await archive.link(call_id), PLAYER_READY)  # the browser's own first steps
            ours, theirs, own_cpu, bare_cpu = [], [], [], []
            for _ in range(ROUNDS):
                at, costs = await opened(browser, await archive.link(call_id), PLAYER_READY)
                assert costs["drawn"], costs
                assert costs["words"] == SEGMENTS, costs
                ours.append(at)
                theirs.append((await opened(browser, bare, BARE_READY))[0])
                own_cpu.append((await opened(browser, await archive.link(call_id), PLAYER_READY, 1))[1]["cpu_ms"])
                bare_cpu.append((await opened(browser, bare, BARE_READY, 1))[1]["cpu_ms"])
        await browser.close()
    median, reference = statistics.median(ours), statistics.median(theirs)
    print(
        f"a call of {MINUTES} minutes, {SEGMENTS} stretches of words, CPU at 1/{SLOWER}, median of {ROUNDS}: "
        f"ready after {median:.0f} ms, {min(ours):.0f} to {max(ours):.0f} "
        f"(target {TARGET_MS} ms: {median / TARGET_MS:.2f} x); {costs['bytes']} bytes before the sound"
    )
    print(
        f"a bare page with <audio controls> of the same file: {reference:.0f} ms until it knows the length = 1; "
        f"ours {median / reference:.2f}"
    )
    own, its = statistics.median(own_cpu), statistics.median(bare_cpu)
    print(
        f"CPU of the page's main thread until it is ready, not throttled: {own:.0f} ms "
        f"(times {SLOWER}: {own * SLOWER:.0f}), the bare page {its:.0f} ms; "
        f"ours {own / its:.2f}"
    )


def main() -> None:
    build()
    with tempfile.TemporaryDirectory(prefix="parloir-bench-") as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
