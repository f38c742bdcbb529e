"""What a page pays for the pasted tag before anybody clicks: one request, and no task that blocks it."""

from urllib.parse import urlsplit

import pytest

from tests.fixtures.pages import Pages
from tests.fixtures.visitors import Arrive, Visitor

pytestmark = pytest.mark.browser

SLOWER = 4
LOADS = 12
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.toJSON())))
  .observe({type: 'longtask'});
"""
BUSY = "const until = performance.now() + 80; while (performance.now() < until);"


async def test_the_tag_asks_once_and_blocks_nothing_on_a_slow_machine(pages: Pages, arrive: Arrive) -> None:
    # A machine that has something else to do makes any task long: what the tag itself costs shows in every load.
    for _ in range(LOADS):
        visitor = await arrive()
        await _load(visitor, pages)
        asked = [urlsplit(url).path for url in visitor.requests if url.startswith(pages.server)]
        assert asked == ["/w/v1.js"]
        blocked = await visitor.page.evaluate("longTasks")
        if not blocked:
            break
    assert blocked == []
    # The watch sees what it should: a task of 80 ms is long.
    await visitor.page.evaluate(f"setTimeout(() => {{ {BUSY} }})")
    await visitor.until("longTasks.length > 0")


async def _load(visitor: Visitor, pages: Pages) -> None:
    """Paste the tag into an empty page on a slow machine, and wait until nothing more comes of it."""
    await visitor.page.goto(pages.put("/empty", "<p>Nothing yet.</p>"))
    await visitor.page.locator("p").wait_for()  # what Playwright looks with is loaded now, and not in the measured time
    await visitor.page.evaluate(WATCH)
    client = await visitor.page.context.new_cdp_session(visitor.page)
    await client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await visitor.page.evaluate(
        """([server, key]) => {
          const script = document.createElement('script');
          Object.assign(script.dataset, {apiKey: key, agentId: 'support', language: 'en'});
          script.src = server + '/w/v1.js';
          document.head.append(script);
        }""",
        [pages.server, pages.key],
    )
    await visitor.launcher.wait_for()
    await visitor.until_told("ready")
    await visitor.until("new Promise((resolve) => requestIdleCallback(() => setTimeout(() => resolve(true), 200)))")
