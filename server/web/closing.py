"""How a WebSocket of ours runs and is closed: its parts side by side, and a code for the client at the end."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from quart import websocket

PATIENCE_S = 40.0


class Closing(Exception):
    """Ends the socket with `code`."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def close(closing: Closing, patience_s: float = PATIENCE_S) -> None:
    """Close, then read on until the client closes its side, which cancels this.

    A server with unread messages never lets go.
    """
    await websocket.close(closing.code, closing.reason)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while True:
                await websocket.receive()


async def together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run `parts` side by side until one ends; raises what that one raised. The others are cancelled and waited for."""
    tasks = {asyncio.create_task(part) for part in parts}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
