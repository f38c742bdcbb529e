"""A tab of a browser as its user has it: at rest before it is measured, with nothing of a driver's in its pages.

Playwright puts scripts and worlds of its own into every page of its contexts, which a slowed down tab pays for while it
loads. So this asks the browser itself, by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/).
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, CDPSession

TIMEOUT_S = 30
REST_S = 1.0  # longer than a browser that has just opened a tab is busy with that


class Tab:
    """`open` makes one."""

    def __init__(self, devtools: CDPSession, session_id: str) -> None:
        self._devtools = devtools
        self._session_id = session_id
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._parsed = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, browser: Browser, width: int, height: int) -> AsyncIterator["Tab"]:
        """An empty tab in a profile of its own: nothing is cached."""
        devtools = await browser.new_browser_cdp_session()
        profile = (await devtools.send("Target.createBrowserContext"))["browserContextId"]
        where = {"url": "about:blank", "browserContextId": profile, "width": width, "height": height}
        target = {"targetId": (await devtools.send("Target.createTarget", where))["targetId"]}
        try:
            tab = cls(devtools, (await devtools.send("Target.attachToTarget", target))["sessionId"])
            devtools.on("Target.receivedMessageFromTarget", tab._hear)
            await tab.ask("Page.enable")
            yield tab
        finally:
            await devtools.send("Target.disposeBrowserContext", {"browserContextId": profile})
            await devtools.detach()

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """What the protocol's `method` gives back. Raises RuntimeError with the browser's refusal."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = json.dumps({"id": number, "method": method, "params": params})
        await self._devtools.send("Target.sendMessageToTarget", {"sessionId": self._session_id, "message": message})
        told = await asyncio.wait_for(answer, TIMEOUT_S)
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']['message']}")
        result: dict[str, Any] = told["result"]
        return result

    async def visit(self, url: str) -> None:
        """Go there once the tab is at rest, until the page is parsed."""
        await asyncio.sleep(REST_S)
        self._parsed.clear()
        await self.ask("Page.navigate", url=url)
        async with asyncio.timeout(TIMEOUT_S):
            await self._parsed.wait()

    async def value(self, expression: str) -> Any:
        """What `expression` is in the page, or what its promise is kept with."""
        told = await self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["text"])
        return told["result"].get("value")

    def _hear(self, event: dict[str, Any]) -> None:
        if event["sessionId"] != self._session_id:
            return
        message = json.loads(event["message"])
        if message.get("method") == "Page.domContentEventFired":
            self._parsed.set()
        answer = self._answers.pop(message.get("id"), None)
        if answer is not None and not answer.done():
            answer.set_result(message)
