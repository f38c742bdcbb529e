"""The softphone's socket, /embed/socket: open as long as its page is; its end says at once that the page is gone."""

import asyncio
import json

from quart import Blueprint, websocket

from server.calls.absence import Attendance
from server.calls.allowance import Allowance
from server.calls.messages import read_object
from server.calls.service import Calls
from server.kit.errors import AppError, Gone, InvalidInput
from server.web.closing import Closing, close, together
from server.web.widget_socket import SocketLimits

MESSAGES_PER_S = 5

_CLOSE_TOKEN, _CLOSE_NO_HELLO, _CLOSE_REPLACED, _CLOSE_ENDED = 4401, 4408, 4409, 4410
_CLOSE_NOT_UNDERSTOOD, _CLOSE_TOO_SLOW = 1008, 1013
_DEFAULT_LIMITS = SocketLimits()


def embed_socket(calls: Calls, limits: SocketLimits = _DEFAULT_LIMITS) -> Blueprint:
    routes = Blueprint("embed_socket", __name__)

    @routes.websocket("/embed/socket")
    async def socket() -> None:
        try:
            await _attend(calls, await _hello(limits), limits)
        except Closing as closing:
            await close(closing, limits.silence_s)

    return routes


async def _hello(limits: SocketLimits) -> str:
    """The session token of the first message."""
    try:
        async with asyncio.timeout(limits.hello_s):
            raw = await websocket.receive()
    except TimeoutError:
        raise Closing(_CLOSE_NO_HELLO, "no hello") from None
    try:
        match read_object(raw):
            case {"type": "hello", "token": str(token)}:
                return token
    except InvalidInput:
        pass
    raise Closing(_CLOSE_NOT_UNDERSTOOD, "no hello")


async def _attend(calls: Calls, token: str, limits: SocketLimits) -> None:
    try:
        attendance = calls.attend(await calls.softphone(token))
    except Gone as refusal:
        raise Closing(_CLOSE_ENDED, refusal.code) from None
    except AppError as refusal:
        raise Closing(_CLOSE_TOKEN, refusal.code) from None
    try:
        await together(_receive(limits), _over(attendance), _ready(limits))
    except Closing:
        attendance.close()
        raise
    except asyncio.CancelledError:  # this is how Quart says that the other side is gone
        attendance.ended()
        raise


async def _ready(limits: SocketLimits) -> None:
    """All that is ever said here: the end of this socket counts from now on."""
    try:
        async with asyncio.timeout(limits.send_s):
            await websocket.send(json.dumps({"type": "ready"}))
    except TimeoutError:
        raise Closing(_CLOSE_TOO_SLOW, "too slow") from None
    await asyncio.Event().wait()


async def _over(attendance: Attendance) -> None:
    """The participant is no longer waited for, or the page opened another socket."""
    await attendance.over.wait()
    raise Closing(_CLOSE_REPLACED, "replaced") if attendance.is_replaced else Closing(_CLOSE_ENDED, "over")


async def _receive(limits: SocketLimits) -> None:
    """Pings, which keep proxies from closing what is quiet. A page that says nothing has proved nothing."""
    allowance = Allowance(MESSAGES_PER_S, asyncio.get_running_loop().time)
    while True:
        try:
            async with asyncio.timeout(limits.silence_s):
                await websocket.receive()
        except TimeoutError:
            raise Closing(_CLOSE_NO_HELLO, "silent") from None
        if not allowance.take():
            raise Closing(_CLOSE_NOT_UNDERSTOOD, "too many messages")
