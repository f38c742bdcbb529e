"""/cable: ActionCable's WebSocket, for live transcripts in anybody's page, script or backend. Rows P-100 to P-106."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

from quart import Blueprint, abort, websocket

from server.calls.allowance import Allowance
from server.calls.cable import CableConnection, CableParts
from server.kit.clock import Clock
from server.tenants.origins import OriginDirectory, normalise
from server.web.closing import Closing, close, together

PROTOCOL = "actioncable-v1-json"
BEAT_S = 3.0
QUEUE_MAX = 256
MESSAGES_PER_S = 100
_CLOSE_DONE, _CLOSE_SILENT, _CLOSE_NOT_UNDERSTOOD, _CLOSE_TOO_SLOW = 1000, 1008, 1008, 1013


@dataclass(frozen=True)
class CableLimits:
    """Seconds until a socket closes: without one command, and with a client that does not read."""

    first_command_s: float = 10
    send_s: float = 5


class _Outlet:
    """Frames on their way to one client; one that reads too slowly loses its socket."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_MAX)
        self._overflown = False
        self._left = asyncio.Event()

    def send(self, frame: str | None) -> None:
        """Queue a frame; None closes."""
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self._overflown = True

    async def room(self) -> None:
        """Until half of the queue is free."""
        while self._queue.qsize() > QUEUE_MAX // 2:
            self._left.clear()
            await self._left.wait()

    def hang_up(self) -> None:
        """Close when all that was sent has left."""
        self.send(None)

    async def pump(self, send_s: float) -> None:
        """Send until it is closed; raises Closing then."""
        while True:
            frame = await self._queue.get()
            self._left.set()
            if self._overflown:
                raise Closing(_CLOSE_TOO_SLOW, "too slow")
            if frame is None:
                raise Closing(_CLOSE_DONE)
            try:
                async with asyncio.timeout(send_s):
                    await websocket.send(frame)
            except TimeoutError:
                raise Closing(_CLOSE_TOO_SLOW, "too slow") from None


_DEFAULT_LIMITS = CableLimits()


def cable(
    parts: CableParts,
    origins: OriginDirectory,
    own_origin: str,
    *,
    is_open: bool = True,
    limits: CableLimits = _DEFAULT_LIMITS,
) -> Blueprint:
    """`is_open`: pages of every origin may connect, their token decides; else only origins that some tenant lists."""
    routes = Blueprint("cable", __name__)
    own = normalise(own_origin)

    @routes.websocket("/cable")
    async def socket() -> None:
        page = _foreign_page(own)
        if page is not None and not is_open and not await origins.is_listed_anywhere(page):
            abort(404)  # as Rails answers an origin it does not know

        async def allows(tenant_id: int) -> bool:
            """A tenant that lists origins means pages of these; backends and our own pages are of none."""
            if page is None or not await origins.of(tenant_id):
                return True
            return (await origins.decide(tenant_id, page)).allowed

        is_negotiated = PROTOCOL in websocket.requested_subprotocols
        await websocket.accept(subprotocol=PROTOCOL if is_negotiated else None)
        outlet = _Outlet()
        connection = CableConnection(parts, outlet.send, outlet.room, outlet.hang_up, allows)
        try:
            await _converse(connection, outlet, limits, _ping(parts.clock, is_negotiated=is_negotiated))
        except Closing as closing:
            await close(closing)
        finally:
            await connection.close()

    return routes


def _foreign_page(own_origin: str) -> str | None:
    """The origin of a page that is none of ours. Scripts' clients make one of the address they connect to."""
    origin = websocket.headers.get("Origin")
    if origin is None or origin == own_origin or origin.partition("://")[2] == websocket.headers.get("Host", ""):
        return None
    return origin


def _ping(clock: Clock, *, is_negotiated: bool) -> Callable[[], str]:
    """Rails' ping. To a client that negotiated nothing without `message`: the printed ones take that for data."""
    if not is_negotiated:
        return lambda: '{"type":"ping"}'
    return lambda: json.dumps({"type": "ping", "message": int(clock.now().timestamp())})


async def _converse(connection: CableConnection, outlet: _Outlet, limits: CableLimits, ping: Callable[[], str]) -> None:
    connection.welcome()
    await together(outlet.pump(limits.send_s), _receive(connection, limits), _beat(outlet, ping))


async def _beat(outlet: _Outlet, ping: Callable[[], str]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += BEAT_S
        await asyncio.sleep(max(0.0, due - loop.time()))
        outlet.send(ping())


async def _receive(connection: CableConnection, limits: CableLimits) -> None:
    allowance = Allowance(MESSAGES_PER_S, asyncio.get_running_loop().time)
    patience: float | None = limits.first_command_s
    while True:
        try:
            async with asyncio.timeout(patience):
                raw = await websocket.receive()
        except TimeoutError:
            raise Closing(_CLOSE_SILENT, "no command") from None
        if not allowance.take():
            raise Closing(_CLOSE_NOT_UNDERSTOOD, "too many messages")
        if connection.take(raw):
            patience = None
