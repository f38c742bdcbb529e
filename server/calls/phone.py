"""One telephone in a call: dialled, ringing, answered, gone; its sound is a leg of the room once there is any."""

from collections.abc import Callable
from dataclasses import dataclass

from server.calls.participants import Participant, Presence
from server.calls.state import Outcome
from server.kit.tasks import TaskScope
from server.telephony.port import (
    Answered,
    CallEnd,
    Dtmf,
    EarlyMedia,
    Ended,
    IncomingCall,
    PhoneEvent,
    PhoneLeg,
    Ringing,
    TelephonyDriver,
)

RING_TIMEOUT_S = 45.0

END_OUTCOMES = {
    CallEnd.BUSY: Outcome.BUSY,
    CallEnd.DECLINED: Outcome.BUSY,
    CallEnd.NO_ANSWER: Outcome.NO_ANSWER,
    CallEnd.FAILED: Outcome.FAILED,
    CallEnd.UNREACHABLE: Outcome.FAILED,
    CallEnd.CANCELED: Outcome.CANCELED,
    CallEnd.MEDIA_LOST: Outcome.FAILED,
    CallEnd.LOCAL_HANGUP: Outcome.CANCELED,
    CallEnd.REMOTE_HANGUP: Outcome.CANCELED,
}
"""What a call becomes when its telephone ended like that before anybody answered."""


@dataclass(frozen=True)
class PhoneCallbacks:
    """Told on the event loop; none may block. `ended` comes once and last, `was_answered` says after what."""

    is_over: Callable[[], bool]
    """Whether the call has ended: then nothing but `ended` is told. A telephone may answer while it is given up."""
    ringing: Callable[["PhoneLine"], None]
    sounding: Callable[["PhoneLine"], None]  # there is something to hear before the answer
    answered: Callable[["PhoneLine"], None]
    digit: Callable[["PhoneLine", str], None]
    ended: Callable[["PhoneLine", CallEnd], None]


class PhoneLine:
    """A participant by telephone."""

    def __init__(
        self, participant: Participant, driver: TelephonyDriver, tell: PhoneCallbacks, tasks: TaskScope
    ) -> None:
        self.participant = participant
        self.was_answered = False
        self._driver = driver
        self._tell = tell
        self._tasks = tasks
        self._leg: PhoneLeg | None = None
        self._is_over = False
        self._hang_up_when_dialed = False
        self._refusal: CallEnd | None = None

    @property
    def leg(self) -> PhoneLeg | None:
        """Its sound, once it was dialled."""
        return self._leg

    def dial(self, caller_id: str | None) -> None:
        """Begin to call; everything that follows is told."""
        self._tasks.spawn(self._dial(caller_id), f"dial/{self.participant.uid}")

    def receive(self, incoming: IncomingCall) -> None:
        """It called us, and rings. Everything that follows is told."""
        self._leg = incoming.leg
        incoming.listen(self.take)

    def pick_up(self) -> None:
        """Answer what rings."""
        if self._leg is not None:
            self._tasks.spawn(self._leg.answer(), f"answer/{self.participant.uid}")

    def refuse(self, end: CallEnd) -> None:
        """Say `end` to who called and still rings, when it comes to hanging up."""
        self._refusal = end

    async def hang_up(self) -> None:
        """Hang up, or stop ringing. Idempotent."""
        if self._leg is None:
            self._hang_up_when_dialed = True
        elif self._refusal is not None and not self.was_answered:
            await self._leg.reject(self._refusal)
        else:
            await self._leg.hangup()

    def dismiss(self) -> None:
        """Hang up in the background; what follows is told."""
        self._tasks.spawn(self.hang_up(), f"dismiss/{self.participant.uid}")

    async def send_digits(self, digits: str) -> None:
        if self._leg is not None:
            await self._leg.send_dtmf(digits)

    def take(self, event: PhoneEvent) -> None:
        """What the driver tells of this telephone."""
        if self._is_over:
            return
        match event:
            case Ended(end):
                self._end(end)
            case _ if self._tell.is_over():
                pass
            case Ringing():
                self.participant.presence = Presence.RINGING
                self._tell.ringing(self)
            case EarlyMedia():
                self._tell.sounding(self)
            case Answered():
                self.was_answered = True
                self.participant.presence = Presence.JOINED
                self._tell.answered(self)
            case Dtmf(digit):
                self._tell.digit(self, digit)

    async def _dial(self, caller_id: str | None) -> None:
        assert self.participant.number is not None
        if self._tell.is_over():  # who called us hung up before we knew
            return self._end(CallEnd.CANCELED)
        try:
            leg = await self._driver.dial(
                self.participant.number,
                caller_id,
                leg_id=self.participant.uid,
                role=self.participant.role,
                ring_timeout_s=RING_TIMEOUT_S,
                on_event=self.take,
            )
        except Exception:
            self._end(CallEnd.FAILED)
            raise
        self._leg = leg
        if self._hang_up_when_dialed:
            await leg.hangup()

    def _end(self, end: CallEnd) -> None:
        if not self._is_over:
            self._is_over = True
            self.participant.presence = Presence.LEFT
            self._tell.ended(self, end)
