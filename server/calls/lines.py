"""How many calls a tenant may have going on at once."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.calls.state import CallState
from server.calls.tables import CallRow
from server.kit.errors import TooMany
from server.tenants.tables import TenantRow

_RETRY_WHEN_BUSY_S = 10


async def take_line(session: AsyncSession, tenant_id: int, limit: int, *, livemode: bool) -> None:
    """Make sure that one more call may begin in this transaction, which holds the tenant's row from now on.

    Raises TooMany `concurrency_limit_reached` when `limit` calls go on.
    """
    # The tenant's row is the lock: of two calls begun at once only one may be the last.
    await session.execute(select(TenantRow.id).where(TenantRow.id == tenant_id).with_for_update())
    going_on = await session.scalar(
        select(func.count())
        .select_from(CallRow)
        .where(CallRow.tenant_id == tenant_id, CallRow.state != CallState.ENDED.value)
        .where(CallRow.livemode.is_(livemode))  # tests take no customer's line
    )
    if (going_on or 0) >= limit:
        raise TooMany("concurrency_limit_reached", "Every line of this plan is taken now.", _RETRY_WHEN_BUSY_S)
