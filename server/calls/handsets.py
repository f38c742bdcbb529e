"""A virtual handset: a telephone of the virtual network that somebody holds in a browser."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.calls.messages import Outgoing, invalid_message
from server.kit.clock import Clock
from server.kit.errors import AppError
from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Role
from server.telephony.port import CallEnd

DIGITS = frozenset("0123456789*#ABCD")


class HandsetLine(Protocol):
    """A call as the virtual network hands it to a telephone."""

    @property
    def id(self) -> str: ...

    @property
    def over(self) -> asyncio.Event: ...

    def rings(self) -> None: ...

    def answers(self, party: "Handset") -> None: ...

    def presses(self, digit: str) -> None: ...

    async def ends(self, end: CallEnd) -> None: ...


Subscribe = Callable[[str, "Handset"], Callable[[], None]]
"""Let a number ring at a handset, until what is returned is called. Raises Conflict `number_taken`, TooMany."""


@dataclass(frozen=True)
class HandsetParts:
    """What every handset stands on."""

    subscribe: Subscribe
    network: MediaNetwork
    clock: Clock


class Handset:
    """Rings, is answered or declined, talks, and hangs up; one call at a time. `send` takes what the page is told."""

    def __init__(self, parts: HandsetParts, number: str, send: Callable[[Outgoing], None]) -> None:
        """Raises Conflict `number_taken` or TooMany `too_many_handsets`. Needs a running loop; close() it."""
        self._parts = parts
        self._send = send
        self._tasks = TaskScope("handset")
        self._line: HandsetLine | None = None
        self._peer: BrowserPeer | None = None
        self._is_answering = False
        self._is_connected = False
        self._is_muted = False
        self._unsubscribe = parts.subscribe(number, self)

    async def take(self, message: dict[str, object]) -> None:
        """One message of the page. Raises InvalidInput `invalid_message`, `invalid_sdp`."""
        match message:
            case {"type": "answer", "sdp": str(sdp)}:
                await self._answer(sdp)
            case {"type": "decline"}:
                if not self._is_answering:
                    await self._end(CallEnd.DECLINED)
            case {"type": "hangup"}:
                await self._end(CallEnd.REMOTE_HANGUP if self._is_connected else CallEnd.DECLINED)
            case {"type": "dtmf", "digit": str(digit)} if digit in DIGITS:
                self._pressed(digit)
            case {"type": "mute", "on": bool(on)}:
                self._is_muted = on
            case {"type": "ping"}:
                self._send({"type": "pong"})
            case _:
                raise invalid_message("That is not a message of a handset.")

    async def close(self) -> None:
        """The page is gone: its number rings nowhere, and its call is over. Idempotent."""
        self._unsubscribe()
        if self._line is not None:
            await self._line.ends(CallEnd.MEDIA_LOST if self._is_connected else CallEnd.UNREACHABLE)
        if self._peer is not None:
            await self._peer.close()
        await self._tasks.close()

    # What the virtual network asks of a telephone.

    def ring(self, line: HandsetLine, caller_id: str | None) -> None:
        if self._line is not None:
            self._tasks.spawn(line.ends(CallEnd.BUSY), "busy")
            return
        self._line = line
        line.rings()
        self._send({"type": "ring", "call": line.id, "from": caller_id})
        self._tasks.spawn(self._watch(line), "watch")

    def read(self) -> Frame | None:
        frame = self._peer.leg.read() if self._peer is not None else None
        return None if self._is_muted else frame

    def write(self, frame: Frame) -> None:
        if self._peer is not None:
            self._peer.leg.write(frame)

    def picked_up(self) -> None:
        """Nothing to do: this handset does not place calls."""

    @property
    def has_keys(self) -> bool:
        return True

    def press(self, digit: str) -> None:
        """The page shows it, and its browser plays the tone if it knows how."""
        self._send({"type": "dtmf", "digit": digit})
        if self._peer is not None:
            self._peer.press(digit)

    async def leave(self, end: CallEnd) -> None:
        """`over` of the line says so too, and is watched."""

    async def _watch(self, line: HandsetLine) -> None:
        """Wait until the call is over, whoever ended it, and be ready for the next."""
        await line.over.wait()
        was_connected = self._is_connected
        peer, self._peer, self._line = self._peer, None, None
        self._is_answering = self._is_connected = self._is_muted = False
        self._send({"type": "ended", "reason": "hangup"} if was_connected else {"type": "cancelled"})
        if peer is not None:
            await peer.close()

    async def _end(self, end: CallEnd) -> None:
        if self._line is not None:
            await self._line.ends(end)

    def _pressed(self, digit: str) -> None:
        """A key of the page, which it says once: on the socket, or as an event in its sound."""
        if self._line is not None and self._is_connected:
            self._line.presses(digit)

    async def _answer(self, sdp: str) -> None:
        line = self._line
        if line is None or self._is_answering:
            return
        self._is_answering = True
        try:
            peer = await BrowserPeer.answer(
                sdp,
                leg_id=line.id,
                network=self._parts.network,
                clock=self._parts.clock,
                on_state=lambda state: self._peer_became(line, state),
                role=Role.CALLEE,
            )
        except AppError:
            self._is_answering = False
            raise
        if self._line is not line or line.over.is_set():
            await peer.close()
            return
        peer.take_keys(self._pressed)
        self._peer = peer
        self._send({"type": "answer", "sdp": peer.answer_sdp})

    def _peer_became(self, line: HandsetLine, state: PeerState) -> None:
        if self._line is not line:
            return
        if state is PeerState.CONNECTED and not self._is_connected and not line.over.is_set():
            self._is_connected = True
            line.answers(self)
            self._send({"type": "connected"})
        elif state in (PeerState.FAILED, PeerState.CLOSED):
            self._tasks.spawn(line.ends(CallEnd.MEDIA_LOST), "media lost")
