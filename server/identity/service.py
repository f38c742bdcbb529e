"""Everything about people, put together: accounts, passwords, sign-ins, tokens, and where their mails go."""

from dataclasses import dataclass

from server.identity.accounts import Accounts
from server.identity.mail import Letters, MailPost
from server.identity.outbox import DevelopmentOutbox
from server.identity.parts import IdentityParts
from server.identity.password_changes import PasswordChanges
from server.identity.passwords import Passwords
from server.identity.sign_ins import SignIns
from server.identity.tokens import UserTokens
from server.kit.clock import Clock
from server.storage import Database
from server.storage.rate import Rates
from server.storage.secret import MasterSecret
from server.tenants.service import Tenants


@dataclass(frozen=True)
class Identity:
    """`outbox` is where mails are read on a server that sends none; None on one that does."""

    accounts: Accounts
    sign_ins: SignIns
    tokens: UserTokens
    password_changes: PasswordChanges
    outbox: DevelopmentOutbox | None
    _passwords: Passwords

    @classmethod
    def over(
        cls,
        database: Database,
        tenants: Tenants,
        secret: MasterSecret,
        rates: Rates,
        clock: Clock,
        *,
        server_name: str,
        post: MailPost | None = None,
        passwords: Passwords | None = None,
    ) -> "Identity":
        """Without a `post`, mails are kept in the development outbox."""
        passwords = passwords or Passwords()
        outbox = None
        if post is None:
            post = outbox = DevelopmentOutbox(database, clock)
        tokens = UserTokens(database, secret, clock)
        parts = IdentityParts(database, secret, passwords, Letters(post, server_name), rates, clock)
        sign_ins = SignIns(database, secret, passwords, rates, clock)
        return cls(Accounts(parts, tenants, tokens), sign_ins, tokens, PasswordChanges(parts), outbox, passwords)

    async def tidy(self) -> None:
        """Remove what is over: sign-ups, codes, sessions, counts."""
        await self.accounts.tidy()
        await self.password_changes.tidy()
        await self.sign_ins.tidy()

    async def close(self) -> None:
        """Idempotent."""
        await self._passwords.close()
