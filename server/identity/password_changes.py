"""New passwords: forgotten ones by a code from the mail, known ones by the old one, any by whoever runs the server."""

import hmac
import secrets
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.identity.addresses import normalised
from server.identity.attempts import Allowance, Attempts, take_of_network
from server.identity.parts import IdentityParts
from server.identity.passwords import check_password
from server.identity.tables import PasswordResetRow, SignInRow, UserRow
from server.identity.users import User, record_of_user, user_of
from server.kit.errors import FieldProblem, InvalidInput, NotAllowed, NotFound, Unavailable

RESET_LIFETIME = timedelta(minutes=30)
RESETS_PER_EMAIL = Allowance(5, timedelta(hours=1))  # nobody's mailbox is flooded
TRIES_PER_EMAIL = Allowance(60, timedelta(hours=1))  # of 10^12 codes
WRONG_OLD_ONES = Allowance(5, timedelta(minutes=15))
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: what looks alike is read as one
_LOOKS_LIKE = str.maketrans("OIL", "011", " -")
_CODE_LENGTH = 8


class PasswordChanges:
    def __init__(self, parts: IdentityParts) -> None:
        self._database = parts.database
        self._pepper = parts.secret.key_for("password resets")
        self._passwords = parts.passwords
        self._letters = parts.letters
        self._rates = parts.rates
        self._clock = parts.clock
        self._attempts = Attempts(parts.database, parts.secret, parts.clock)

    async def ask(self, email: str, language: str, asked_from: str) -> None:
        """Send a code to the address. `asked_from` is the network of who asks.

        An address without an account gets a mail that says so, and the answer is the same. Codes sent before stay
        good: who asks for somebody else's takes none away from them.

        Raises InvalidInput `invalid_email`, `mail_refused`; TooMany `rate_limit_exceeded`, `too_many_attempts`;
        Unavailable `mail_unavailable`.
        """
        await take_of_network(self._rates, f"reset/address/{asked_from}")
        address = normalised(email)
        await self._attempts.take({f"reset/{address}": RESETS_PER_EMAIL})
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        async with self._database.transaction() as session:
            user = await session.scalar(select(UserRow).where(UserRow.email == address))
            session.add(
                PasswordResetRow(
                    user_id=user.id if user is not None else None,  # one of nobody's opens nothing
                    code_hash=self._hashed(address, code),
                    expires_at=self._clock.now() + RESET_LIFETIME,
                )
            )
        if user is None:
            await self._letters.send("no_account", address, language)
            return
        minutes = str(int(RESET_LIFETIME.total_seconds() // 60))
        shown = f"{code[:4]}-{code[4:]}"
        await self._letters.send("password_reset", user.email, user.locale, code=shown, minutes=minutes)

    async def reset(self, email: str, code: str, password: str, asked_from: str) -> None:
        """Another password for who has the code: it is used up, and every sign-in of theirs ends.

        Raises InvalidInput `invalid_email`, `weak_password`, `invalid_code` (wrong, used, too old); TooMany as ask().
        """
        await take_of_network(self._rates, f"reset/code/{asked_from}")
        address = normalised(email)
        check_password(password, address)
        await self._attempts.take({f"reset/code/{address}": TRIES_PER_EMAIL})
        hashed = await self._passwords.hash(password)
        async with self._database.transaction() as session:
            # Taking it away and finding it is one step: two who use it at once do not both.
            user_id = await session.scalar(
                delete(PasswordResetRow)
                .where(
                    PasswordResetRow.code_hash == self._hashed(address, _canonical(code)),
                    PasswordResetRow.expires_at > self._clock.now(),
                )
                .returning(PasswordResetRow.user_id)
            )
            if user_id is None:
                problem = FieldProblem("code", "is wrong or too old")
                raise InvalidInput("invalid_code", "This code is wrong, or too old. Ask for a new one.", [problem])
            row = await session.get_one(UserRow, user_id, with_for_update=True)
            user = await self._changed(session, row, hashed, None, "user.password_reset", None)
        await self._attempts.forget(f"reset/{address}", f"reset/code/{address}", f"sign-in/{address}")
        await self._tell(user)

    async def change(self, user_id: int, old: str, new: str, sign_in_uid: str) -> None:
        """Another password for who knows the old one. Every sign-in but the one that asks ends.

        Raises InvalidInput `wrong_password`, `weak_password`; TooMany `too_many_attempts`, `rate_limit_exceeded`.
        """
        async with self._database.reading() as session:
            row = await session.get_one(UserRow, user_id)
        check_password(new, row.email)
        await self._attempts.take({f"change/{user_id}": WRONG_OLD_ONES})
        if not (await self._passwords.verify(old, row.password_hash)).is_right:
            problem = FieldProblem("old", "is not the password")
            raise InvalidInput("wrong_password", "This is not the password you have now.", [problem])
        hashed, known = await self._passwords.hash(new), row.password_hash
        async with self._database.transaction() as session:
            row = await session.get_one(UserRow, user_id, with_for_update=True)
            if row.password_hash != known:
                raise NotAllowed("form_refused", "The password was changed meanwhile. Sign in again.")
            user = await self._changed(session, row, hashed, sign_in_uid, "user.password_changed", None)
        await self._attempts.forget(f"change/{user_id}")
        await self._tell(user)

    async def set(self, email: str, password: str, actor: str = "cli") -> None:
        """Give the user another password, and end every sign-in of theirs.

        Raises NotFound `unknown_user`, InvalidInput `invalid_email`, `weak_password`.
        """
        address = normalised(email)
        check_password(password, address)
        hashed = await self._passwords.hash(password)
        async with self._database.transaction() as session:
            row = await session.scalar(select(UserRow).where(UserRow.email == address).with_for_update())
            if row is None:
                raise NotFound("unknown_user", "Nobody has an account with this address.")
            await self._changed(session, row, hashed, None, "user.password_set", actor)

    async def tidy(self) -> None:
        """Remove codes that are too old."""
        async with self._database.transaction() as session:
            await session.execute(delete(PasswordResetRow).where(PasswordResetRow.expires_at <= self._clock.now()))

    async def _changed(
        self, session: AsyncSession, row: UserRow, hashed: str, kept: str | None, action: str, actor: str | None
    ) -> User:
        """The one place where a password becomes another: it ends the sign-ins and codes of before, but for `kept`."""
        row.password_hash = hashed
        await session.execute(delete(SignInRow).where(SignInRow.user_id == row.id, SignInRow.uid != (kept or "")))
        await session.execute(delete(PasswordResetRow).where(PasswordResetRow.user_id == row.id))
        user = await user_of(session, row)
        await record_of_user(session, self._clock.now(), user, action, {}, actor)
        return user

    async def _tell(self, user: User) -> None:
        """So that the owner learns of a change by somebody else. It is done, whether the mail leaves or not."""
        with suppress(Unavailable, InvalidInput):
            await self._letters.send("password_changed", user.email, user.locale)

    def _hashed(self, email: str, code: str) -> str:
        return hmac.new(self._pepper, f"{email}/{code}".encode(), sha256).hexdigest()


def _canonical(code: str) -> str:
    """A code as it was sent, however it was typed."""
    plain = code.upper().translate(_LOOKS_LIKE) if code.isascii() and len(code) <= 40 else ""
    return plain if len(plain) == _CODE_LENGTH else ""
