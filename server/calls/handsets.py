"""A virtual handset: a telephone of the virtual network that somebody holds in a browser."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.calls.allowance import Allowance
from server.calls.messages import Outgoing, invalid_message
from server.kit.clock import Clock
from server.kit.errors import AppError, Conflict, TooMany
from server.kit.ids import new_uid
from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Role
from server.telephony.numbers import normalise
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
PlaceCall = Callable[[str, str, "Handset"], HandsetLine]
"""(from, to, who calls): our end may answer or refuse it from now on. Raises Unavailable."""
SendText = Callable[[str, str, str], Awaitable[object]]
"""(from, to, text) of a short message. Raises AppError when it is not delivered."""
TEXTS_PER_S = 2
_ID_MAX = 64


@dataclass(frozen=True)
class HandsetParts:
    """What every handset stands on."""

    subscribe: Subscribe
    place_call: PlaceCall
    send_text: SendText
    network: MediaNetwork
    clock: Clock


class Handset:
    """Rings or calls, talks, and hangs up; one call at a time. `send` takes what the page is told."""

    def __init__(self, parts: HandsetParts, number: str, send: Callable[[Outgoing], None]) -> None:
        """Raises Conflict `number_taken` or TooMany `too_many_handsets`. Needs a running loop; close() it."""
        self._parts = parts
        self._number = number
        self._send = send
        self._tasks = TaskScope("handset")
        self._line: HandsetLine | None = None
        self._peer: BrowserPeer | None = None
        self._attempt: object = None
        self._to = ""
        self._is_answering = False
        self._is_calling = False
        self._is_connected = False
        self._is_muted = False
        self._left: CallEnd | None = None
        self._texts = Allowance(TEXTS_PER_S, parts.clock.monotonic)
        self._unsubscribe = parts.subscribe(number, self)

    async def take(self, message: dict[str, object]) -> None:
        """One message of the page.

        Raises InvalidInput `invalid_message`, `invalid_sdp`, `invalid_phone_number`, Conflict `handset_busy`,
        Unavailable.
        """
        match message:
            case {"type": "answer", "sdp": str(sdp)}:
                await self._answer(sdp)
            case {"type": "dial", "to": str(to), "sdp": str(sdp)}:
                await self._dial(normalise(to), sdp)
            case {"type": "sms", "id": str(key), "to": str(to), "text": str(text)} if 0 < len(key) <= _ID_MAX:
                await self._send_text(key, to, text)
            case {"type": "decline"}:
                if not self._is_answering and not self._is_calling:
                    await self._end(CallEnd.DECLINED)
            case {"type": "hangup"}:
                before = CallEnd.CANCELED if self._is_calling else CallEnd.DECLINED
                await self._end(CallEnd.REMOTE_HANGUP if self._is_connected else before)
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
            unanswered = CallEnd.CANCELED if self._is_calling else CallEnd.UNREACHABLE
            await self._line.ends(CallEnd.MEDIA_LOST if self._is_connected else unanswered)
        if self._peer is not None:
            await self._peer.close()
        await self._tasks.close()

    # What the virtual network asks of a telephone.

    def ring(self, line: HandsetLine, caller_id: str | None) -> None:
        if self._line is not None or self._is_calling:
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
        self._is_connected = True
        self._send({"type": "connected"})

    @property
    def has_keys(self) -> bool:
        return True

    def press(self, digit: str) -> None:
        """The page shows it, and its browser plays the tone if it knows how."""
        self._send({"type": "dtmf", "digit": digit})
        if self._peer is not None:
            self._peer.press(digit)

    async def leave(self, end: CallEnd) -> None:
        """`over` of the line says so too, and is watched; only here is said why."""
        self._left = end

    async def _watch(self, line: HandsetLine) -> None:
        """Wait until the call is over, whoever ended it, and be ready for the next."""
        await line.over.wait()
        was_connected, was_calling, end = self._is_connected, self._is_calling, self._left
        peer, self._peer, self._line, self._left = self._peer, None, None, None
        self._is_answering = self._is_calling = self._is_connected = self._is_muted = False
        if was_connected or was_calling:
            reason = end.value if end is not None and not was_connected else "hangup"
            self._send({"type": "ended", "reason": reason})
        else:
            self._send({"type": "cancelled"})
        if peer is not None:
            await peer.close()

    async def _end(self, end: CallEnd) -> None:
        if self._line is not None:
            await self._line.ends(end)
        elif self._is_calling:
            self._give_up()

    def _pressed(self, digit: str) -> None:
        """A key of the page, which it says once: on the socket, or as an event in its sound."""
        if self._line is not None and self._is_connected:
            self._line.presses(digit)

    async def _dial(self, to: str, sdp: str) -> None:
        if self._line is not None or self._is_calling:
            raise Conflict("handset_busy", "This telephone is in a call already.")
        self._is_calling = True
        try:
            peer = await self._connect(new_uid("leg"), sdp)
        except AppError:
            self._is_calling = False
            raise
        self._peer, self._to = peer, to
        self._send({"type": "answer", "sdp": peer.answer_sdp})

    def _place(self) -> None:
        """Once the page has sound: nobody is called by a telephone that cannot be heard."""
        try:
            line = self._line = self._parts.place_call(self._number, self._to, self)
        except AppError as refusal:
            self._send({"type": "error", "code": refusal.code})
            self._give_up()
        else:
            self._tasks.spawn(self._watch(line), "watch")

    def _give_up(self) -> None:
        """The call that was dialled is not placed."""
        peer, self._peer = self._peer, None
        self._is_calling = self._is_muted = False
        if peer is not None:
            self._tasks.spawn(peer.close(), "close")
        self._send({"type": "ended", "reason": CallEnd.CANCELED.value})

    async def _send_text(self, key: str, to: str, text: str) -> None:
        """The page is told what became of it, whatever that is."""
        try:
            if not self._texts.take():
                raise TooMany("too_many_messages", "So many messages at once are not sent.", 1)
            await self._parts.send_text(self._number, to, text)
        except AppError as refusal:
            self._send({"type": "sms_failed", "id": key, "code": refusal.code})
        else:
            self._send({"type": "sms_sent", "id": key})

    async def _answer(self, sdp: str) -> None:
        line = self._line
        if line is None or self._is_answering or self._is_calling:
            return
        self._is_answering = True
        try:
            peer = await self._connect(line.id, sdp)
        except AppError:
            self._is_answering = False
            raise
        if self._line is not line or line.over.is_set():
            await peer.close()
            return
        self._peer = peer
        self._send({"type": "answer", "sdp": peer.answer_sdp})

    async def _connect(self, leg_id: str, sdp: str) -> BrowserPeer:
        attempt = self._attempt = object()  # what an earlier connection says is of no interest
        peer = await BrowserPeer.answer(
            sdp,
            leg_id=leg_id,
            network=self._parts.network,
            clock=self._parts.clock,
            on_state=lambda state: self._peer_became(attempt, state),
            role=Role.CALLEE,
        )
        peer.take_keys(self._pressed)
        return peer

    def _peer_became(self, attempt: object, state: PeerState) -> None:
        line = self._line
        if attempt is not self._attempt or self._peer is None or (line is not None and line.over.is_set()):
            return
        if line is None:
            if self._is_calling and state is PeerState.CONNECTED:
                self._place()
            elif self._is_calling and state in (PeerState.FAILED, PeerState.CLOSED):
                self._give_up()
            return
        if state is PeerState.CONNECTED and self._is_answering and not self._is_connected:
            self._is_connected = True
            line.answers(self)
            self._send({"type": "connected"})
        elif state in (PeerState.FAILED, PeerState.CLOSED):
            self._tasks.spawn(line.ends(CallEnd.MEDIA_LOST), "media lost")
