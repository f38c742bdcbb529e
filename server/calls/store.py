"""Calls as they are kept: every change is one transaction that writes the state, the event and the outbox row."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.calls.filters import EVERY_CALL, CallFilter
from server.calls.state import CallState, Happening, IllegalTransition, Outcome, Position, Step, advance
from server.calls.tables import CallEventRow, CallLegRow, CallRow, OutboxRow
from server.kit.clock import Clock
from server.kit.errors import NotAllowed, NotFound, TooMany
from server.kit.ids import new_uid
from server.storage import Database
from server.tenants.tables import TenantRow

LEASE = timedelta(seconds=30)
_RETRY_WHEN_BUSY_S = 10
_LARGEST_ID = 2**53
_UID_MAX = 40
_EVENTS_PAGE = 1_000
LATEST_MAX = 50


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


class CallStore:
    """The only writer of calls, their legs and their events."""

    def __init__(self, database: Database, clock: Clock, logged: Callable[[int], None] = lambda _: None) -> None:
        """`logged` is called with a call's id after something was committed to its log."""
        self._database = database
        self._clock = clock
        self._logged = logged

    async def create(self, new: NewCall, limit: int) -> Call:
        """Store a call in state created, and the event that it was.

        Raises TooMany `concurrency_limit_reached` when the tenant has `limit` calls going on.
        """
        async with self._database.transaction() as session:
            await self._refuse_beyond(session, new.tenant_id, limit)
            row = CallRow(
                uid=new_uid("call"),
                tenant_id=new.tenant_id,
                project_id=new.project_id,
                kind=new.kind,
                direction=new.direction,
                mode=new.mode,
                state=CallState.CREATED.value,
                version=1,
                lease_until=self._clock.now() + LEASE,
                events_count=0,
                from_number=new.from_number,
                to_number=new.to_number,
                agent_number=new.agent_number,
                agent_uid=new.agent_uid,
                relay_number=new.relay_number,
                language=new.language,
                telephony_ref=f"CA{secrets.token_hex(16)}",
                is_recorded=new.is_recorded,
                is_transcribed=new.is_transcribed,
                is_analysed=new.is_analysed,
                livemode=new.livemode,
                context=dict(new.context),
                created_at=self._clock.now(),
            )
            session.add(row)
            await session.flush()
            await self._log(session, row, "call.created", {"kind": new.kind, "mode": new.mode})
        self._logged(row.id)
        return _call(row)

    async def apply(self, call_id: int, happening: Happening, at: datetime | None = None) -> Call:
        """Move the call on. Raises IllegalTransition when that cannot happen, NotFound `unknown_call`."""
        async with self._database.transaction() as session:
            row = await self._locked(session, call_id)
            position = advance(_position(row), happening)
            now = at or self._clock.now()
            row.state = position.state.value
            row.outcome = position.outcome.value if position.outcome else None
            row.reason = position.reason
            row.version += 1
            if happening.step is Step.ANSWERED:
                row.answered_at = now
            if happening.step is Step.ENDED:
                row.ended_at = now
                await self._everybody_left(session, call_id, now)
            payload = {"outcome": row.outcome, "reason": row.reason} if row.outcome else {}
            await self._log(session, row, f"call.{happening.step.value}", payload)
        self._logged(call_id)
        return _call(row)

    async def note(self, call_id: int, event_type: str, payload: Mapping[str, Any]) -> int:
        """Log what happened without changing the state: a keypad digit, words, an artefact ready. Its `seq`."""
        async with self._database.transaction() as session:
            row = await self._locked(session, call_id)
            await self._log(session, row, event_type, dict(payload))
            seq = row.events_count
        self._logged(call_id)
        return seq

    async def invite_leg(self, call_id: int, uid: str, role: str, transport: str, number: str | None) -> None:
        async with self._database.transaction() as session:
            session.add(CallLegRow(uid=uid, call_id=call_id, role=role, transport=transport, number=number))

    async def leg_joined(self, call_id: int, uid: str) -> None:
        """The leg's sound is in the call. Joining again, after a reconnection, changes nothing."""
        async with self._database.transaction() as session:
            changed = await session.scalar(
                update(CallLegRow)
                .where(CallLegRow.uid == uid, CallLegRow.joined_at.is_(None))
                .values(joined_at=self._clock.now())
                .returning(CallLegRow.role)
            )
            if changed is not None:
                row = await self._locked(session, call_id)
                await self._log(session, row, "leg.joined", {"leg": uid, "role": changed})
        self._logged(call_id)

    async def leg_left(self, call_id: int, uid: str, reason: str) -> None:
        """The leg is gone for good. Idempotent."""
        async with self._database.transaction() as session:
            changed = await session.scalar(
                update(CallLegRow)
                .where(CallLegRow.uid == uid, CallLegRow.left_at.is_(None))
                .values(left_at=self._clock.now(), left_reason=reason)
                .returning(CallLegRow.role)
            )
            if changed is not None:
                row = await self._locked(session, call_id)
                await self._log(session, row, "leg.left", {"leg": uid, "role": changed, "reason": reason})
        self._logged(call_id)

    async def set_wrap_up(self, call_id: int, wrap_up: Mapping[str, Any]) -> Call:
        """What our side says about the call afterwards; the last word counts."""
        async with self._database.transaction() as session:
            row = await self._locked(session, call_id)
            row.wrap_up = dict(wrap_up)
            await self._log(session, row, "call.wrapped_up", {"outcome": wrap_up.get("outcome")})
        self._logged(call_id)
        return _call(row)

    async def by_id(self, call_id: int) -> Call:
        """Raises NotFound `unknown_call`."""
        async with self._database.reading() as session:
            row = await session.get(CallRow, call_id)
        if row is None:
            raise unknown_call()
        return _call(row)

    async def by_uid(self, uid: str) -> Call:
        """Raises NotFound `unknown_call`."""
        async with self._database.reading() as session:
            row = await session.scalar(select(CallRow).where(CallRow.uid == uid[:_UID_MAX]))
        if row is None:
            raise unknown_call()
        return _call(row)

    async def find(self, tenant_id: int, project_id: int | None, reference: str) -> Call:
        """A call by integer id or uid, of that project if one is given.

        Raises NotFound `unknown_call`, NotAllowed `foreign_call`.
        """
        if reference.isascii() and reference.isdecimal():
            which = CallRow.id == min(int(reference[:20]), _LARGEST_ID)
        else:
            which = CallRow.uid == reference[:_UID_MAX]
        async with self._database.reading() as session:
            row = await session.scalar(select(CallRow).where(which))
        if row is None:
            raise unknown_call()
        if row.tenant_id != tenant_id or project_id not in (None, row.project_id):
            raise NotAllowed("foreign_call", "This call belongs to somebody else.")
        return _call(row)

    async def latest(
        self, tenant_id: int, project_id: int | None, wanted: CallFilter = EVERY_CALL
    ) -> tuple[list[Call], int]:
        """A page of the calls that are wanted, newest first, and how many are; of that project if one is given."""
        mine = and_(CallRow.tenant_id == tenant_id, *wanted.conditions())
        if project_id is not None:
            mine = and_(mine, CallRow.project_id == project_id)
        page = select(CallRow).where(mine).order_by(CallRow.id.desc()).limit(wanted.limit).offset(wanted.offset)
        async with self._database.reading() as session:
            calls = [_call(row) for row in await session.scalars(page)]
            return calls, await session.scalar(select(func.count()).select_from(CallRow).where(mine)) or 0

    async def with_external_id(self, tenant_id: int, external_id: str) -> list[Call]:
        """The tenant's newest calls that its backend calls so, newest first."""
        which = select(CallRow).where(
            CallRow.tenant_id == tenant_id, CallRow.context["external_id"].as_string() == external_id
        )
        async with self._database.reading() as session:
            return [_call(row) for row in await session.scalars(which.order_by(CallRow.id.desc()).limit(LATEST_MAX))]

    async def touch(self, call_ids: Sequence[int]) -> None:
        """These calls are alive in this process."""
        async with self._database.transaction() as session:
            await session.execute(
                update(CallRow)
                .where(CallRow.id.in_(call_ids), CallRow.state != CallState.ENDED.value)
                .values(lease_until=self._clock.now() + LEASE)
            )

    async def abandoned(self, *, all_of_them: bool) -> list[Call]:
        """Calls that have not ended and whose process is gone; `all_of_them`: no process serves any call now."""
        which = select(CallRow).where(CallRow.state != CallState.ENDED.value)
        if not all_of_them:
            which = which.where(CallRow.lease_until < self._clock.now())
        async with self._database.reading() as session:
            return [_call(row) for row in await session.scalars(which)]

    async def events(self, call_id: int, after_seq: int = 0, of_type: str | None = None) -> list[CallEvent]:
        """A page of the log, in order."""
        which = select(CallEventRow).where(CallEventRow.call_id == call_id, CallEventRow.seq > after_seq)
        if of_type is not None:
            which = which.where(CallEventRow.type == of_type)
        async with self._database.reading() as session:
            rows = await session.scalars(which.order_by(CallEventRow.seq).limit(_EVENTS_PAGE))
            return [_event(row) for row in rows]

    async def _locked(self, session: AsyncSession, call_id: int) -> CallRow:
        """The call's row, ours until the transaction ends."""
        row = await session.scalar(select(CallRow).where(CallRow.id == call_id).with_for_update())
        if row is None:
            raise unknown_call()
        return row

    async def _refuse_beyond(self, session: AsyncSession, tenant_id: int, limit: int) -> None:
        # The tenant's row is the lock: of two calls begun at once only one may be the last.
        await session.execute(select(TenantRow.id).where(TenantRow.id == tenant_id).with_for_update())
        going_on = await session.scalar(
            select(func.count())
            .select_from(CallRow)
            .where(CallRow.tenant_id == tenant_id, CallRow.state != CallState.ENDED.value)
        )
        if (going_on or 0) >= limit:
            raise TooMany("concurrency_limit_reached", "Every line of this plan is taken now.", _RETRY_WHEN_BUSY_S)

    async def _log(self, session: AsyncSession, row: CallRow, event_type: str, payload: dict[str, Any]) -> None:
        """Append the event and the outbox row that tells others of it."""
        row.events_count += 1
        now = self._clock.now()
        event = CallEventRow(call_id=row.id, seq=row.events_count, type=event_type, payload=payload, at=now)
        session.add(event)
        await session.flush()
        session.add(OutboxRow(call_id=row.id, topic=event_type, event_id=event.id, attempts=0, due_at=now))

    async def _everybody_left(self, session: AsyncSession, call_id: int, now: datetime) -> None:
        await session.execute(
            update(CallLegRow)
            .where(CallLegRow.call_id == call_id, CallLegRow.left_at.is_(None))
            .values(left_at=now, left_reason="call_ended")
        )


def unknown_call() -> NotFound:
    return NotFound("unknown_call", "There is no such call.")


def _position(row: CallRow) -> Position:
    return Position(CallState(row.state), Outcome(row.outcome) if row.outcome else None, row.reason)


def _call(row: CallRow) -> Call:
    return Call(
        id=row.id,
        uid=row.uid,
        tenant_id=row.tenant_id,
        project_id=row.project_id,
        kind=row.kind,
        direction=row.direction,
        mode=row.mode,
        position=_position(row),
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
        livemode=row.livemode,
        context=dict(row.context),
        wrap_up=row.wrap_up,
        created_at=row.created_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        events_count=row.events_count,
    )


def _event(row: CallEventRow) -> CallEvent:
    return CallEvent(row.id, row.call_id, row.seq, row.type, dict(row.payload), row.at)


__all__ = ["Call", "CallEvent", "CallStore", "IllegalTransition", "NewCall", "unknown_call"]
