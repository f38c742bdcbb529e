"""The widget's socket, /widget/socket: the control messages of a conversation for pages that write."""

import asyncio
import contextlib
import json

from quart import Blueprint, Websocket, websocket

from server.calls.allowance import Allowance
from server.calls.control import MESSAGES_PER_S, Hello, Incoming, Outgoing, parse
from server.calls.conversation import LiveConversation
from server.calls.visits import WidgetVisits
from server.kit.errors import AppError, Gone, NotAllowed, NotAuthenticated, Unavailable
from server.web.widget_guard import WidgetGuard

HELLO_TIMEOUT_S = 10
SILENCE_TIMEOUT_S = 40
SEND_TIMEOUT_S = 5
QUEUE_MAX = 256

_CLOSE_TOKEN, _CLOSE_ORIGIN, _CLOSE_NO_HELLO, _CLOSE_ENDED = 4401, 4403, 4408, 4410
_CLOSE_NOT_UNDERSTOOD, _CLOSE_RESTART, _CLOSE_TOO_SLOW = 1008, 1012, 1013


class _Closing(Exception):
    """Ends the socket with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SocketChannel:
    """Control messages on their way to one socket; a page that reads too slowly loses its socket."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Outgoing] = asyncio.Queue(QUEUE_MAX)
        self._overflown = asyncio.Event()

    def send(self, message: Outgoing) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._overflown.set()

    async def pump(self, socket: Websocket) -> None:
        """Send until the conversation has ended or the page is too slow; raises _Closing then."""
        while True:
            message = await self._queue.get()
            if self._overflown.is_set():
                raise _Closing(_CLOSE_TOO_SLOW, "too slow")
            try:
                await asyncio.wait_for(socket.send(json.dumps(message)), SEND_TIMEOUT_S)
            except TimeoutError:
                raise _Closing(_CLOSE_TOO_SLOW, "too slow") from None
            if message["type"] == "ended":
                raise _Closing(_CLOSE_ENDED, "ended")


def widget_socket(guard: WidgetGuard, visits: WidgetVisits) -> Blueprint:
    routes = Blueprint("widget_socket", __name__, url_prefix="/widget")

    @routes.websocket("/socket")
    async def socket() -> None:
        try:
            live, hello = await _greeted(guard, visits)
            await _converse(live, hello)
        except _Closing as closing:
            await websocket.close(closing.code, closing.reason)

    return routes


async def _greeted(guard: WidgetGuard, visits: WidgetVisits) -> tuple[LiveConversation, Hello]:
    """Wait for the hello with a token that may open a conversation."""
    try:
        raw = await asyncio.wait_for(websocket.receive(), HELLO_TIMEOUT_S)
        hello = parse(raw)
    except TimeoutError:
        raise _Closing(_CLOSE_NO_HELLO, "no hello") from None
    except AppError as refusal:
        raise _Closing(_CLOSE_NOT_UNDERSTOOD, refusal.code) from None
    if not isinstance(hello, Hello) or hello.token is None:
        raise _Closing(_CLOSE_NO_HELLO, "no hello")
    try:
        live = await visits.resume(await guard.session_of(hello.token))
    except NotAuthenticated as refusal:
        raise _Closing(_CLOSE_TOKEN, refusal.code) from None
    except NotAllowed as refusal:
        raise _Closing(_CLOSE_ORIGIN, refusal.code) from None
    except Gone as refusal:
        raise _Closing(_CLOSE_ENDED, refusal.code) from None
    except Unavailable as refusal:
        raise _Closing(_CLOSE_RESTART, refusal.code) from None
    return live, hello


async def _converse(live: LiveConversation, hello: Hello) -> None:
    channel = SocketChannel()
    live.take(hello, channel)
    await live.greet_in_text()
    sending = asyncio.create_task(channel.pump(websocket))
    receiving = asyncio.create_task(_receive(live, channel))
    try:
        done, _ = await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        live.leave(channel)
        for task in (sending, receiving):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(sending, receiving, return_exceptions=True)


async def _receive(live: LiveConversation, channel: SocketChannel) -> None:
    allowance = Allowance(MESSAGES_PER_S, asyncio.get_running_loop().time)
    while True:
        try:
            raw = await asyncio.wait_for(websocket.receive(), SILENCE_TIMEOUT_S)
        except TimeoutError:
            raise _Closing(_CLOSE_NO_HELLO, "silent") from None
        if not allowance.take():
            raise _Closing(_CLOSE_NOT_UNDERSTOOD, "too many messages")
        try:
            message: Incoming = parse(raw)
        except AppError as refusal:
            channel.send({"type": "error", "code": refusal.code, "message": refusal.message})
            continue
        live.take(message, channel)
