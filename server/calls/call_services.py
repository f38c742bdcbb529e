"""What every live call of a process is given: where things are kept, how people are reached, what listens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from server.browser import MediaNetwork
from server.calls.absence import PATIENCE_S
from server.calls.announcements import Say
from server.calls.capture import Capture, Words
from server.calls.messages import Outgoing
from server.calls.participants import Participant
from server.calls.room_clock import RoomClock
from server.calls.store import Call, CallStore
from server.kit.clock import Clock
from server.media.leg import Leg
from server.telephony.port import TelephonyDriver

OnWords = Callable[[Words], None]


class AiVoice(Protocol):
    """An AI agent that takes part in a call by telephone."""

    @property
    def leg(self) -> Leg: ...

    def start(self) -> None:
        """Greet, and go on from there."""
        ...

    async def close(self) -> None: ...


class Keepsakes(Protocol):
    """What a call leaves behind: its recording and its words."""

    async def open(self, call: Call, on_words: OnWords) -> Capture:
        """Begin to record and transcribe, as far as the call asks for it."""
        ...

    def close(self, call: Call) -> None:
        """The call is over and nothing more comes of it."""
        ...

    async def keep(self, call: Call, speaker: Participant, words: Words) -> int:
        """Store final words; their `seq`."""
        ...

    async def words_since(self, call_id: int, seq: int) -> list[Outgoing]:
        """What was said after `seq`, as `segment` messages."""
        ...

    def states(self, call: Call) -> dict[str, Any]:
        """How a live call's recording and transcript stand: `recording`, `transcript`, `transcript_reason`."""
        ...

    async def stored_states(self, call: Call) -> dict[str, Any]:
        """The same for a call that is not live here."""
        ...


@dataclass(frozen=True)
class CallServices:
    store: CallStore
    clock: Clock
    room_clock: RoomClock
    network: MediaNetwork
    driver: TelephonyDriver
    simulation: TelephonyDriver
    """Of the calls of test keys: everything answers by itself, and nothing is reached."""
    keepsakes: Keepsakes
    open_ai: Callable[[Call, str, OnWords, Callable[[str], None]], Awaitable[AiVoice]]
    """(call, the customer's participant uid, words said, told when the agent ends the conversation and why)"""
    permit: Callable[[Call, str], Awaitable[None]]
    """Raises AppError when the call's tenant may not have that number called."""
    say: Say
    count_refused: Callable[[], None]
    """An illegal transition was refused."""
    patience_s: float = PATIENCE_S
    """How long a softphone whose connection is lost is waited for."""

    def driver_of(self, call: Call) -> TelephonyDriver:
        """The network that the call's telephones are on."""
        return self.driver if call.livemode else self.simulation
