"""How often something may be tried within a window, counted in the database: for all processes, over restarts."""

import hmac
import math
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import bindparam, delete, text

from server.identity.tables import AttemptRow
from server.kit.clock import Clock
from server.kit.errors import TooMany
from server.storage import BigId, Database, Moment
from server.storage.rate import Rate, Rates
from server.storage.secret import MasterSecret

PER_NETWORK = Rate(per_minute=10)  # of each: sign-ups, tries to confirm, sign-ins, forgotten passwords
_LONGEST_WINDOW = timedelta(days=1)

# Counting comes before trying: tries that run at the same time cannot all pass on the count of before.
_TAKE = (
    text(
        "INSERT INTO attempts (subject, count, since) VALUES (:subject, 1, :now) ON CONFLICT (subject) DO UPDATE SET "
        "count = CASE WHEN attempts.since <= :begin THEN 1 ELSE attempts.count + 1 END, "
        "since = CASE WHEN attempts.since <= :begin THEN :now ELSE attempts.since END RETURNING count, since"
    )
    .bindparams(bindparam("now", type_=Moment()), bindparam("begin", type_=Moment()))
    .columns(count=BigId, since=Moment())
)


@dataclass(frozen=True)
class Allowance:
    """So many tries within a window that begins with the first."""

    tries: int
    window: timedelta


class Attempts:
    def __init__(self, database: Database, secret: MasterSecret, clock: Clock) -> None:
        self._database = database
        self._pepper = secret.key_for("attempts")
        self._clock = clock

    async def take(self, allowances: dict[str, Allowance]) -> None:
        """Count one try of every subject. Raises TooMany `too_many_attempts` when one of them had enough."""
        now, wait_s = self._clock.now(), 0
        async with self._database.transaction() as session:
            for subject, allowance in sorted(allowances.items()):
                begin = now - allowance.window
                values = {"subject": self._hashed(subject), "now": now, "begin": begin}
                count, since = (await session.execute(_TAKE, values)).one()
                if count > allowance.tries:
                    wait_s = max(wait_s, _seconds(since + allowance.window - now))
        if wait_s:
            raise TooMany("too_many_attempts", "This was tried too often. Wait a while, then try again.", wait_s)

    async def forget(self, *subjects: str) -> None:
        """It went well: what was counted for these is gone."""
        hashed = [self._hashed(subject) for subject in subjects]
        async with self._database.transaction() as session:
            await session.execute(delete(AttemptRow).where(AttemptRow.subject.in_(hashed)))

    async def tidy(self) -> None:
        """Remove what no window reaches any more."""
        async with self._database.transaction() as session:
            await session.execute(delete(AttemptRow).where(AttemptRow.since < self._clock.now() - _LONGEST_WINDOW))

    def _hashed(self, subject: str) -> str:
        return hmac.new(self._pepper, subject.encode(), sha256).hexdigest()


async def take_of_network(rates: Rates, key: str) -> None:
    """Count a request under `key`, which names a network. Raises TooMany `rate_limit_exceeded`."""
    wait_s = await rates.take(key, PER_NETWORK)
    if wait_s is not None:
        raise TooMany("rate_limit_exceeded", "Too many requests from this address.", wait_s)


def _seconds(left: timedelta) -> int:
    return max(1, math.ceil(left.total_seconds()))
