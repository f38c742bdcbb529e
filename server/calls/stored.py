"""Calls as they are stored and read back: what one starts with, what it has become, the entries of its log."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from server.calls.state import CallState, Outcome, Position
from server.calls.tables import CallRow
from server.tenants.keeping import Notice


class Consent(StrEnum):
    """What became of it when those who talk had to be told that the call is kept."""

    ANNOUNCED = "announced"  # they were told, and talked on
    GIVEN = "given"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    UNSPOKEN = "not_announced"  # no voice could say it


@dataclass(frozen=True)
class NewCall:
    """What a call starts with. Numbers are E.164."""

    tenant_id: int
    project_id: int | None
    kind: str  # bridge, ai or relay
    direction: str  # outbound or inbound
    mode: str | None  # bridges: browser or phone, where our side speaks; relays: paused, or None
    language: str
    from_number: str | None = field(repr=False)
    to_number: str = field(repr=False)
    agent_number: str | None = field(default=None, repr=False)  # bridges by phone: our side's own line
    agent_uid: str | None = None  # AI calls
    relay_number: str | None = field(default=None, repr=False)  # relays: what was dialled; to_number is what rings
    is_recorded: bool = False
    is_transcribed: bool = False
    is_analysed: bool = False
    notice: Notice = Notice.OFF  # at least; the project may want more
    livemode: bool = True
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Call:
    """A call as it was read. `duration_s` is whole seconds from answer to end (A-24)."""

    id: int
    uid: str
    tenant_id: int
    project_id: int | None
    kind: str
    direction: str
    mode: str | None
    position: Position
    from_number: str | None = field(repr=False)
    to_number: str = field(repr=False)
    agent_number: str | None = field(repr=False)
    agent_uid: str | None
    relay_number: str | None = field(repr=False)
    language: str
    telephony_ref: str
    is_recorded: bool
    is_transcribed: bool
    is_analysed: bool
    notice: Notice
    consent: Consent | None  # to being kept; None before it is known, and where nobody is asked
    livemode: bool
    context: Mapping[str, Any] = field(repr=False)
    wrap_up: Mapping[str, Any] | None = field(repr=False)
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    events_count: int = 0  # when it was read

    @property
    def our_number(self) -> str | None:
        """What a telephone that we ring in this call is shown."""
        if self.relay_number is not None:
            return self.relay_number
        return self.to_number if self.direction == "inbound" else self.from_number

    @property
    def may_be_kept(self) -> bool:
        """Whether a recording or words of it may exist now."""
        return self.notice is Notice.OFF or self.consent in (Consent.ANNOUNCED, Consent.GIVEN)

    @property
    def consent_state(self) -> str | None:
        """`awaited` or a Consent; None where nobody has to be told, and before anybody can be."""
        if self.consent is not None or self.notice is Notice.OFF:
            return self.consent.value if self.consent else None
        return "awaited" if self.answered_at is not None and not self.is_over else None

    @property
    def is_over(self) -> bool:
        return self.position.state is CallState.ENDED

    @property
    def duration_s(self) -> int:
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(0, int((self.ended_at - self.answered_at).total_seconds()))


@dataclass(frozen=True)
class CallEvent:
    """One entry of a call's log; `seq` counts from 1 within the call."""

    id: int
    call_id: int
    seq: int
    type: str
    payload: Mapping[str, Any] = field(repr=False)
    at: datetime


def position_of(row: CallRow | Row[Any]) -> Position:
    return _position(row.state, row.outcome, row.reason)


@functools.lru_cache(256)  # a page of calls has few different ones
def _position(state: str, outcome: str | None, reason: str | None) -> Position:
    return Position(CallState(state), Outcome(outcome) if outcome else None, reason)


def decided(call: Call, consent: Consent) -> Call:
    """Without consent nothing is asked of the call any more."""
    call = replace(call, consent=consent)
    if call.may_be_kept:
        return call
    return replace(call, is_recorded=False, is_transcribed=False, is_analysed=False)


def call_of(row: CallRow | Row[Any]) -> Call:
    return Call(
        id=row.id,
        uid=row.uid,
        tenant_id=row.tenant_id,
        project_id=row.project_id,
        kind=row.kind,
        direction=row.direction,
        mode=row.mode,
        position=position_of(row),
        from_number=row.from_number,
        to_number=row.to_number or "",
        agent_number=row.agent_number,
        agent_uid=row.agent_uid,
        relay_number=row.relay_number,
        language=row.language,
        telephony_ref=row.telephony_ref,
        is_recorded=row.is_recorded,
        is_transcribed=row.is_transcribed,
        is_analysed=row.is_analysed,
        notice=Notice(row.notice),
        consent=Consent(row.consent) if row.consent else None,
        livemode=row.livemode,
        context=dict(row.context),
        wrap_up=row.wrap_up,
        created_at=row.created_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        events_count=row.events_count,
    )
