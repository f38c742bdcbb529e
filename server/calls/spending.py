"""What a tenant's calls cost today, all of them and those with some numbers. Days are UTC's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import CompoundSelect, String, and_, bindparam, cast, func, null, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from server.calls.cost import PER_MINUTE
from server.calls.tables import CallLegRow, CallRow
from server.media.leg import Role


@dataclass(frozen=True)
class Spent:
    """By all calls, and by number (E.164) for the time in which it was in calls because we had dialled it."""

    in_all: Decimal
    by_number: Mapping[str, Decimal] = field(repr=False)


def _question() -> CompoundSelect[Any]:
    # Ids rise with time: going back from the newest, the search ends with yesterday's last call.
    before = select(CallRow.id).where(CallRow.created_at < bindparam("midnight")).order_by(CallRow.id.desc()).limit(1)
    today = and_(
        CallRow.tenant_id == bindparam("tenant"),
        CallRow.livemode.is_(true()),
        CallRow.created_at >= bindparam("midnight"),
        CallRow.id > func.coalesce(before.scalar_subquery(), 0),
    )
    talks = select(cast(null(), String), CallRow.answered_at, CallRow.ended_at).where(
        today, CallRow.answered_at.is_not(None)
    )
    legs = (
        select(CallLegRow.number, CallLegRow.joined_at, CallLegRow.left_at)
        .join(CallRow, CallRow.id == CallLegRow.call_id)
        .where(today, CallLegRow.number.in_(bindparam("numbers", expanding=True)))
        .where(CallLegRow.role != Role.CALLER.value, CallLegRow.joined_at.is_not(None))
    )
    return union_all(talks, legs)


_TALKS = _question()


async def spent_today(session: AsyncSession, tenant_id: int, now: datetime, numbers: Sequence[str] = ()) -> Spent:
    """The cost of the calls that began since midnight. One that goes on counts as far as it got."""
    asked = {"tenant": tenant_id, "midnight": _midnight(now), "numbers": list(numbers)}
    in_all, by_number = Decimal(0), defaultdict[str, Decimal](Decimal)
    for number, begin, end in await session.execute(_TALKS, asked):
        cost = _cost((end or now) - begin)
        if number is None:
            in_all += cost
        else:
            by_number[number] += cost
    return Spent(in_all, by_number)


def until_midnight_s(now: datetime) -> int:
    """Whole seconds until the next day has begun."""
    return int((_midnight(now) + timedelta(days=1) - now).total_seconds()) + 1


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _cost(talked: timedelta) -> Decimal:
    return PER_MINUTE.of(max(0, int(talked.total_seconds())))
