"""Users' own tokens for the API: made once, found by an HMAC of their text, revocable."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.identity.tables import UserRow, UserTokenRow
from server.identity.users import User, record_of_user, user_of
from server.kit.clock import Clock
from server.kit.errors import Conflict, NotAuthenticated, NotFound
from server.kit.ids import is_well_formed_secret, new_secret, new_uid
from server.storage import Database
from server.storage.secret import MasterSecret

PREFIX = "usr_"
TOKENS_MAX = 20  # of one user, that open something
_NOTED_EVERY = timedelta(minutes=10)  # a token in use costs one write in this time, not one a request


@dataclass(frozen=True)
class TokenUser:
    """Who presents a token."""

    user: User
    token_uid: str


@dataclass(frozen=True)
class ListedToken:
    uid: str
    shown_as: str
    created_at: datetime
    last_used_at: datetime | None
    is_revoked: bool


@dataclass(frozen=True)
class MintedToken:
    uid: str
    text: str = field(repr=False)


class UserTokens:
    def __init__(self, database: Database, secret: MasterSecret, clock: Clock) -> None:
        self._database = database
        self._pepper = secret.key_for("user tokens")
        self._clock = clock

    def mint(self, session: AsyncSession, user_id: int) -> MintedToken:
        """A new token, stored with the caller's transaction. The text is returned this once."""
        text = new_secret(PREFIX)
        row = UserTokenRow(
            uid=new_uid("cred"),
            user_id=user_id,
            lookup=self._lookup(text),
            shown_as=f"{PREFIX}…{text[-4:]}",
            created_at=self._clock.now(),
            last_used_at=None,
            revoked_at=None,
        )
        session.add(row)
        return MintedToken(row.uid, text)

    async def create(self, user_id: int) -> MintedToken:
        """One more token of the user. Raises Conflict `too_many_user_tokens`."""
        async with self._database.transaction() as session:
            # The user's row is the lock: two at once may not both be the last.
            row = await session.get_one(UserRow, user_id, with_for_update=True)
            good = select(func.count()).where(UserTokenRow.user_id == user_id, UserTokenRow.revoked_at.is_(None))
            if (await session.scalar(good) or 0) >= TOKENS_MAX:
                raise Conflict("too_many_user_tokens", f"You have {TOKENS_MAX} tokens. Revoke one first.")
            minted = self.mint(session, user_id)
            user = await user_of(session, row)
            await record_of_user(session, self._clock.now(), user, "user_token.created", {"token": minted.uid})
        return minted

    async def resolve(self, text: str) -> TokenUser:
        """Whose token this is. Raises NotAuthenticated `invalid_key`."""
        lookup, now = self._lookup(text), self._clock.now()
        async with self._database.reading() as session:
            found = (
                await session.execute(
                    select(UserTokenRow, UserRow)
                    .join(UserRow, UserRow.id == UserTokenRow.user_id)
                    .where(UserTokenRow.lookup == lookup, UserTokenRow.revoked_at.is_(None))
                )
            ).first()
            if found is None:
                raise _unknown()
            token, row = found
            user = await user_of(session, row)
        if token.last_used_at is None or token.last_used_at <= now - _NOTED_EVERY:
            async with self._database.transaction() as session:
                await session.execute(update(UserTokenRow).where(UserTokenRow.id == token.id).values(last_used_at=now))
        return TokenUser(user, token.uid)

    async def of(self, user_id: int) -> list[ListedToken]:
        """Every token the user ever had, oldest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(UserTokenRow).where(UserTokenRow.user_id == user_id).order_by(UserTokenRow.id)
            )
            return [
                ListedToken(row.uid, row.shown_as, row.created_at, row.last_used_at, row.revoked_at is not None)
                for row in rows
            ]

    async def revoke(self, user_id: int, uid: str) -> None:
        """Refuse the token from now on; what it opened ends as with a tenant's key: see tenants.revocations.

        Revoking twice changes nothing. Raises NotFound `unknown_key`.
        """
        async with self._database.transaction() as session:
            row = await session.scalar(
                select(UserTokenRow).where(UserTokenRow.user_id == user_id, UserTokenRow.uid == uid).with_for_update()
            )
            if row is None:
                raise NotFound("unknown_key", "This user has no such token.")
            if row.revoked_at is not None:
                return
            row.revoked_at = self._clock.now()
            user = await user_of(session, await session.get_one(UserRow, user_id))
            await record_of_user(session, row.revoked_at, user, "user_token.revoked", {"token": uid})

    def _lookup(self, text: str) -> str:
        """How the token `text` is found. Raises NotAuthenticated `invalid_key` for what cannot be one."""
        if not text.isascii() or not text.startswith(PREFIX) or not is_well_formed_secret(text):
            raise _unknown()
        return hmac.new(self._pepper, text.encode(), sha256).hexdigest()


def _unknown() -> NotAuthenticated:
    return NotAuthenticated("invalid_key", "This token is not known.")
