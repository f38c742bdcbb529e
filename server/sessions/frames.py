"""Tickets of framed widgets: the page we serve into a frame proves with one that its frame was allowed."""

from dataclasses import dataclass
from datetime import timedelta

from server.kit.clock import Clock
from server.kit.errors import NotAuthenticated
from server.sessions.keys import SigningKeys
from server.sessions.signing import Purpose, Tokens

LIFETIME = timedelta(hours=1)  # a page may stand open a while before somebody wants to talk
_PREFIX = "voc_pk_frame_"  # it stands where a public key would, and looks like one


@dataclass(frozen=True)
class FrameTicket:
    """Whose widget the frame shows."""

    tenant_uid: str
    agent: str
    credential_uid: str | None = None  # of the public key it was served for


class FrameTickets:
    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._tokens = Tokens(Purpose.FRAME, LIFETIME, keys, clock)

    async def issue(self, ticket: FrameTicket) -> str:
        """A token for the frame's page, given in place of a public key."""
        return _PREFIX + await self._tokens.sign(
            ticket.tenant_uid, {"agent": ticket.agent, "key": ticket.credential_uid}
        )

    async def verify(self, token: str) -> FrameTicket:
        """Raises NotAuthenticated `session_invalid` or `session_expired`."""
        claims = await self._tokens.verify(token.removeprefix(_PREFIX))
        agent = claims.own.get("agent")
        if not isinstance(agent, str):
            raise NotAuthenticated("session_invalid", "This frame's ticket is not valid here.")
        return FrameTicket(claims.subject, agent, claims.own.get("key"))


def is_ticket(key: str | None) -> bool:
    """Whether what stands in place of a public key is a frame's ticket."""
    return key is not None and key.startswith(_PREFIX)
