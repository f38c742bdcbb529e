"""THE decision whether one more telephone is dialled for a tenant: where to, how often, and for how much."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.calls.dial_tally import HOUR, MINUTE, DialTally
from server.calls.spending import spent_today, until_midnight_s
from server.calls.state import CallState
from server.calls.tables import CallRow, DialRow
from server.kit.clock import Clock
from server.kit.errors import AppError, TooMany
from server.storage import Database
from server.tenants.audit import record
from server.tenants.destinations import Destinations
from server.tenants.plans import Plan, plan_named
from server.tenants.tables import TenantRow

_FORWARDS_RETRY_S = 10
_REMEMBERED_MAX = 10_000
REFUSALS = frozenset(
    {
        "daily_spend_reached",
        "dialling_too_fast",
        "destination_too_often",
        "destination_spend_reached",
        "forwards_at_once_reached",
    }
)

Made = TypeVar("Made")
Gate = Callable[[AsyncSession], Awaitable[None]]
"""Counts an attempt in the transaction that makes it, which holds the tenant's row. Raises TooMany."""


@dataclass(frozen=True)
class Dial:
    """An E.164 number to be dialled; `field` is what it is called in the request."""

    number: str = field(repr=False)
    field: str


@dataclass(frozen=True)
class Attempt:
    """What somebody wants dialled. `actor` is for the audit; `relay_number` when it forwards a call that came in."""

    tenant_id: int
    actor: str
    dials: Sequence[Dial]
    relay_number: str | None = field(default=None, repr=False)
    livemode: bool = True  # False: simulated, and not counted


class TollGuard:
    """Nothing is dialled that was not let through here. Who has a tenant's keys costs it no more than its plan says.

    What the virtual network answers by itself costs nothing: it is not counted.
    """

    def __init__(
        self, database: Database, destinations: Destinations, clock: Clock, refused: Callable[[str], None]
    ) -> None:
        """`refused` is told the code of every refusal."""
        self._database = database
        self._destinations = destinations
        self._clock = clock
        self._refused = refused
        self._written: dict[tuple[int, str], datetime] = {}

    async def place(self, attempt: Attempt, make: Callable[[Gate], Awaitable[Made]]) -> Made:
        """What `make` makes, which passes the gate it is given within its own transaction.

        Raises InvalidInput `destination_not_allowed`, TooMany with one of REFUSALS, and what `make` raises.
        """
        async with self._telling(attempt):
            for dial in attempt.dials:
                await self._destinations.require(attempt.tenant_id, dial.number, dial.field, attempt.actor)
            return await make(lambda session: self._pass(session, attempt))

    async def ring(self, attempt: Attempt) -> None:
        """Let an attempt through that makes nothing: one more telephone in a call there is. Raises as place()."""

        async def pass_alone(gate: Gate) -> None:
            async with self._database.transaction() as session:
                await session.get_one(TenantRow, attempt.tenant_id, with_for_update=True)
                await gate(session)

        await self.place(attempt, pass_alone)

    async def _pass(self, session: AsyncSession, attempt: Attempt) -> None:
        if not attempt.livemode:
            return
        tenant = await session.get_one(TenantRow, attempt.tenant_id)
        plan, now = plan_named(tenant.plan), self._clock.now()
        numbers = [dial.number for dial in attempt.dials if not self._destinations.is_free(dial.number)]
        spent = await spent_today(session, tenant.id, now, numbers)
        if spent.in_all >= plan.daily_spend:
            message = "The calls of today have cost what this plan allows in a day."
            raise TooMany("daily_spend_reached", message, until_midnight_s(now))
        if attempt.relay_number is not None:
            await _refuse_crowd(session, attempt.relay_number, plan)
        if not numbers:
            return
        await session.execute(delete(DialRow).where(DialRow.tenant_id == tenant.id, DialRow.at <= now - HOUR))
        tally = await DialTally.of(session, tenant.id, [_mark(number) for number in numbers], now)
        for number in numbers:
            tally.refuse_beyond(_mark(number), plan.dialling)
            if spent.by_number.get(number, 0) >= plan.dialling.to_one_daily_spend:
                message = "The calls of today to this number have cost what this plan allows in a day."
                raise TooMany("destination_spend_reached", message, until_midnight_s(now))
            tally.add(_mark(number))
        session.add_all(DialRow(tenant_id=tenant.id, mark=_mark(number), at=now) for number in numbers)
        await session.flush()

    @asynccontextmanager
    async def _telling(self, attempt: Attempt) -> AsyncIterator[None]:
        """Refusals are counted and in the audit log."""
        try:
            yield
        except AppError as refusal:
            if refusal.code in REFUSALS:
                self._refused(refusal.code)
                await self._write_down(attempt, refusal.code)
            elif refusal.code == "destination_not_allowed":  # Destinations writes of that itself
                self._refused(refusal.code)
            raise

    async def _write_down(self, attempt: Attempt, code: str) -> None:
        """Once a minute for one reason: whoever rings a relay all day must not fill the log of its owner."""
        now, key = self._clock.now(), (attempt.tenant_id, code)
        last = self._written.get(key)
        if last is not None and now - last < MINUTE:
            return
        if len(self._written) >= _REMEMBERED_MAX:
            self._written.clear()
        self._written[key] = now
        details = {"why": code, "fields": [dial.field for dial in attempt.dials]}
        async with self._database.transaction() as session:
            await record(session, now, attempt.tenant_id, attempt.actor, "dial.refused", details)


async def _refuse_crowd(session: AsyncSession, relay_number: str, plan: Plan) -> None:
    """So many of a relay's calls go on at once; one that only hears that it is paused is none."""
    going_on = select(func.count()).where(
        CallRow.relay_number == relay_number, CallRow.state != CallState.ENDED.value, CallRow.mode.is_(None)
    )
    limit = plan.dialling.forwards_at_once
    if (await session.scalar(going_on) or 0) >= limit:
        message = f"This plan forwards {limit} calls of one number at a time."
        raise TooMany("forwards_at_once_reached", message, _FORWARDS_RETRY_S)


def _mark(number: str) -> str:
    """Tells numbers apart without keeping them."""
    return hashlib.blake2b(number.encode(), digest_size=16).hexdigest()
