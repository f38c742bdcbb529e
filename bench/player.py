"""How soon a call of 30 minutes can be replayed on a slow machine: our player, a bare <audio controls>, an empty page.

    python -m bench.player

Chromium with its CPU throttled to a quarter, in a tab that is at rest, nothing cached, page, peaks and sound from the
real server on loopback.
Ready is from the start of the navigation until the lanes are drawn with "Play" beside them, the words fill the window
and the screen has had its picture. The bare page is ready when its element knows how long the sound is; the empty one,
the same server's, when the screen has had a picture at all: what this machine and its browser cost whatever is shown.
Takes two minutes.
"""

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from bench.tab import TIMEOUT_S, Tab
from server.storage import Database
from server.storage.migrations import migrate
from server.web.assets import build
from tests.fixtures.replays import LINES, Archive, Line
from tests.fixtures.visitors import CHROMIUM

MINUTES, SEGMENTS = 30, 400
SLOWER = 4
ROUNDS = 9
TARGET_MS = 300

# Told in ms since the navigation began, after the picture in which everything is there.
PLAYER_READY = """
window.isReady = new Promise((done) => {
  const look = () => {
    if (!document.querySelector('main[data-sound=ready] .bubble')) return;
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      const bubbles = [...document.querySelectorAll('.bubble')];
      if (bubbles.at(-1).getBoundingClientRect().bottom < innerHeight) return;
      watching.disconnect();
      done(performance.now());
    };
    requestAnimationFrame(() => painted.port2.postMessage(0));
  };
  const watching = new MutationObserver(look);
  watching.observe(document, {childList: true, subtree: true, attributes: true});
});
"""
BARE_READY = """
window.isReady = new Promise((done) => addEventListener('loadedmetadata', () => done(performance.now()), true));
"""
EMPTY_READY = """
window.isReady = new Promise((done) => {
  const painted = new MessageChannel();
  painted.port1.onmessage = () => done(performance.now());
  requestAnimationFrame(() => painted.port2.postMessage(0));
});
"""
ALL_WORDS = f"""new Promise((done) => {{
  const isThere = () => document.querySelectorAll('.bubble').length === {SEGMENTS};
  const isOurs = document.querySelector('main');
  const look = () => !isOurs || isThere() ? done() : setTimeout(look, 20);
  look();
}})"""
COSTS = """(() => {
  const canvas = document.querySelector('canvas');
  const painted = canvas?.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const asked = performance.getEntriesByType('resource').find(({name}) => name.endsWith('/exchange'));
  return {
    marks: [performance.getEntriesByType('navigation')[0].responseStart, asked?.startTime, asked?.responseEnd],
    drawn: painted?.some((value) => value) ?? false,
    words: document.querySelectorAll('.bubble').length,
    bytes: performance.getEntries().filter(({name}) => !name.includes('/recordings/'))
      .reduce((sum, {transferSize}) => sum + (transferSize ?? 0), 0),
  };
})()"""


async def opened(browser: Browser, url: str, ready: str, slower: int = SLOWER) -> tuple[float, dict[str, Any]]:
    """Ms until ready, and what it took."""
    async with Tab.open(browser, 800, 900) as tab:
        await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=ready)
        await tab.ask("Performance.enable", timeDomain="threadTicks")
        await tab.ask("Emulation.setCPUThrottlingRate", rate=slower)
        await tab.visit(url)
        at = float(await tab.value("isReady"))
        told = (await tab.ask("Performance.getMetrics"))["metrics"]
        cpu_ms = next(1000 * one["value"] for one in told if one["name"] == "TaskDuration")
        await tab.value(ALL_WORDS)
        return at, {"cpu_ms": cpu_ms, **await tab.value(COSTS)}


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
            ours, theirs, nothing, own_cpu, bare_cpu, no_cpu = [], [], [], [], [], []
            marks: list[list[float]] = []
            empty = f"{archive.origin}/healthz"
            for _ in range(ROUNDS):
                at, costs = await opened(browser, await archive.link(call_id), PLAYER_READY)
                assert costs["drawn"], costs
                assert costs["words"] == SEGMENTS, costs
                ours.append(at)
                marks.append(costs["marks"])
                theirs.append((await opened(browser, bare, BARE_READY))[0])
                nothing.append((await opened(browser, empty, EMPTY_READY))[0])
                own_cpu.append((await opened(browser, await archive.link(call_id), PLAYER_READY, 1))[1]["cpu_ms"])
                bare_cpu.append((await opened(browser, bare, BARE_READY, 1))[1]["cpu_ms"])
                no_cpu.append((await opened(browser, empty, EMPTY_READY, 1))[1]["cpu_ms"])
        await browser.close()
    median, reference, floor = (statistics.median(times) for times in (ours, theirs, nothing))
    print(
        f"a call of {MINUTES} minutes, {SEGMENTS} stretches of words, CPU at 1/{SLOWER}, median of {ROUNDS}: "
        f"ready after {median:.0f} ms, {min(ours):.0f} to {max(ours):.0f} "
        f"(target {TARGET_MS} ms: {median / TARGET_MS:.2f} x); {costs['bytes']} bytes before the sound"
    )
    page, asked, answered = (statistics.median(times) for times in zip(*marks, strict=True))
    print(
        f"on the way: the page answered after {page:.0f} ms, its script asked for the call after {asked:.0f} ms and "
        f"had it after {answered:.0f} ms; from there to the picture {median - answered:.0f} ms"
    )
    print(
        f"a bare page with <audio controls> of the same file: {reference:.0f} ms until it knows the length = 1; "
        f"ours {median / reference:.2f}"
    )
    print(f"an empty page of the same server, the machine's floor: {floor:.0f} ms; ours {median - floor:.0f} ms more")
    own, its, least = (statistics.median(times) for times in (own_cpu, bare_cpu, no_cpu))
    print(
        f"CPU of the page's main thread until it is ready, not throttled: {own:.0f} ms "
        f"(times {SLOWER}: {own * SLOWER:.0f}), the bare page {its:.0f} ms, the empty one {least:.0f} ms; "
        f"ours {own / its:.2f} of the bare page"
    )


def main() -> None:
    build()
    with tempfile.TemporaryDirectory(prefix="parloir-bench-") as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
