"""A page that is gone before it was greeted: its conversation does not wait for it."""

import asyncio
import json
from typing import Any

from quart import Quart

from server.calls.control import Hello
from server.web.widget_socket import SocketChannel, widget_socket


class SlowToGreet:
    """A live conversation that greets when its database has answered: never. Also who leads to it."""

    def __init__(self) -> None:
        self.closed, self.ended = asyncio.Event(), asyncio.Event()
        self.greets, self.is_left = asyncio.Event(), asyncio.Event()
        self.channels: list[SocketChannel] = []

    async def session_of(self, token: str) -> str:
        return token

    async def resume(self, session: str) -> "SlowToGreet":
        return self

    def take(self, message: Any, channel: SocketChannel) -> None:
        assert isinstance(message, Hello)
        self.channels.append(channel)

    def leave(self, channel: SocketChannel) -> None:
        self.channels.remove(channel)
        self.is_left.set()

    async def greet_in_text(self) -> None:
        self.greets.set()
        await asyncio.Event().wait()


async def test_a_page_that_goes_before_it_was_greeted_has_left() -> None:
    live, app = SlowToGreet(), Quart(__name__)
    app.register_blueprint(widget_socket(live, live))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        async with app.test_client().websocket("/widget/socket") as page:
            await page.send(json.dumps({"type": "hello", "since": 0, "token": "t"}))
            await live.greets.wait()
        await live.is_left.wait()
    assert live.channels == []
