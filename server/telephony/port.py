"""The TelephonyDriver port: dial a number, take calls that come in, and be told what becomes of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from server.media.leg import Leg, Role


class CallEnd(StrEnum):
    """Why a telephone is not, or no longer, on the line."""

    REMOTE_HANGUP = "remote_hangup"
    LOCAL_HANGUP = "local_hangup"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    CANCELED = "canceled"  # we, or the caller, gave up while it rang
    MEDIA_LOST = "media_lost"


@dataclass(frozen=True)
class Ringing:
    """The telephone rings."""


@dataclass(frozen=True)
class EarlyMedia:
    """There is something to hear before the answer: the carrier's own ringing, or an announcement."""


@dataclass(frozen=True)
class Answered:
    """Somebody picked up; sound goes both ways from now on."""


@dataclass(frozen=True)
class Dtmf:
    """The other party pressed a key: 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True)
class Ended:
    """The last event, exactly once. `status` is the carrier's own code, if it has one."""

    end: CallEnd
    status: int | None = None
    reason: str = ""


PhoneEvent = Ringing | EarlyMedia | Answered | Dtmf | Ended
OnPhoneEvent = Callable[[PhoneEvent], None]
"""Called on the event loop, never from inside the method that caused it. Must not block."""


class PhoneLeg(Leg, Protocol):
    """One telephone. `close()` hangs up."""

    @property
    def number(self) -> str:
        """The other party's number, E.164."""
        ...

    async def answer(self) -> None:
        """Pick up a call that came in. Nothing happens if it has ended."""
        ...

    async def reject(self, end: CallEnd) -> None:
        """Do not take a call that came in: BUSY, DECLINED, FAILED, or UNREACHABLE when nobody has the number."""
        ...

    async def hangup(self) -> None:
        """End it, whatever it does. Idempotent."""
        ...

    async def send_dtmf(self, digits: str) -> None:
        """Press keys; returns when they are on their way."""
        ...


@dataclass(frozen=True)
class IncomingCall:
    """A telephone that calls us and rings. Tell it where its events go before anything else."""

    leg: PhoneLeg
    to: str
    caller_id: str | None
    listen: Callable[[OnPhoneEvent], None]


OnIncoming = Callable[[IncomingCall], None]

OnText = Callable[[str, str, str], Awaitable[object]]
"""(from, to, text) of a short message that came in. Raises AppError when it cannot be delivered."""


class TelephonyDriver(Protocol):
    """A carrier, or something that behaves like one."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Be ready to dial. Raises Unavailable `telephony_unavailable`."""
        ...

    async def stop(self, drain_s: float) -> None:
        """Take no more calls, hang up what is left after `drain_s`. Idempotent."""
        ...

    async def dial(
        self,
        to: str,
        caller_id: str | None,
        *,
        leg_id: str,
        role: Role,
        ring_timeout_s: float,
        on_event: OnPhoneEvent,
    ) -> PhoneLeg:
        """Call `to` (E.164). What becomes of it is told; a number nobody has is an Ended, not an exception."""
        ...

    def on_incoming(self, callback: OnIncoming) -> None:
        """Who takes calls that come in; without anybody they are refused as UNREACHABLE."""
        ...
