"""What a tenant's calls cost today: beyond its plan's limit nothing more is dialled, whoever has its keys."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from server.calls.cost import PER_MINUTE
from server.calls.tables import CallRow
from server.kit.clock import Clock
from server.kit.errors import TooMany
from server.storage import Database
from server.tenants.plans import Plan


class Spending:
    """Days are UTC's. A call that goes on counts as far as it got."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def today(self, tenant_id: int) -> Decimal:
        """The cost of the calls that began since midnight."""
        now = self._clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        # Ids rise with time: going back from the newest, the search ends with yesterday's last call.
        before = select(CallRow.id).where(CallRow.created_at < midnight).order_by(CallRow.id.desc()).limit(1)
        todays = select(CallRow.answered_at, CallRow.ended_at).where(
            CallRow.tenant_id == tenant_id, CallRow.created_at >= midnight, CallRow.answered_at.is_not(None)
        )
        async with self._database.reading() as session:
            last = await session.scalar(before)
            rows = (await session.execute(todays.where(CallRow.id > (last or 0)))).all()
        return sum((_cost((ended or now) - answered) for answered, ended in rows if answered), Decimal(0))

    async def require_room(self, tenant_id: int, plan: Plan) -> None:
        """Raises TooMany `daily_spend_reached`; the day after there is room again."""
        if await self.today(tenant_id) < plan.daily_spend:
            return
        now = self._clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        message = "The calls of today have cost what this plan allows in a day."
        raise TooMany("daily_spend_reached", message, int((midnight - now).total_seconds()) + 1)


def _cost(talked: timedelta) -> Decimal:
    return PER_MINUTE.of(max(0, int(talked.total_seconds())))
