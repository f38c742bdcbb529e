"""Tokens that open one call's live transcript, for a backend or the page it hands them to."""

from datetime import timedelta

from server.kit.clock import Clock
from server.sessions.signing import Keys, Purpose, Tokens

LIFETIME = timedelta(hours=12)
AFTER_END = timedelta(hours=1)


class CableTokens:
    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._tokens = Tokens(Purpose.CABLE, LIFETIME, keys, clock)

    async def issue(self, call_uid: str) -> str:
        """For one call, until an hour after its end, twelve hours at most."""
        return await self._tokens.sign(call_uid, {})

    async def verify(self, token: str) -> str:
        """The uid of the token's call. Raises NotAuthenticated `session_invalid` or `session_expired`."""
        return (await self._tokens.verify(token)).subject
