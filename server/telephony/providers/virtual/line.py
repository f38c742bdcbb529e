"""One virtual call: our end of it is a PhoneLeg, the other end is a Party; what one writes the other reads.

Keys are events where the other end has them, and tones in the sound where it has not.
"""

import asyncio
from collections import deque
from typing import Protocol

from server.media.frame import Frame
from server.media.key_tones import KeyToneDetector, key_tone
from server.media.leg import Role
from server.media.mix import SILENCE, mix
from server.telephony.port import Answered, CallEnd, Dtmf, EarlyMedia, Ended, OnPhoneEvent, PhoneEvent, Ringing

TONES_MAX = 600  # frames that wait to be heard: twelve seconds of pressed keys


class Party(Protocol):
    """The other end of an answered call: a handset in a browser, or a script."""

    @property
    def has_keys(self) -> bool:
        """Whether it tells and is told keys as events; else they are tones in what it says and hears."""
        ...

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
        """A key was pressed at our end; only told to a party that has keys."""
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
        self._tones: deque[Frame] = deque(maxlen=TONES_MAX)
        self._detector = KeyToneDetector()
        self._scripts: list[asyncio.Task[None]] = []
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
        party = self._party
        if party is None or not (self._answered or self._early):
            return None
        frame = party.read()
        if self._answered and not party.has_keys and (key := self._detector.take(SILENCE if frame is None else frame)):
            self.presses(key)
        return frame

    def write(self, frame: Frame) -> None:
        if self._party is not None and self._answered:
            self._party.write(mix([frame, self._tones.popleft()]) if self._tones else frame)

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
            if self._party is None or self.over.is_set():
                return
            if self._party.has_keys:
                self._party.press(digit)
            elif len(self._tones) < TONES_MAX - len(tone := key_tone(digit)):
                self._tones += tone

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

    def end_with(self, script: asyncio.Task[None]) -> None:
        """Cancel `script` when the call is over, however it ends."""
        self._scripts.append(script)

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
        for script in self._scripts:
            if script is not asyncio.current_task():
                script.cancel()
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
