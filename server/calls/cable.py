"""ActionCable's protocol for one connection: subscriptions to calls, their backlog, then what happens live."""

import asyncio
import contextlib
import functools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from server.calls.cable_messages import is_end, is_status, message
from server.calls.feed import CallFeed
from server.calls.messages import read_object
from server.calls.store import Call, CallEvent, CallStore
from server.kit.clock import Clock
from server.kit.errors import AppError
from server.kit.tasks import TaskScope
from server.sessions.cable_tokens import AFTER_END, CableClaim, CableTokens
from server.tenants.revocations import Revocations

SUBSCRIPTIONS_MAX = 20
IDENTIFIER_MAX = 4_096
LINGER_S = 60.0  # a subscription outlives its call so long
_WAITING_MAX = 5_000  # events that arrive while the backlog is read; reading goes on until it finds no more

Send = Callable[[str], None]
Room = Callable[[], Awaitable[None]]
ReadAfter = Callable[[int], Awaitable[Sequence[CallEvent]]]
"""A page of a call's events after a `seq`; empty when there are no more."""


class OriginAllows(Protocol):
    """Whether a page of the asker's origin may follow this tenant's calls."""

    async def __call__(self, tenant_id: int) -> bool: ...


class CableConnections(set["CableConnection"]):
    """Every open cable of this process."""

    def restart(self) -> None:
        """The server stops: every client is told to come back."""
        for connection in tuple(self):
            connection.disconnect("server_restart", reconnect=True)


@dataclass(frozen=True)
class CableParts:
    store: CallStore
    feed: CallFeed
    tokens: CableTokens
    revocations: Revocations
    clock: Clock
    connections: CableConnections = field(default_factory=CableConnections)


@dataclass(frozen=True)
class _Wish:
    """What an identifier asks for."""

    call: str
    token: str
    since: int
    replay: bool


class CableConnection:
    """Takes a client's frames, sends ours. What is not understood is ignored, as ActionCable's own server does it."""

    def __init__(
        self, parts: CableParts, send: Send, room: Room, hang_up: Callable[[], None], allows: OriginAllows
    ) -> None:
        """`send` queues a frame, `hang_up` closes behind it; neither blocks. `room` waits until many may be sent."""
        self._parts = parts
        self._send = send
        self._room = room
        self._hang_up = hang_up
        self._allows = allows
        self._tasks = TaskScope("cable")
        self._subscriptions: dict[str, asyncio.Task[None]] = {}
        self._confirmed: set[str] = set()

    def welcome(self) -> None:
        """The first frame."""
        self._parts.connections.add(self)
        self._frame({"type": "welcome"})

    def disconnect(self, reason: str, *, reconnect: bool) -> None:
        """Say goodbye, and whether to come back."""
        self._frame({"type": "disconnect", "reason": reason, "reconnect": reconnect})
        self._hang_up()

    def take(self, raw: str | bytes | None) -> bool:
        """Act on a frame; whether it was a command."""
        try:
            frame = read_object(raw)
        except AppError:
            return False
        match frame:
            case {"command": "subscribe", "identifier": str(identifier)} if len(identifier) <= IDENTIFIER_MAX:
                self._subscribe(identifier)
            case {"command": "unsubscribe", "identifier": str(identifier)}:
                self._forget(identifier)
            case {"command": "message", "identifier": str()}:
                pass  # a call's channel has no actions
            case _:
                return False
        return True

    async def close(self) -> None:
        """End every subscription. Idempotent."""
        self._parts.connections.discard(self)
        await self._tasks.close()

    def _subscribe(self, identifier: str) -> None:
        if identifier in self._subscriptions:
            if identifier in self._confirmed:  # the client did not hear it, or asks twice
                self._frame({"identifier": identifier, "type": "confirm_subscription"})
            return
        wish = _wish(identifier)
        if wish is None or len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
            self._reject(identifier)
            return
        self._subscriptions[identifier] = self._tasks.spawn(self._serve(identifier, wish), "subscription")

    def _forget(self, identifier: str) -> None:
        self._confirmed.discard(identifier)
        if task := self._subscriptions.pop(identifier, None):
            task.cancel()

    def _reject(self, identifier: str) -> None:
        self._frame({"identifier": identifier, "type": "reject_subscription"})

    def _withdraw(self, identifier: str) -> None:
        """The key behind the subscription's token was revoked."""
        self._forget(identifier)
        self._reject(identifier)

    async def _serve(self, identifier: str, wish: _Wish) -> None:
        revocations = self._parts.revocations
        try:
            claim = await self._parts.tokens.verify(wish.token)
            with revocations.watch(claim.credential_uid, lambda: self._withdraw(identifier)):
                call = None if await revocations.is_revoked(claim.credential_uid) else await self._admitted(claim, wish)
                if call is not None:
                    await self._stream(identifier, call, wish)
                    return
            self._reject(identifier)
        except AppError:
            self._reject(identifier)
        finally:
            if self._subscriptions.get(identifier) is asyncio.current_task():
                self._forget_quietly(identifier)

    def _forget_quietly(self, identifier: str) -> None:
        self._subscriptions.pop(identifier, None)
        self._confirmed.discard(identifier)

    async def _admitted(self, claim: CableClaim, wish: _Wish) -> Call | None:
        """The token alone leads to a call: nobody learns whether another one exists."""
        call = await self._parts.store.by_uid(claim.call_uid)
        is_meant = wish.call in (str(call.id), call.uid)
        is_late = call.ended_at is not None and self._parts.clock.now() - call.ended_at > AFTER_END
        return call if is_meant and not is_late and await self._allows(call.tenant_id) else None

    async def _stream(self, identifier: str, call: Call, wish: _Wish) -> None:
        """Follow first, then read what was: nothing falls between. What comes meanwhile waits."""
        quoted = json.dumps(identifier, ensure_ascii=False)
        outlet = _Outlet(call, lambda text: self._send(f'{{"identifier":{quoted},"message":{text}}}'))
        with self._parts.feed.follow(call.id, call.events_count, outlet.deliver):
            self._confirmed.add(identifier)
            self._frame({"identifier": identifier, "type": "confirm_subscription"})
            read = functools.partial(self._parts.store.events, call.id)
            await outlet.catch_up(read, self._room, wish.since, replay=wish.replay)
            await outlet.ended.wait()
            await self._parts.clock.sleep(LINGER_S)

    def _frame(self, frame: Mapping[str, Any]) -> None:
        self._send(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))


class _Outlet:
    """Turns a call's events into messages of one subscription, each once and in order."""

    def __init__(self, call: Call, send: Send) -> None:
        self._call = call
        self._send = send
        self._waiting: list[CallEvent] | None = []
        self._seq = 0
        self.ended = asyncio.Event()

    def deliver(self, events: Sequence[CallEvent]) -> None:
        if self._waiting is not None:
            self._waiting += events[: _WAITING_MAX - len(self._waiting)]
            return
        for event in events:
            if event.seq > self._seq:
                self._seq = event.seq
                self._tell(event)
                if is_end(event):
                    self.ended.set()

    async def catch_up(self, read: ReadAfter, room: Room, since: int, *, replay: bool) -> None:
        """Tell what was said before, where the call stands, and go on with what came meanwhile."""
        standing: CallEvent | None = None
        while page := await read(self._seq):
            for event in page:
                self._seq = event.seq
                if is_status(event):
                    standing = event
                elif replay and event.seq > since:
                    await room()  # a long call says more than a queue holds
                    self._tell(event)
        if standing is None:
            self._put({"type": "status_changed", "status": "initiated", "seq": 0})
        else:
            self._tell(standing)
            if is_end(standing):
                self.ended.set()
        waiting, self._waiting = self._waiting or [], None
        self.deliver(waiting)

    def _tell(self, event: CallEvent) -> None:
        told = message(event, self._call)
        if told is not None:
            self._put(told)

    def _put(self, told: Mapping[str, Any]) -> None:
        self._send(json.dumps(told, ensure_ascii=False, separators=(",", ":")))


def _wish(identifier: str) -> _Wish | None:
    with contextlib.suppress(ValueError, RecursionError):
        asked = json.loads(identifier)
        match asked:
            case {"channel": "CallsChannel", "id": int() | str() as call, "token": str(token)}:
                since = asked.get("since", 0)
                replay = asked.get("replay", True) is not False
                return _Wish(str(call), token, since if isinstance(since, int) and since >= 0 else 0, replay)
    return None
