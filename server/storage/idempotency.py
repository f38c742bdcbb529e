"""Requests that may be sent again without being done again: the first answer to a key is kept for a day."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, String, UniqueConstraint, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from server.kit.clock import Clock
from server.kit.errors import InvalidInput, TooMany
from server.storage.base import Base, BigId
from server.storage.database import Database, is_away
from server.storage.secret import MasterSecret

KEPT = timedelta(hours=24)
IN_FLIGHT = timedelta(seconds=60)  # after that whoever had it is taken for dead
KEY_MAX = 255
MADE_MAX = 40
ENDED_MAX = 100
_RETRY_S = 1
_SEALED_FOR = "answers to idempotent requests"  # they may hold a secret that is shown once


class IdempotencyRow(Base):
    """A key somebody sent, and what it was answered. `status` is empty while the first request is under way.

    `made` names what it made, and is written with it: from then on nothing more is made for this key.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scope: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(KEY_MAX))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    made: Mapped[str | None] = mapped_column(String(MADE_MAX))
    begun_at: Mapped[datetime] = mapped_column(index=True)


_NOTHING_YET = IdempotencyRow.status.is_(None) & IdempotencyRow.made.is_(None)
"""Nothing was made or answered; it may be under way."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Made:
    """What the first request made, whose answer was lost or is still under way."""

    reference: str


class Claim:
    """The right to make something for a key, once; without a key, as often as it is asked."""

    def __init__(self, row_id: int | None = None, begun_at: datetime | None = None) -> None:
        self._row_id = row_id
        self._begun_at = begun_at

    async def end(self, session: AsyncSession) -> None:
        """Give the key back, if nothing was made. Another row may have the number of one that was never committed."""
        mine = (IdempotencyRow.id == self._row_id) & (IdempotencyRow.begun_at == self._begun_at)
        await session.execute(delete(IdempotencyRow).where(mine & _NOTHING_YET))

    async def made(self, session: AsyncSession, reference: str) -> None:
        """Say, in the transaction that makes it, what is made: who asks again is given that, whatever dies meanwhile.

        Raises TooMany `idempotency_in_flight` when this request took so long that another has its key now.
        """
        if self._row_id is None:
            return
        mine = (IdempotencyRow.id == self._row_id) & IdempotencyRow.made.is_(None)
        written = update(IdempotencyRow).where(mine).values(made=reference).returning(IdempotencyRow.id)
        if await session.scalar(written) is None:
            raise _in_flight()


UNCLAIMED = Claim()


class IdempotencyKeys:
    """Keys are apart by `scope`: who asks, and for what. `fingerprint` is a hash of what was asked."""

    def __init__(self, database: Database, secret: MasterSecret, clock: Clock) -> None:
        self._database = database
        self._secret = secret
        self._clock = clock
        self._ended: deque[Claim] = deque(maxlen=ENDED_MAX)
        """Their requests came to nothing, and their keys could not be given back yet."""

    async def begin(self, scope: str, key: str, fingerprint: str) -> Answer | Made | Claim:
        """The answer that was given before, or what was made; a claim when this request is the one to be done.

        Raises InvalidInput `idempotency_key_invalid`, `idempotency_key_reused`; TooMany `idempotency_in_flight`.
        """
        if not 0 < len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
            raise InvalidInput("idempotency_key_invalid", f"An Idempotency-Key has 1 to {KEY_MAX} ASCII characters.")
        now, claim = self._clock.now(), None
        try:
            async with self._transaction() as session:
                await session.execute(
                    delete(IdempotencyRow).where(
                        (IdempotencyRow.begun_at < now - KEPT)
                        | (_NOTHING_YET & (IdempotencyRow.begun_at < now - IN_FLIGHT))
                    )
                )
                row = await session.scalar(
                    select(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
                )
                if row is None:
                    row = IdempotencyRow(scope=scope, key=key, fingerprint=fingerprint, begun_at=now)
                    session.add(row)
                    await session.flush()
                    claim = Claim(row.id, now)
        except IntegrityError:  # another request with this key was first by a moment
            raise _in_flight() from None
        except BaseException:
            if claim is not None:  # perhaps it was committed
                self._ended.append(claim)
            raise
        if claim is not None:
            return claim
        if row.fingerprint != fingerprint:
            raise InvalidInput("idempotency_key_reused", "This Idempotency-Key was sent with another request before.")
        if row.status is None or row.answer is None:
            if row.made is None:
                raise _in_flight()
            return Made(row.made)
        return Answer(row.status, self._secret.unseal(row.answer, _SEALED_FOR))

    async def finish(self, scope: str, key: str, answer: Answer) -> Answer:
        """Keep the answer; the one that is kept, which is another's if that was first."""
        async with self._database.transaction() as session:
            row = await session.scalar(
                select(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key).with_for_update()
            )
            if row is None:
                return answer
            if row.status is not None and row.answer is not None:
                return Answer(row.status, self._secret.unseal(row.answer, _SEALED_FOR))
            row.status, row.answer = answer.status, self._secret.seal(answer.body, _SEALED_FOR)
        return answer

    async def forget(self, claim: Claim) -> None:
        """The same key may try again, if nothing was made; where the database is away, as soon as it is back."""
        self._ended.append(claim)
        try:
            async with self._transaction():
                pass
        except Exception as failure:
            if not is_away(failure):
                raise

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        """One that gives back what could not be given back before."""
        ended = list(self._ended)
        async with self._database.transaction() as session:
            for claim in ended:
                await claim.end(session)
            yield session
        for claim in ended:
            if claim in self._ended:
                self._ended.remove(claim)


def _in_flight() -> TooMany:
    return TooMany("idempotency_in_flight", "The first request with this Idempotency-Key is still under way.", _RETRY_S)
