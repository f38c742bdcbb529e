"""The keys that sign tokens: Ed25519, kept sealed in the database, rotated with an overlap."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, or_, select, update

from server.kit.clock import Clock
from server.kit.ids import new_uid
from server.sessions.tables import SigningKeyRow
from server.storage import Database
from server.storage.secret import MasterSecret
from server.tenants.audit import SERVER, record

OVERLAP = timedelta(hours=24)
FRESH_S = 30.0  # how long another process may go on signing with a key that was rotated
_PURPOSE = "signing keys"


@dataclass(frozen=True)
class SigningKey:
    kid: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()


class SigningKeys:
    """The key of the moment and those still accepted; made on first use."""

    def __init__(self, database: Database, secret: MasterSecret, clock: Clock) -> None:
        self._database = database
        self._secret = secret
        self._clock = clock
        self._keys: list[tuple[SigningKey, datetime | None]] = []
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def current(self) -> SigningKey:
        """The key that signs now."""
        keys = await self._fresh()
        if not keys:
            await self.rotate()
            keys = await self._fresh()
        return keys[0][0]

    async def by_kid(self, kid: str) -> SigningKey | None:
        """The key `kid` if it may still verify."""
        for attempt_anew in (False, True):  # another process may have rotated a moment ago
            if attempt_anew:
                self._read_at = None
            for key, until in await self._fresh():
                if key.kid == kid:
                    return key if until is None or until > self._clock.now() else None
        return None

    async def rotate(self, actor: str = "server") -> str:
        """Sign with a new key from now on; the old ones verify for OVERLAP. Returns the new key's id."""
        now = self._clock.now()
        kid = new_uid("key")
        sealed = self._secret.seal(Ed25519PrivateKey.generate().private_bytes_raw(), _PURPOSE)
        async with self._database.transaction() as session:
            await session.execute(
                update(SigningKeyRow).where(SigningKeyRow.verifies_until.is_(None)).values(verifies_until=now + OVERLAP)
            )
            await session.execute(delete(SigningKeyRow).where(SigningKeyRow.verifies_until <= now))
            session.add(SigningKeyRow(kid=kid, sealed=sealed, created_at=now, verifies_until=None))
            details = {"key": kid, "old_until": (now + OVERLAP).isoformat()}
            await record(session, now, SERVER, actor, "signing_key.rotated", details)
        self._read_at = None
        return kid

    async def _fresh(self) -> list[tuple[SigningKey, datetime | None]]:
        """Newest first."""
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at > FRESH_S:
                async with self._database.reading() as session:
                    rows = await session.scalars(
                        select(SigningKeyRow)
                        .where(
                            or_(
                                SigningKeyRow.verifies_until.is_(None),
                                SigningKeyRow.verifies_until > self._clock.now(),
                            )
                        )
                        .order_by(SigningKeyRow.id.desc())
                    )
                    self._keys = [(self._open(row), row.verifies_until) for row in rows]
                self._read_at = now
            return self._keys

    def _open(self, row: SigningKeyRow) -> SigningKey:
        raw = self._secret.unseal(row.sealed, _PURPOSE)
        return SigningKey(row.kid, Ed25519PrivateKey.from_private_bytes(raw))
