"""Tickets of virtual handsets: a page proves with one which telephone number is its own."""

from dataclasses import dataclass
from datetime import timedelta

from server.kit.clock import Clock
from server.kit.errors import NotAuthenticated
from server.sessions.keys import SigningKeys
from server.sessions.signing import Purpose, Tokens

LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class HandsetTicket:
    """Whose handset it is, its number (E.164), and what stands on it."""

    tenant_id: int
    number: str
    label: str


class HandsetTickets:
    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._tokens = Tokens(Purpose.HANDSET, LIFETIME, keys, clock)

    async def issue(self, ticket: HandsetTicket) -> str:
        """A token for one handset's page."""
        return await self._tokens.sign(str(ticket.tenant_id), {"number": ticket.number, "label": ticket.label})

    async def verify(self, token: str) -> HandsetTicket:
        """Raises NotAuthenticated `session_invalid` or `session_expired`."""
        claims = await self._tokens.verify(token)
        number, label = claims.own.get("number"), claims.own.get("label")
        if not isinstance(number, str) or not isinstance(label, str) or not claims.subject.isdecimal():
            raise NotAuthenticated("session_invalid", "This handset's ticket is not valid here.")
        return HandsetTicket(int(claims.subject), number, label)
