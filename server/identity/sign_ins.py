"""Signing in to the console: a password opens a session that a cookie names, until it ends, rests or is signed out."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select, update

from server.identity.addresses import normalised
from server.identity.attempts import Allowance, Attempts, take_of_network
from server.identity.passwords import Passwords
from server.identity.tables import SignInRow, SignUpRow, UserRow
from server.identity.users import User, record_of_user, user_of
from server.kit.clock import Clock
from server.kit.errors import InvalidInput, NotAllowed, NotAuthenticated
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.rate import Rates
from server.storage.secret import MasterSecret

LIFETIME = timedelta(days=7)
IDLE = timedelta(hours=12)
FAILURES = Allowance(5, timedelta(minutes=15))  # of one address from one network
FAILURES_ANYWHERE = Allowance(25, timedelta(minutes=15))  # of one address: few enough, and hard to lock out with
_SEEN_EVERY = timedelta(minutes=5)
_TOKEN_BYTES = 32
_TOKEN_LENGTH = 43  # of those bytes as text


@dataclass(frozen=True)
class SignedIn:
    """Who uses the console. `csrf_token` belongs to this sign-in: forms carry it, the cookie does not."""

    user: User
    uid: str
    csrf_token: str = field(repr=False)


@dataclass(frozen=True)
class ListedSignIn:
    """One browser. `seen_at` is right to five minutes."""

    uid: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class NewSignIn:
    """`token` is for the cookie, shown this once."""

    token: str = field(repr=False)
    signed_in: SignedIn


class SignIns:
    def __init__(
        self, database: Database, secret: MasterSecret, passwords: Passwords, rates: Rates, clock: Clock
    ) -> None:
        self._database = database
        self._pepper = secret.key_for("sign-ins")
        self._csrf = secret.key_for("csrf")
        self._passwords = passwords
        self._rates = rates
        self._clock = clock
        self._attempts = Attempts(database, secret, clock)

    async def sign_in(self, email: str, password: str, asked_from: str) -> NewSignIn:
        """Open a session for who knows the password. `asked_from` is the network of who asks.

        An address without an account takes as long and is answered the same as a wrong password.

        Raises NotAuthenticated `wrong_credentials`; NotAllowed `not_confirmed` to who knows the password of a
        sign-up that waits for its code; TooMany `rate_limit_exceeded`, `too_many_attempts`.
        """
        await take_of_network(self._rates, f"sign-in/address/{asked_from}")
        try:
            address = normalised(email)
        except InvalidInput:
            raise _wrong() from None
        here, anywhere = f"sign-in/{address}/{asked_from}", f"sign-in/{address}"
        await self._attempts.take({here: FAILURES, anywhere: FAILURES_ANYWHERE})
        user_id = await self._verified(address, password)
        await self._attempts.forget(here, anywhere)
        return await self.start(user_id)

    async def start(self, user_id: int) -> NewSignIn:
        """Open a session for a user who proved otherwise who they are, by a code for example."""
        now, token = self._clock.now(), secrets.token_urlsafe(_TOKEN_BYTES)
        async with self._database.transaction() as session:
            user = await user_of(session, await session.get_one(UserRow, user_id))
            row = SignInRow(
                uid=new_uid("sign"),
                user_id=user_id,
                lookup=self._lookup(token),
                created_at=now,
                seen_at=now,
                expires_at=now + LIFETIME,
            )
            session.add(row)
            await record_of_user(session, now, user, "user.signed_in", {"sign_in": row.uid})
        return NewSignIn(token, self._signed_in(user, row))

    async def session(self, token: str) -> SignedIn:
        """Who signed in with `token`. Raises NotAuthenticated `not_signed_in`."""
        now, found = self._clock.now(), None
        if token.isascii() and len(token) == _TOKEN_LENGTH:
            async with self._database.reading() as session:
                found = (
                    await session.execute(
                        select(SignInRow, UserRow)
                        .join(UserRow, UserRow.id == SignInRow.user_id)
                        .where(
                            SignInRow.lookup == self._lookup(token),
                            SignInRow.expires_at > now,
                            SignInRow.seen_at > now - IDLE,
                        )
                    )
                ).first()
                user = await user_of(session, found[1]) if found is not None else None
        if found is None or user is None:
            raise NotAuthenticated("not_signed_in", "Sign in first.")
        row: SignInRow = found[0]
        if row.seen_at <= now - _SEEN_EVERY:
            async with self._database.transaction() as session:
                await session.execute(update(SignInRow).where(SignInRow.id == row.id).values(seen_at=now))
        return self._signed_in(user, row)

    async def sign_out(self, token: str) -> None:
        """End the session of `token`. One that is none changes nothing."""
        async with self._database.transaction() as session:
            await session.execute(delete(SignInRow).where(SignInRow.lookup == self._lookup(token)))

    async def of(self, user_id: int) -> list[ListedSignIn]:
        """Where the user is signed in, the latest first."""
        now = self._clock.now()
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(SignInRow)
                .where(SignInRow.user_id == user_id, SignInRow.expires_at > now, SignInRow.seen_at > now - IDLE)
                .order_by(SignInRow.id.desc())
            )
            return [ListedSignIn(row.uid, row.created_at, row.seen_at) for row in rows]

    async def end_others(self, user_id: int, kept_uid: str) -> None:
        """Sign the user out everywhere but in `kept_uid`."""
        async with self._database.transaction() as session:
            await session.execute(delete(SignInRow).where(SignInRow.user_id == user_id, SignInRow.uid != kept_uid))
            user = await user_of(session, await session.get_one(UserRow, user_id))
            await record_of_user(session, self._clock.now(), user, "user.signed_out_elsewhere", {})

    async def tidy(self) -> None:
        """Remove sessions that are over."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            await session.execute(
                delete(SignInRow).where((SignInRow.expires_at <= now) | (SignInRow.seen_at <= now - IDLE))
            )

    async def _verified(self, email: str, password: str) -> int:
        """The id of the user whose password this is. Raises as sign_in()."""
        async with self._database.reading() as session:
            user = await session.scalar(select(UserRow).where(UserRow.email == email))
            waiting = None
            if user is None:
                waiting = await session.scalar(
                    select(SignUpRow).where(SignUpRow.email == email).order_by(SignUpRow.id.desc()).limit(1)
                )
        one = user or waiting
        verdict = await self._passwords.verify(password, one.password_hash if one is not None else None)
        if not verdict.is_right:
            raise _wrong()
        if user is None:
            raise NotAllowed("not_confirmed", "Enter the code that was sent to this address first.")
        if verdict.is_outdated:
            hashed = await self._passwords.hash(password)
            async with self._database.transaction() as session:
                await session.execute(
                    update(UserRow)
                    .where(UserRow.id == user.id, UserRow.password_hash == user.password_hash)
                    .values(password_hash=hashed)
                )
        return user.id

    def _signed_in(self, user: User, row: SignInRow) -> SignedIn:
        return SignedIn(user, row.uid, hmac.new(self._csrf, row.uid.encode(), sha256).hexdigest())

    def _lookup(self, token: str) -> str:
        return hmac.new(self._pepper, token.encode("utf-8", "replace"), sha256).hexdigest()


def _wrong() -> NotAuthenticated:
    return NotAuthenticated("wrong_credentials", "The e-mail address or the password is wrong.")
