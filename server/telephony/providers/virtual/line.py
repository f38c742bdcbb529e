"""One virtual call: our end of it is a PhoneLeg, the other end is a Party; what one writes the other reads."""

import asyncio
from typing import Protocol

from server.media.frame import Frame
from server.media.leg import Role
from server.telephony.port import Answered, CallEnd, Dtmf, EarlyMedia, Ended, OnPhoneEvent, PhoneEvent, Ringing


class Party(Protocol):
    """The other end of an answered call: a handset in a browser, or a script."""

    def read(self) -> Frame | None:
        """What it says next; None for silence. Never blocks."""
        ...

    def write(self, frame: Frame) -> None:
        """What it hears. Never blocks."""
        ...

    def picked_up(self) -> None:
        """It had called, and our end answered."""
        ...

    def press(self, digit: str) -> None:
        """A key was pressed at our end."""
        ...

    async def leave(self, end: CallEnd) -> None:
        """The call is over, as seen from our end. Called once."""
        ...


class VirtualLine:
    """Implements PhoneLeg. The other end's side of it: rings, answers, presses and ends."""

    def __init__(self, leg_id: str, role: Role, number: str) -> None:
        self._id = leg_id
        self._role = role
        self._number = number
        self._on_event: OnPhoneEvent | None = None
        self._untold: list[PhoneEvent] = []
        self._party: Party | None = None
        self._answered = False
        self._early = False
        self.over = asyncio.Event()

    @property
    def id(self) -> str:
        return self._id

    @property
    def role(self) -> Role:
        return self._role

    @property
    def number(self) -> str:
        return self._number

    @property
    def is_answered(self) -> bool:
        return self._answered

    # Our end: PhoneLeg.

    def read(self) -> Frame | None:
        return self._party.read() if self._party is not None and (self._answered or self._early) else None

    def write(self, frame: Frame) -> None:
        if self._party is not None and self._answered:
            self._party.write(frame)

    def clear(self) -> None:
        """Nothing to forget: what is written is heard at once."""

    async def close(self) -> None:
        await self.hangup()

    async def answer(self) -> None:
        if self._party is not None and not self.over.is_set() and not self._answered:
            self._party.picked_up()
            self.answers()

    async def reject(self, end: CallEnd) -> None:
        await self._end(end, told=end)

    async def hangup(self) -> None:
        end = CallEnd.LOCAL_HANGUP if self._answered else CallEnd.CANCELED
        await self._end(end, told=CallEnd.REMOTE_HANGUP if self._answered else CallEnd.CANCELED)

    async def send_dtmf(self, digits: str) -> None:
        for digit in digits:
            if self._party is not None and not self.over.is_set():
                self._party.press(digit)

    # The other end.

    def listen(self, on_event: OnPhoneEvent) -> None:
        """Where events go; what happened before is told now."""
        self._on_event = on_event
        untold, self._untold = self._untold, []
        for event in untold:
            self._tell(event)

    def calls_in(self, party: Party) -> None:
        """`party` dialled us, and hears nothing until our end answers."""
        self._party = party

    def rings(self) -> None:
        if not self.over.is_set():
            self._tell(Ringing())

    def sounds_early(self, party: Party) -> None:
        """There is something to hear before the answer."""
        if not self.over.is_set():
            self._party = party
            self._early = True
            self._tell(EarlyMedia())

    def answers(self, party: Party | None = None) -> None:
        """Picked up: sound goes both ways from now on."""
        if self.over.is_set() or self._answered:
            return
        self._answered = True
        if party is not None:
            self._party = party
        self._tell(Answered())

    def presses(self, digit: str) -> None:
        """A key was pressed at the other end."""
        if not self.over.is_set():
            self._tell(Dtmf(digit))

    async def ends(self, end: CallEnd, reason: str = "") -> None:
        """The other end is done with the call, or the network is. Idempotent."""
        await self._end(end, told=None, reason=reason)

    async def unanswered(self) -> None:
        """It rang long enough; the other end stops ringing."""
        await self._end(CallEnd.NO_ANSWER, told=CallEnd.CANCELED)

    async def _end(self, end: CallEnd, told: CallEnd | None, reason: str = "") -> None:
        """`told`: what the other end is told, None if it was the one who ended."""
        if self.over.is_set():
            return
        self.over.set()
        party, self._party = self._party, None
        self._tell(Ended(end, reason=reason))
        if party is not None and told is not None:
            await party.leave(told)

    def _tell(self, event: PhoneEvent) -> None:
        """Never from inside the method that caused it: the teller may be the one who is told."""
        if self._on_event is None:
            self._untold.append(event)
            return
        asyncio.get_running_loop().call_soon(self._on_event, event)
