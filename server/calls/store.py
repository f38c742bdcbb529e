"""Calls as they are kept: every change is one transaction that writes the state, the event and the outbox row."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.calls.filters import EVERY_CALL, CallFilter
from server.calls.lines import take_line
from server.calls.lookups import EVENTS, LOGS, LOGS_ON, named
from server.calls.state import CallState, Happening, Step, advance
from server.calls.stored import Call, CallEvent, Consent, NewCall, call_of, decided, position_of
from server.calls.tables import CallEventRow, CallLegRow, CallRow, OutboxRow
from server.calls.toll_guard import Gate
from server.kit.clock import Clock
from server.kit.errors import NotAllowed, NotFound
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.idempotency import UNCLAIMED, Claim
from server.storage.reference import UID_MAX
from server.tenants.keeping import Notice, stricter
from server.tenants.tables import ProjectRow

__all__ = ["Call", "CallEvent", "CallStore", "Consent", "NewCall"]

LEASE = timedelta(seconds=30)
_EVENTS_PAGE = 1_000
LATEST_MAX = 50


class CallStore:
    """The only writer of calls, their legs and their events."""

    def __init__(self, database: Database, clock: Clock, logged: Callable[[int], None] = lambda _: None) -> None:
        """`logged` is called with a call's id after something was committed to its log."""
        self._database = database
        self._clock = clock
        self._logged = logged

    async def create(self, new: NewCall, limit: int, gate: Gate | None = None, claim: Claim = UNCLAIMED) -> Call:
        """Store a call in state created, and the event that it was. What it dials passes `gate` meanwhile.

        `claim` is told its uid. Its notice is the policy of its project, or stricter. Raises TooMany
        `concurrency_limit_reached` when the tenant has `limit` calls going on, and what `gate` and `claim` raise.
        """
        async with self._database.transaction() as session:
            await take_line(session, new.tenant_id, limit, livemode=new.livemode)
            if gate is not None:
                await gate(session)
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
                notice=await self._notice(session, new),
                livemode=new.livemode,
                context=dict(new.context),
                created_at=self._clock.now(),
            )
            session.add(row)
            await session.flush()
            await claim.made(session, row.uid)
            await self._log(session, row, "call.created", {"kind": new.kind, "mode": new.mode})
        self._logged(row.id)
        return call_of(row)

    async def apply(self, call_id: int, happening: Happening, at: datetime | None = None) -> Call:
        """Move the call on. Raises IllegalTransition when that cannot happen, NotFound `unknown_call`."""
        async with self._database.transaction() as session:
            row = await self._locked(session, call_id)
            position = advance(position_of(row), happening)
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
        return call_of(row)

    async def decide(self, call_id: int, consent: Consent, record: Mapping[str, Any]) -> Call:
        """Whether the call may be kept, once and for all; without consent nothing is asked of it any more.

        `record`: who agreed to which words, and how.
        """
        async with self._database.transaction() as session:
            row = await self._locked(session, call_id)
            call = decided(call_of(row), consent)
            row.consent = consent.value
            row.is_recorded, row.is_transcribed = call.is_recorded, call.is_transcribed
            row.is_analysed = call.is_analysed
            await self._log(session, row, f"recording.{consent.value}", dict(record))
        self._logged(call_id)
        return call_of(row)

    async def note(self, call_id: int, event_type: str, payload: Mapping[str, Any]) -> int:
        """Log what happened without changing the state: a keypad digit, words, an artefact ready. Its `seq`."""
        async with self._database.transaction() as session:
            row = await self._locked(session, call_id)
            await self._log(session, row, event_type, dict(payload))
        self._logged(call_id)
        return row.events_count

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
        return call_of(row)

    async def by_id(self, call_id: int) -> Call:
        """Raises NotFound `unknown_call`."""
        async with self._database.reading() as session:
            return _known(await session.get(CallRow, call_id))

    async def by_uid(self, uid: str) -> Call:
        """Raises NotFound `unknown_call`."""
        async with self._database.reading() as session:
            return _known(await session.scalar(select(CallRow).where(CallRow.uid == uid[:UID_MAX])))

    async def find(self, tenant_id: int, project_id: int | None, reference: str) -> Call:
        """A call by integer id or uid, of that project if one is given.

        Raises NotFound `unknown_call`, NotAllowed `foreign_call`.
        """
        which = named(reference)
        call = _known(await self._database.look(lambda db: db.execute(*which).first()))
        if call.tenant_id != tenant_id or project_id not in (None, call.project_id):
            raise foreign_call()
        return call

    async def latest(
        self, tenant_id: int, project_id: int | None, wanted: CallFilter = EVERY_CALL
    ) -> tuple[list[Call], int]:
        """A page of the calls that are wanted, newest first, and how many are; of that project if one is given."""
        page, count, asked = wanted.page(tenant_id, project_id)

        def look(db: Connection) -> tuple[list[Call], int]:
            rows = db.execute(page, asked).all()
            return [call_of(row) for row in rows], rows[0].total if rows else db.scalar(count, asked) or 0

        return await self._database.look(look)

    async def with_external_id(self, tenant_id: int, external_id: str) -> list[Call]:
        """The tenant's newest calls that its backend calls so, newest first."""
        which = select(CallRow).where(
            CallRow.tenant_id == tenant_id, CallRow.context["external_id"].as_string() == external_id
        )
        async with self._database.reading() as session:
            return [call_of(row) for row in await session.scalars(which.order_by(CallRow.id.desc()).limit(LATEST_MAX))]

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
            return [call_of(row) for row in await session.scalars(which)]

    async def events(self, call_id: int, after_seq: int = 0, of_type: str | None = None) -> list[CallEvent]:
        """A page of the log, in order."""
        which = EVENTS.where(CallEventRow.call_id == call_id, CallEventRow.seq > after_seq)
        if of_type is not None:
            which = which.where(CallEventRow.type == of_type)
        async with self._database.reading() as session:
            rows = await session.execute(which.order_by(CallEventRow.seq).limit(_EVENTS_PAGE))
            return [CallEvent(*row) for row in rows]

    async def logs(self, call_ids: Sequence[int], of_types: Sequence[str]) -> dict[int, list[CallEvent]]:
        """All events of these types in the logs of many calls, in order; a key for each call."""
        found: dict[int, list[CallEvent]] = {call_id: [] for call_id in call_ids}
        asked = {"calls": list(call_ids), "types": list(of_types), "limit": _EVENTS_PAGE}

        def look(db: Connection) -> None:
            events = [CallEvent(*row) for row in db.execute(LOGS, asked)]
            while events:
                for event in events:
                    found[event.call_id].append(event)
                if len(events) < _EVENTS_PAGE:
                    return
                after = {"call": events[-1].call_id, "seq": events[-1].seq}
                events = [CallEvent(*row) for row in db.execute(LOGS_ON, asked | after)]

        await self._database.look(look)
        return found

    async def _locked(self, session: AsyncSession, call_id: int) -> CallRow:
        """The call's row, ours until the transaction ends."""
        row = await session.scalar(select(CallRow).where(CallRow.id == call_id).with_for_update())
        if row is None:
            raise unknown_call()
        return row

    async def _notice(self, session: AsyncSession, new: NewCall) -> str:
        """Nobody is told of what is not kept."""
        if not (new.is_recorded or new.is_transcribed):
            return Notice.OFF.value
        policy = await session.scalar(select(ProjectRow.recording_notice).where(ProjectRow.id == new.project_id))
        return stricter(new.notice, Notice(policy or Notice.OFF)).value

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


def foreign_call() -> NotAllowed:
    return NotAllowed("foreign_call", "This call belongs to somebody else.")


def _known(row: CallRow | Row[Any] | None) -> Call:
    if row is None:
        raise unknown_call()
    return call_of(row)
