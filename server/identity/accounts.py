"""How an account comes about: asked for, proven by a code sent to its address, then a user with their own tenant."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.identity.addresses import normalised
from server.identity.attempts import Allowance, Attempts, take_of_network
from server.identity.mail import LANGUAGES
from server.identity.parts import IdentityParts
from server.identity.passwords import check_password
from server.identity.tables import MembershipRow, SignUpRow, UserRow
from server.identity.tokens import UserTokens
from server.identity.users import Role, User, UserFields, add_member, add_user, record_of_user, user_of
from server.kit.errors import Conflict, FieldProblem, InvalidInput
from server.storage.text import storable
from server.tenants.plans import DEFAULT_PLAN
from server.tenants.service import Tenants

CODE_LIFETIME = timedelta(minutes=15)
CODE_TRIES = 5
SIGN_UPS_PER_EMAIL = Allowance(5, timedelta(hours=1))  # nobody's mailbox is flooded
TRIES_PER_EMAIL = Allowance(15, timedelta(hours=1))  # over every code that was sent: a guess is right once in 67,000
NAME_MAX = 120


@dataclass(frozen=True)
class NewAccount:
    """What somebody asks for; an empty name becomes what stands before the @."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    name: str = field(default="", repr=False)
    locale: str = "en"


@dataclass(frozen=True)
class Confirmed:
    """The user that a code made, and a first token of theirs, shown this once."""

    user: User
    token: str = field(repr=False)


class Accounts:
    def __init__(self, parts: IdentityParts, tenants: Tenants, tokens: UserTokens) -> None:
        self._database = parts.database
        self._tenants = tenants
        self._tokens = tokens
        self._pepper = parts.secret.key_for("confirmation codes")
        self._passwords = parts.passwords
        self._letters = parts.letters
        self._rates = parts.rates
        self._clock = parts.clock
        self._attempts = Attempts(parts.database, parts.secret, parts.clock)

    async def sign_up(self, wish: NewAccount, asked_from: str) -> int:
        """Send a code to the address; the id that its user will have. `asked_from` is the network of who asks.

        An address that has an account gets a mail that says so, and the answer is the same.

        Raises InvalidInput `invalid_email`, `weak_password`, `name_too_long`, `mail_refused`; TooMany
        `rate_limit_exceeded`, `too_many_attempts`; Unavailable `mail_unavailable`.
        """
        await take_of_network(self._rates, f"sign-up/address/{asked_from}")
        fields = await self._checked(wish)
        await self._attempts.take({f"sign-up/{fields.email}": SIGN_UPS_PER_EMAIL})
        code = f"{secrets.randbelow(10**6):06d}"
        now = self._clock.now()
        async with self._database.transaction() as session:
            known = await session.scalar(select(UserRow).where(UserRow.email == fields.email))
            await session.execute(delete(SignUpRow).where(SignUpRow.email == fields.email))
            row = await _written(session, fields, now)
            if known is None:
                row.code_hash = self._hashed(row.id, code)
        if known is None:
            minutes = str(int(CODE_LIFETIME.total_seconds() // 60))
            await self._letters.send("confirmation", fields.email, fields.locale, code=code, minutes=minutes)
        else:
            await self._letters.send("known", known.email, known.locale)
        return row.id

    async def confirm(self, email: str, code: str, asked_from: str) -> Confirmed:
        """The address is proven: make its user, the owner of a new tenant with a default project.

        Raises InvalidInput `invalid_email`, `invalid_code` (wrong, used, too old, tried too often); TooMany as
        sign_up().
        """
        await take_of_network(self._rates, f"confirm/address/{asked_from}")
        address = normalised(email)
        await self._attempts.take({f"confirm/{address}": TRIES_PER_EMAIL})
        async with self._database.transaction() as session:
            row = await self._proven(session, address, code)
            confirmed = await self._made(session, row) if row is not None else None
        if confirmed is None:  # raised outside the transaction: the try has to stay counted
            problem = FieldProblem("code", "is wrong or too old")
            raise InvalidInput(
                "invalid_code", "This code is wrong, or too old. Sign up again for a new one.", [problem]
            )
        await self._attempts.forget(f"confirm/{address}", f"sign-up/{address}")
        return confirmed

    async def create(self, wish: NewAccount, tenant_id: int | None = None, role: Role = Role.OWNER) -> User:
        """A user without a code, by whoever runs the server; of `tenant_id`, or of a new tenant of their own.

        Raises as sign_up(), and Conflict `email_taken`.
        """
        fields = await self._checked(wish)
        async with self._database.transaction() as session:
            if await session.scalar(select(UserRow.id).where(UserRow.email == fields.email)) is not None:
                raise Conflict("email_taken", "This address has an account.")
            return await self._settled(session, await self._next_id(session, fields), fields, tenant_id, role)

    async def change_profile(self, user_id: int, name: str, locale: str) -> None:
        """Another name and language; a language that is none of ours leaves the one there was.

        Raises InvalidInput `name_too_long`, `invalid_name` for an empty one.
        """
        name = _name(name)
        if not name:
            raise InvalidInput("invalid_name", "A name is needed.", [FieldProblem("name", "is needed")])
        async with self._database.transaction() as session:
            row = await session.get_one(UserRow, user_id, with_for_update=True)
            row.name = name
            row.locale = locale if locale in LANGUAGES else row.locale
            await session.flush()
            await record_of_user(session, self._clock.now(), await user_of(session, row), "user.profile_set", {})

    async def find(self, email: str) -> User | None:
        """The user of this address. Raises InvalidInput `invalid_email`."""
        async with self._database.reading() as session:
            row = await session.scalar(select(UserRow).where(UserRow.email == normalised(email)))
            return await user_of(session, row) if row is not None else None

    async def owner_of(self, tenant_id: int) -> User | None:
        """The tenant's first owner."""
        async with self._database.reading() as session:
            row = await session.scalar(
                select(UserRow)
                .join(MembershipRow, MembershipRow.user_id == UserRow.id)
                .where(MembershipRow.tenant_id == tenant_id, MembershipRow.role == Role.OWNER.value)
                .order_by(MembershipRow.id)
                .limit(1)
            )
            return await user_of(session, row) if row is not None else None

    async def all(self) -> list[User]:
        """Every user, oldest first."""
        async with self._database.reading() as session:
            rows = list(await session.scalars(select(UserRow).order_by(UserRow.created_at, UserRow.id)))
            return [await user_of(session, row) for row in rows]

    async def tidy(self) -> None:
        """Remove sign-ups that came to nothing, and counts that are over."""
        async with self._database.transaction() as session:
            await session.execute(delete(SignUpRow).where(SignUpRow.expires_at < self._clock.now()))
        await self._attempts.tidy()

    async def _checked(self, wish: NewAccount) -> UserFields:
        email = normalised(wish.email)
        name = _name(wish.name) or email.partition("@")[0]
        check_password(wish.password, email)
        locale = wish.locale if wish.locale in LANGUAGES else LANGUAGES[0]
        return UserFields(email, name, locale, await self._passwords.hash(wish.password))

    async def _proven(self, session: AsyncSession, email: str, code: str) -> SignUpRow | None:
        """The sign-up that `code` belongs to; a wrong code costs one of its tries."""
        now = self._clock.now()
        row = await session.scalar(
            select(SignUpRow).where(SignUpRow.email == email).order_by(SignUpRow.id.desc()).limit(1).with_for_update()
        )
        if row is None or row.code_hash is None or row.tries_left < 1 or row.expires_at <= now:
            return None
        row.tries_left -= 1
        given = code if code.isascii() and len(code) <= 20 else ""
        return row if secrets.compare_digest(self._hashed(row.id, given), row.code_hash) else None

    async def _made(self, session: AsyncSession, row: SignUpRow) -> Confirmed:
        fields = UserFields(row.email, row.name, row.locale, row.password_hash)
        await session.execute(delete(SignUpRow).where(SignUpRow.email == row.email))
        user = await self._settled(session, row.id, fields, None, Role.OWNER)
        return Confirmed(user, self._tokens.mint(session, user.id).text)

    async def _settled(
        self, session: AsyncSession, user_id: int, fields: UserFields, tenant_id: int | None, role: Role
    ) -> User:
        now = self._clock.now()
        row = await add_user(session, user_id, fields, now)
        if tenant_id is None:
            tenant_id = await self._tenants.found(session, fields.name, DEFAULT_PLAN, fields.locale, f"user:{row.uid}")
        await add_member(session, row.id, tenant_id, role, now)
        user = await user_of(session, row)
        await record_of_user(session, now, user, "member.added", {"role": role.value})
        return user

    async def _next_id(self, session: AsyncSession, fields: UserFields) -> int:
        """A user's id as a sign-up would give it."""
        row = await _written(session, fields, self._clock.now())
        await session.delete(row)
        return row.id

    def _hashed(self, sign_up_id: int, code: str) -> str:
        return hmac.new(self._pepper, f"{sign_up_id}/{code}".encode(), sha256).hexdigest()


def _name(text: str) -> str:
    """Raises InvalidInput `name_too_long`."""
    name = " ".join(storable(text).split())
    if len(name) > NAME_MAX:
        problem = FieldProblem("name", f"has more than {NAME_MAX} characters")
        raise InvalidInput("name_too_long", f"A name has at most {NAME_MAX} characters.", [problem])
    return name


async def _written(session: AsyncSession, fields: UserFields, now: datetime) -> SignUpRow:
    """The sign-up that waits for its code, with the id that its user will have."""
    row = SignUpRow(
        email=fields.email,
        name=fields.name,
        locale=fields.locale,
        password_hash=fields.password_hash,
        code_hash=None,
        tries_left=CODE_TRIES,
        expires_at=now + CODE_LIFETIME,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row
