"""What a call's state may become: a pure function over the happenings of its life. Nothing else decides it.

created ──► waiting_agent ──► dialing ──► ringing ──► in_progress ──► ended
   └───────────────────────────┘  └─────────────────────┘   ▲ └► transferring
and from every state but `ended`, an Ended ends it.
"""

from dataclasses import dataclass
from enum import StrEnum

from server.kit.errors import Conflict


class CallState(StrEnum):
    CREATED = "created"
    WAITING_AGENT = "waiting_agent"
    DIALING = "dialing"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    TRANSFERRING = "transferring"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"
    ERROR = "error"


class Step(StrEnum):
    """What moves a call on; each is also the name of its event in the log, after `call.`."""

    AGENT_AWAITED = "agent_awaited"
    DIALED = "dialed"
    RANG = "ringing"
    ANSWERED = "answered"
    TRANSFER_BEGAN = "transfer_began"
    TRANSFERRED = "transferred"
    TRANSFER_FAILED = "transfer_failed"
    ENDED = "ended"


@dataclass(frozen=True)
class Position:
    """Where a call stands; `outcome` and `reason` only when it has ended."""

    state: CallState
    outcome: Outcome | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Happening:
    """A step, with the outcome and reason when it is the end."""

    step: Step
    outcome: Outcome | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.step is Step.ENDED) != (self.outcome is not None):
            raise ValueError("an end has an outcome, and nothing else has")


class IllegalTransition(Conflict):
    """The happening cannot happen to a call in this state."""

    def __init__(self, state: CallState, step: Step) -> None:
        super().__init__("invalid_call_state", f"A call that is {state.value} cannot become {step.value}.")
        self.state = state
        self.step = step


_NEXT = {
    (CallState.CREATED, Step.AGENT_AWAITED): CallState.WAITING_AGENT,
    (CallState.CREATED, Step.DIALED): CallState.DIALING,
    (CallState.WAITING_AGENT, Step.DIALED): CallState.DIALING,
    (CallState.DIALING, Step.RANG): CallState.RINGING,
    # Carriers may leave out the ringing.
    (CallState.DIALING, Step.ANSWERED): CallState.IN_PROGRESS,
    (CallState.RINGING, Step.ANSWERED): CallState.IN_PROGRESS,
    # A call that came in rings before anybody of ours was dialled.
    (CallState.CREATED, Step.RANG): CallState.RINGING,
    (CallState.IN_PROGRESS, Step.TRANSFER_BEGAN): CallState.TRANSFERRING,
    (CallState.TRANSFERRING, Step.TRANSFERRED): CallState.IN_PROGRESS,
    (CallState.TRANSFERRING, Step.TRANSFER_FAILED): CallState.IN_PROGRESS,
}

_TALKING = frozenset({CallState.IN_PROGRESS, CallState.TRANSFERRING})
LIVE_STATES = frozenset(CallState) - {CallState.ENDED}


def advance(position: Position, happening: Happening) -> Position:
    """Where the call stands after `happening`. Raises IllegalTransition; nothing happens to an ended call."""
    if position.state is CallState.ENDED:
        raise IllegalTransition(position.state, happening.step)
    if happening.step is Step.ENDED:
        return Position(CallState.ENDED, happening.outcome, happening.reason)
    state = _NEXT.get((position.state, happening.step))
    if state is None:
        raise IllegalTransition(position.state, happening.step)
    return Position(state)


def require_talk(state: CallState) -> None:
    """Raises Conflict `invalid_call_state` unless people talk."""
    if state not in _TALKING:
        raise Conflict("invalid_call_state", "Nobody talks in this call yet.")


def hung_up(state: CallState, reason: str) -> Happening:
    """The end of a call that somebody hung up: completed once people talked, canceled before."""
    return Happening(Step.ENDED, Outcome.COMPLETED if state in _TALKING else Outcome.CANCELED, reason)
