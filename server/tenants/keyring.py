"""A tenant's keys as whoever looks after them sees them: listed without their text, rotated, revoked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import Conflict, NotFound, TooMany
from server.storage import Database
from server.tenants.audit import record
from server.tenants.credentials import Credentials, Kind
from server.tenants.revocations import Revocations
from server.tenants.tables import CredentialRow, ProjectRow

OVERLAP = timedelta(hours=24)
KEYS_MAX = 20  # of a project, that open something
_RETRY_S = 3_600


@dataclass(frozen=True)
class Key:
    """`shown_as` is the key's prefix and last four characters. `state` is active, expiring, expired or revoked."""

    uid: str
    kind: Kind
    shown_as: str
    state: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    project_id: int | None = None
    public_text: str | None = None  # of a public key: it is no secret
    livemode: bool = True  # False: a test key


@dataclass(frozen=True)
class NewKey:
    """A key that was made now, its text shown this once."""

    uid: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class RotatedKey:
    """The key that takes the other's place, its text shown this once, and until when the old one still opens."""

    uid: str
    text: str = field(repr=False)
    old_until: datetime


class Keyring:
    """What is changed here counts with the next request to this process, and within two seconds everywhere.

    What a key opened before ends with it when it is revoked.
    """

    def __init__(self, database: Database, credentials: Credentials, revocations: Revocations, clock: Clock) -> None:
        self._database = database
        self._credentials = credentials
        self._revocations = revocations
        self._clock = clock

    async def of(self, tenant_id: int) -> list[Key]:
        """Every key the tenant ever had, oldest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(CredentialRow).where(CredentialRow.tenant_id == tenant_id).order_by(CredentialRow.id)
            )
            return [self._key(row) for row in rows]

    async def add(self, tenant_id: int, project_id: int, actor: str, kind: Kind = Kind.PROJECT) -> NewKey:
        """One more token for the tenant's project; of the kind SECRET it is a test key, whose calls are simulated.

        Raises TooMany `too_many_keys` when the project has KEYS_MAX of the kind that open.
        """
        now = self._clock.now()
        async with self._database.transaction() as session:
            # The project's row is the lock: two adds at once may not both be the last.
            await session.execute(select(ProjectRow.id).where(ProjectRow.id == project_id).with_for_update())
            rows = await session.scalars(
                select(CredentialRow).where(CredentialRow.project_id == project_id, CredentialRow.kind == kind.value)
            )
            if sum(self._state(row) in ("active", "expiring") for row in rows) >= KEYS_MAX:
                raise TooMany("too_many_keys", f"A project has at most {KEYS_MAX} tokens that work.", _RETRY_S)
            is_live = kind is Kind.PROJECT
            minted = self._credentials.mint(session, kind, tenant_id, project_id, livemode=is_live)
            details = {"key": minted.row.uid, "kind": kind.value, "livemode": is_live}
            await record(session, now, tenant_id, actor, "credential.created", details)
        return NewKey(minted.row.uid, minted.text)

    async def rotate(self, tenant_id: int, uid: str, overlap: timedelta = OVERLAP, actor: str = "cli") -> RotatedKey:
        """A new key like `uid`, which goes on working for `overlap` (or until it would have expired anyway).

        Raises NotFound `unknown_key`, Conflict `key_not_active` for a key that was rotated or revoked before.
        """
        now = self._clock.now()
        async with self._database.transaction() as session:
            old = await _locked(session, tenant_id, uid)
            if self._state(old) != "active":
                raise Conflict("key_not_active", "This key was rotated or revoked before, or it expired.")
            kind, livemode = Kind(old.kind), old.livemode
            minted = self._credentials.mint(session, kind, tenant_id, old.project_id, livemode=livemode)
            minted.row.scopes = list(old.scopes)
            if overlap > timedelta(0):
                old.expires_at = min(now + overlap, old.expires_at or datetime.max.replace(tzinfo=now.tzinfo))
            else:
                old.revoked_at = old.expires_at = now
            details = {"key": uid, "kind": old.kind, "new_key": minted.row.uid, "old_until": old.expires_at.isoformat()}
            await record(session, now, tenant_id, actor, "credential.rotated", details)
            rotated = RotatedKey(minted.row.uid, minted.text, old.expires_at)
        if overlap <= timedelta(0):
            await self._revocations.announce(uid)
        return rotated

    async def revoke(self, tenant_id: int, uid: str, actor: str = "cli") -> None:
        """Refuse the key from now on. Revoking twice changes nothing. Raises NotFound `unknown_key`."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await _locked(session, tenant_id, uid)
            if row.revoked_at is None:
                row.revoked_at = now
                await record(session, now, tenant_id, actor, "credential.revoked", {"key": uid, "kind": row.kind})
        await self._revocations.announce(uid)

    def _key(self, row: CredentialRow) -> Key:
        return Key(
            uid=row.uid,
            kind=Kind(row.kind),
            shown_as=row.shown_as,
            state=self._state(row),
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            project_id=row.project_id,
            public_text=row.public_text,
            livemode=row.livemode,
        )

    def _state(self, row: CredentialRow) -> str:
        if row.revoked_at is not None:
            return "revoked"
        if row.expires_at is None:
            return "active"
        return "expiring" if row.expires_at > self._clock.now() else "expired"


async def _locked(session: AsyncSession, tenant_id: int, uid: str) -> CredentialRow:
    row = await session.scalar(
        select(CredentialRow).where(CredentialRow.tenant_id == tenant_id, CredentialRow.uid == uid).with_for_update()
    )
    if row is None:
        raise NotFound("unknown_key", "This tenant has no such key.")
    return row
