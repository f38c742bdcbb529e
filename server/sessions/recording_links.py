"""Signed addresses of recordings: whoever has one may hear that one recording, for an hour."""

from dataclasses import dataclass
from datetime import timedelta

from server.kit.clock import Clock
from server.kit.errors import Gone, NotAuthenticated
from server.sessions.signing import Keys, Purpose, Tokens

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class RecordingClaim:
    """One address of a recording, and who it was made for, as the audit names them."""

    link_id: str
    actor: str


class RecordingLinks:
    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._tokens = Tokens(Purpose.RECORDING, LIFETIME, keys, clock)

    async def link(self, call_id: int, origin: str, actor: str) -> str:
        """Where `actor` gets the recording of a call. `origin` is the server's own, as browsers see it."""
        token = await self._tokens.sign(str(call_id), {"for": actor})
        return f"{origin}/recordings/bridge_{call_id}.mp3?token={token}"

    async def verify(self, call_id: int, token: str) -> RecordingClaim:
        """That `token` is for this call's recording. Raises NotAuthenticated `link_invalid`, Gone `link_expired`."""
        try:
            claims = await self._tokens.verify(token)
        except NotAuthenticated as refusal:
            if refusal.code == "session_expired":
                raise Gone("link_expired", "This link is too old. Ask for a new one.") from None
            raise NotAuthenticated("link_invalid", "This link is not valid.") from None
        if claims.subject != str(call_id):
            raise NotAuthenticated("link_invalid", "This link is not valid.")
        return RecordingClaim(claims.token_id, str(claims.own.get("for", "server")))
