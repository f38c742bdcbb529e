"""The widget's socket, /widget/socket: the control messages of a conversation for pages that write."""

import asyncio
import json
from dataclasses import dataclass

from quart import Blueprint, Websocket, websocket

from server.calls.allowance import Allowance
from server.calls.control import MESSAGES_PER_S, Hello, Incoming, Outgoing, parse
from server.calls.conversation import LiveConversation
from server.calls.visits import WidgetVisits
from server.kit.errors import AppError, Gone, NotAllowed, NotAuthenticated, Unavailable
from server.web.closing import Closing, close, together
from server.web.widget_guard import WidgetGuard

QUEUE_MAX = 256

_CLOSE_TOKEN, _CLOSE_ORIGIN, _CLOSE_NO_HELLO, _CLOSE_ENDED = 4401, 4403, 4408, 4410
_CLOSE_NOT_UNDERSTOOD, _CLOSE_RESTART, _CLOSE_TOO_SLOW = 1008, 1012, 1013


@dataclass(frozen=True)
class SocketLimits:
    """Seconds until a socket closes: without a hello, without any message, and with a page that does not read."""

    hello_s: float = 10
    silence_s: float = 40.0
    send_s: float = 5


class SocketChannel:
    """Control messages on their way to one socket; a page that reads too slowly loses its socket."""

    def __init__(self, send_s: float) -> None:
        self._send_s = send_s
        self._queue: asyncio.Queue[Outgoing] = asyncio.Queue(QUEUE_MAX)
        self._overflown = asyncio.Event()

    def send(self, message: Outgoing) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._overflown.set()

    async def pump(self, socket: Websocket) -> None:
        """Send until the conversation has ended or the page is too slow; raises Closing then."""
        while True:
            message = await self._queue.get()
            if self._overflown.is_set():
                raise Closing(_CLOSE_TOO_SLOW, "too slow")
            try:
                async with asyncio.timeout(self._send_s):  # wait_for() may swallow a cancellation in Python 3.11
                    await socket.send(json.dumps(message))
            except TimeoutError:
                raise Closing(_CLOSE_TOO_SLOW, "too slow") from None
            if message["type"] == "ended":
                raise Closing(_CLOSE_ENDED, "ended")


_DEFAULT_LIMITS = SocketLimits()


def widget_socket(guard: WidgetGuard, visits: WidgetVisits, limits: SocketLimits = _DEFAULT_LIMITS) -> Blueprint:
    routes = Blueprint("widget_socket", __name__, url_prefix="/widget")

    @routes.websocket("/socket")
    async def socket() -> None:
        try:
            live, hello = await _greeted(guard, visits, limits)
            await _converse(live, hello, limits)
        except Closing as closing:
            await close(closing, limits.silence_s)

    return routes


async def _greeted(guard: WidgetGuard, visits: WidgetVisits, limits: SocketLimits) -> tuple[LiveConversation, Hello]:
    """Wait for the hello with a token that may open a conversation."""
    try:
        async with asyncio.timeout(limits.hello_s):
            raw = await websocket.receive()
        hello = parse(raw)
    except TimeoutError:
        raise Closing(_CLOSE_NO_HELLO, "no hello") from None
    except AppError as refusal:
        raise Closing(_CLOSE_NOT_UNDERSTOOD, refusal.code) from None
    if not isinstance(hello, Hello) or hello.token is None:
        raise Closing(_CLOSE_NO_HELLO, "no hello")
    try:
        live = await visits.resume(await guard.session_of(hello.token))
    except NotAuthenticated as refusal:
        raise Closing(_CLOSE_TOKEN, refusal.code) from None
    except NotAllowed as refusal:
        raise Closing(_CLOSE_ORIGIN, refusal.code) from None
    except Gone as refusal:
        raise Closing(_CLOSE_ENDED, refusal.code) from None
    except Unavailable as refusal:
        raise Closing(_CLOSE_RESTART, refusal.code) from None
    return live, hello


async def _converse(live: LiveConversation, hello: Hello, limits: SocketLimits) -> None:
    channel = SocketChannel(limits.send_s)
    try:
        live.take(hello, channel)
        await live.greet_in_text()
        await together(
            channel.pump(websocket),
            _receive(live, channel, limits),
            _closed(live, limits),
        )
    finally:
        live.leave(channel)


async def _closed(live: LiveConversation, limits: SocketLimits) -> None:
    """The conversation stops without having ended when the server does; a page that came too late hears nothing."""
    await live.closed.wait()
    if not live.ended.is_set():
        raise Closing(_CLOSE_RESTART, "server_stopping")
    await asyncio.sleep(limits.send_s)
    raise Closing(_CLOSE_ENDED, "ended")


async def _receive(live: LiveConversation, channel: SocketChannel, limits: SocketLimits) -> None:
    allowance = Allowance(MESSAGES_PER_S, asyncio.get_running_loop().time)
    while True:
        try:
            async with asyncio.timeout(limits.silence_s):
                raw = await websocket.receive()
        except TimeoutError:
            raise Closing(_CLOSE_NO_HELLO, "silent") from None
        if not allowance.take():
            raise Closing(_CLOSE_NOT_UNDERSTOOD, "too many messages")
        try:
            message: Incoming = parse(raw)
        except AppError as refusal:
            channel.send({"type": "error", "code": refusal.code, "message": refusal.message})
            continue
        live.take(message, channel)
