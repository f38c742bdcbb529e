"""How often a tenant dialled within the last minute and the last hour, in one question for a whole attempt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.calls.tables import DialRow
from server.kit.errors import TooMany
from server.tenants.plans import Dialling

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_ALL = ""  # no mark


@dataclass(frozen=True)
class _Window:
    """What fell into the last `length`, and its first."""

    length: timedelta
    count: int = 0
    oldest: datetime | None = None

    def with_one_more(self, at: datetime) -> "_Window":
        return replace(self, count=self.count + 1, oldest=self.oldest or at)

    def refuse_beyond(self, limit: int, now: datetime, code: str, message: str) -> None:
        if self.count >= limit:
            oldest = self.oldest or now
            raise TooMany(code, message, int((oldest + self.length - now).total_seconds()) + 1)


class DialTally:
    """All dials of a tenant, and apart from these those to the numbers of some marks."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._minute = _Window(MINUTE)
        self._hour = _Window(HOUR)
        self._to_one: dict[str, _Window] = {}

    @classmethod
    async def of(cls, session: AsyncSession, tenant_id: int, marks: Sequence[str], now: datetime) -> "DialTally":
        """As it stands before an attempt to dial `marks`."""
        mark = case((DialRow.mark.in_(marks), DialRow.mark), else_=_ALL).label("to")
        is_late = DialRow.at > now - MINUTE
        late = case((is_late, DialRow.at))
        windows = (
            select(mark, func.count(), func.min(DialRow.at), func.count(late), func.min(late))
            .where(DialRow.tenant_id == tenant_id, DialRow.at > now - HOUR)
            .group_by(mark)
        )
        tally = cls(now)
        for to, hour, oldest, minute, oldest_late in await session.execute(windows):
            tally._hour = _joined(tally._hour, hour, oldest)
            tally._minute = _joined(tally._minute, minute, oldest_late)
            tally._to_one[to] = _Window(HOUR, hour, oldest)
        return tally

    def refuse_beyond(self, mark: str, limits: Dialling) -> None:
        """Raises TooMany `dialling_too_fast`, `destination_too_often` unless `mark` may be dialled once more."""
        fast = f"This plan dials {limits.per_minute} numbers in a minute and {limits.per_hour} in an hour."
        often = f"This plan dials one number {limits.to_one_per_hour} times in an hour."
        self._minute.refuse_beyond(limits.per_minute, self._now, "dialling_too_fast", fast)
        self._hour.refuse_beyond(limits.per_hour, self._now, "dialling_too_fast", fast)
        to_one = self._to_one.get(mark, _Window(HOUR))
        to_one.refuse_beyond(limits.to_one_per_hour, self._now, "destination_too_often", often)

    def add(self, mark: str) -> None:
        """`mark` is dialled now."""
        self._minute, self._hour = self._minute.with_one_more(self._now), self._hour.with_one_more(self._now)
        self._to_one[mark] = self._to_one.get(mark, _Window(HOUR)).with_one_more(self._now)


def _joined(window: _Window, count: int, oldest: datetime | None) -> _Window:
    known = [at for at in (window.oldest, oldest) if at is not None]
    return replace(window, count=window.count + count, oldest=min(known, default=None))
