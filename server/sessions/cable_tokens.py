"""Tokens that open one call's live transcript, for a backend or the page it hands them to."""

from dataclasses import dataclass
from datetime import timedelta

from server.kit.clock import Clock
from server.sessions.signing import Keys, Purpose, Tokens

LIFETIME = timedelta(hours=12)
AFTER_END = timedelta(hours=1)


@dataclass(frozen=True)
class CableClaim:
    """Whose transcript a token opens, and which key asked for it: None for a user's or the console's."""

    call_uid: str
    credential_uid: str | None


class CableTokens:
    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._tokens = Tokens(Purpose.CABLE, LIFETIME, keys, clock)

    async def issue(self, call_uid: str, credential_uid: str | None = None) -> str:
        """For one call, until an hour after its end, twelve hours at most, and as long as the key that asks is good."""
        return await self._tokens.sign(call_uid, {"key": credential_uid} if credential_uid else {})

    async def verify(self, token: str) -> CableClaim:
        """What the token says. Raises NotAuthenticated `session_invalid` or `session_expired`."""
        claims = await self._tokens.verify(token)
        return CableClaim(claims.subject, claims.own.get("key"))
