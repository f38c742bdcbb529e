"""Requests that may be sent again without being done again: the first answer to a key is kept for a day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from server.kit.clock import Clock
from server.kit.errors import InvalidInput, TooMany
from server.storage.base import Base, BigId
from server.storage.database import Database
from server.storage.secret import MasterSecret

KEPT = timedelta(hours=24)
IN_FLIGHT = timedelta(seconds=60)  # after that whoever had it is taken for dead
KEY_MAX = 255
_RETRY_S = 1
_SEALED_FOR = "answers to idempotent requests"  # they may hold a secret that is shown once


class IdempotencyRow(Base):
    """A key somebody sent, and what it was answered. `status` is empty while the first request is under way."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scope: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(KEY_MAX))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    begun_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = field(repr=False)


class IdempotencyKeys:
    """Keys are apart by `scope`: who asks, and for what. `fingerprint` is a hash of what was asked."""

    def __init__(self, database: Database, secret: MasterSecret, clock: Clock) -> None:
        self._database = database
        self._secret = secret
        self._clock = clock

    async def begin(self, scope: str, key: str, fingerprint: str) -> Answer | None:
        """The answer that was given before; None when this request is the one to be done.

        Raises InvalidInput `idempotency_key_invalid`, `idempotency_key_reused`; TooMany `idempotency_in_flight`.
        """
        if not 0 < len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
            raise InvalidInput("idempotency_key_invalid", f"An Idempotency-Key has 1 to {KEY_MAX} ASCII characters.")
        now = self._clock.now()
        try:
            async with self._database.transaction() as session:
                await session.execute(
                    delete(IdempotencyRow).where(
                        (IdempotencyRow.begun_at < now - KEPT)
                        | (IdempotencyRow.status.is_(None) & (IdempotencyRow.begun_at < now - IN_FLIGHT))
                    )
                )
                row = await session.scalar(
                    select(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
                )
                if row is None:
                    session.add(IdempotencyRow(scope=scope, key=key, fingerprint=fingerprint, begun_at=now))
                    return None
        except IntegrityError:  # another request with this key was first by a moment
            raise _in_flight() from None
        if row.fingerprint != fingerprint:
            raise InvalidInput("idempotency_key_reused", "This Idempotency-Key was sent with another request before.")
        if row.status is None or row.answer is None:
            raise _in_flight()
        return Answer(row.status, self._secret.unseal(row.answer, _SEALED_FOR))

    async def finish(self, scope: str, key: str, answer: Answer) -> None:
        """Keep the answer."""
        async with self._database.transaction() as session:
            row = await session.scalar(
                select(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
            )
            if row is not None:
                row.status, row.answer = answer.status, self._secret.seal(answer.body, _SEALED_FOR)

    async def forget(self, scope: str, key: str) -> None:
        """Nothing was done: the same key may try again."""
        async with self._database.transaction() as session:
            await session.execute(
                delete(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
            )


def _in_flight() -> TooMany:
    return TooMany("idempotency_in_flight", "The first request with this Idempotency-Key is still under way.", _RETRY_S)
