"""Signed addresses of recordings: whoever has one may hear that one recording, for an hour."""

from datetime import timedelta

from server.kit.clock import Clock
from server.kit.errors import Gone, NotAuthenticated
from server.sessions.signing import Keys, Purpose, Tokens

LIFETIME = timedelta(hours=1)


class RecordingLinks:
    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._tokens = Tokens(Purpose.RECORDING, LIFETIME, keys, clock)

    async def link(self, call_id: int, origin: str) -> str:
        """Where the recording of a call is served. `origin` is the server's own, as browsers see it."""
        return f"{origin}/recordings/bridge_{call_id}.mp3?token={await self._tokens.sign(str(call_id), {})}"

    async def verify(self, call_id: int, token: str) -> None:
        """Whether `token` is for this call's recording. Raises NotAuthenticated `link_invalid`, Gone `link_expired`."""
        try:
            claims = await self._tokens.verify(token)
        except NotAuthenticated as refusal:
            if refusal.code == "session_expired":
                raise Gone("link_expired", "This link is too old. Ask for a new one.") from None
            raise NotAuthenticated("link_invalid", "This link is not valid.") from None
        if claims.subject != str(call_id):
            raise NotAuthenticated("link_invalid", "This link is not valid.")
