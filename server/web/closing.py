"""How a WebSocket of ours is closed: with a code, and with patience for a client that is still sending."""

import asyncio
import contextlib

from quart import websocket

PATIENCE_S = 40.0


class Closing(Exception):
    """Ends the socket with `code`."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def close(closing: Closing) -> None:
    """Close, then read on until the client closes its side: a server with unread messages never lets go."""
    await websocket.close(closing.code, closing.reason)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await websocket.receive()
