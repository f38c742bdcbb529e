"""The virtual handset: its page, /handset, and the socket that lets it ring."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from quart import Blueprint, Response, redirect, render_template, websocket
from werkzeug.wrappers import Response as Redirect

from server.calls.allowance import Allowance
from server.calls.handsets import Handset, HandsetParts
from server.calls.messages import MESSAGES_PER_S, Outgoing, read_object
from server.kit.clock import Clock
from server.kit.errors import AppError, InvalidInput
from server.sessions.handsets import HandsetTicket, HandsetTickets
from server.web.assets import AssetManifest
from server.web.closing import Closing, close, together
from server.web.embed import framed_page
from server.web.widget_socket import QUEUE_MAX, SocketLimits

_CLOSE_NOT_UNDERSTOOD, _CLOSE_REFUSED, _CLOSE_SILENT, _CLOSE_TOO_SLOW = 1008, 4401, 4408, 1013
_DEFAULT_LIMITS = SocketLimits()


def handset(
    tickets: HandsetTickets, parts: HandsetParts, assets: AssetManifest, limits: SocketLimits = _DEFAULT_LIMITS
) -> Blueprint:
    routes = Blueprint("handset", __name__, url_prefix="/handset")

    @routes.get("")
    async def page() -> Response:
        """The same page for every ticket: its script reads it."""
        return framed_page(await render_template("handset.html", assets=assets), [])

    @routes.websocket("/socket")
    async def socket() -> None:
        try:
            await _serve(tickets, parts, limits)
        except Closing as closing:
            await close(closing, limits.silence_s)

    return routes


def demo_handset(tickets: HandsetTickets, ticket: HandsetTicket) -> Blueprint:
    """/handset/demo, for the demo alone: every click has a fresh ticket."""
    routes = Blueprint("demo_handset", __name__)

    @routes.get("/handset/demo")
    async def fresh() -> Redirect:
        answer = redirect(f"/handset?t={await tickets.issue(ticket)}", 303)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    return routes


@dataclass
class _Heard:
    """When the page said something last, on the monotonic clock."""

    at_s: float


async def _serve(tickets: HandsetTickets, parts: HandsetParts, limits: SocketLimits) -> None:
    queue: asyncio.Queue[Outgoing] = asyncio.Queue(QUEUE_MAX)
    overflown = asyncio.Event()

    def send(message: Outgoing) -> None:
        try:
            queue.put_nowait(message)
        except asyncio.QueueFull:
            overflown.set()

    try:
        ticket = await tickets.verify(await _hello(limits))
        telephone = Handset(parts, ticket.number, send)
    except AppError as refusal:
        await websocket.send(json.dumps({"type": "error", "code": refusal.code}))
        raise Closing(_CLOSE_REFUSED, refusal.code) from None
    send({"type": "ready", "number": ticket.number, "label": ticket.label})
    try:
        heard = _Heard(parts.clock.monotonic())
        await together(
            _pump(queue, overflown, limits),
            _receive(telephone, send, heard, parts.clock),
            _notice_silence(heard, parts.clock, limits.silence_s),
        )
    finally:
        await telephone.close()


async def _hello(limits: SocketLimits) -> str:
    """The ticket of the first message."""
    try:
        async with asyncio.timeout(limits.hello_s):
            raw = await websocket.receive()
    except TimeoutError:
        raise Closing(_CLOSE_SILENT, "no hello") from None
    with contextlib.suppress(InvalidInput):
        match read_object(raw):
            case {"type": "hello", "t": str(ticket)}:
                return ticket
    raise Closing(_CLOSE_NOT_UNDERSTOOD, "no hello")


async def _pump(queue: asyncio.Queue[Outgoing], overflown: asyncio.Event, limits: SocketLimits) -> None:
    while True:
        message = await queue.get()
        try:
            async with asyncio.timeout(0 if overflown.is_set() else limits.send_s):
                await websocket.send(json.dumps(message))
        except TimeoutError:
            raise Closing(_CLOSE_TOO_SLOW, "too slow") from None


async def _notice_silence(heard: _Heard, clock: Clock, silence_s: float) -> None:
    """A page that vanished without a close says nothing more: its number is free again after `silence_s`."""
    while (left_s := heard.at_s + silence_s - clock.monotonic()) > 0:
        await clock.sleep(left_s)
    raise Closing(_CLOSE_SILENT, "silent")


async def _receive(telephone: Handset, send: Callable[[Outgoing], None], heard: _Heard, clock: Clock) -> None:
    allowance = Allowance(MESSAGES_PER_S, asyncio.get_running_loop().time)
    while True:
        raw = await websocket.receive()
        heard.at_s = clock.monotonic()
        if not allowance.take():
            raise Closing(_CLOSE_NOT_UNDERSTOOD, "too many messages")
        try:
            await telephone.take(read_object(raw))
        except AppError as refusal:
            send({"type": "error", "code": refusal.code})
