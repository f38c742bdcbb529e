"""Who may use the widget's paths: a public key on an allowed origin, or a session token where it is bound."""

from quart import Request, Websocket, has_request_context, request, websocket

from server.kit.errors import InvalidInput, NotAllowed, NotAuthenticated
from server.sessions import WidgetSession, WidgetSessions
from server.sessions.frames import FrameTickets, is_ticket
from server.tenants.credentials import Credentials, WidgetTarget
from server.tenants.origins import OriginDirectory, normalise
from server.web import cors
from server.web.client_address import ClientAddresses


class WidgetGuard:
    """One question a route: `target()` or `session()`. Both take the origin decision and remember it for CORS."""

    def __init__(
        self,
        credentials: Credentials,
        origins: OriginDirectory,
        sessions: WidgetSessions,
        tickets: FrameTickets,
        addresses: ClientAddresses,
        own_origin: str,
    ) -> None:
        """`own_origin`: where our framed widget's page comes from, as browsers see it."""
        self._credentials = credentials
        self._origins = origins
        self._sessions = sessions
        self._tickets = tickets
        self._addresses = addresses
        self._own_origin = normalise(own_origin)

    async def target(self, key: str | None, agent: str | None, tenant: str | None) -> WidgetTarget:
        """The tenant and agent a page names. Raises `invalid_key`, `unknown_agent`, `config_mismatch`, `origin_…`.

        Our own framed page gives a ticket for a key: its parents were decided on when the frame was served.
        """
        if key and is_ticket(key):
            return await self._framed_target(key)
        target = await self._credentials.resolve_widget(key, agent, tenant)
        await self._allow_origin(target.tenant_id)
        return target

    async def session(self, may_be_over: bool = False) -> WidgetSession:
        """The session of the bearer token. Raises `session_invalid`, `session_expired`, `session_ended`, `origin_…`."""
        scheme, _, token = asking().headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("session_invalid", "Send the session token as a Bearer token.")
        return await self.session_of(token.strip(), may_be_over)

    async def session_of(self, token: str, may_be_over: bool = False) -> WidgetSession:
        """As session(), for a token that came in a message."""
        origin = self._asking_origin()
        if origin is None and "Origin" not in asking().headers:
            raise NotAllowed("origin_missing", _REFUSALS["origin_missing"])
        session = await self._sessions.verify(token, origin, may_be_over=may_be_over)
        if session.origin == self._own_origin:  # opened with a ticket
            cors.remember_allowed()
        else:
            await self._allow_origin(session.tenant_id)
        return session

    def visitor(self) -> tuple[str, str]:
        """Normalised origin and address of the page that asks, after the origin was allowed."""
        peer = asking().remote_addr
        return self._asking_origin() or "", self._addresses.of(peer, asking().headers.get("X-Forwarded-For"))

    async def _allow_origin(self, tenant_id: int) -> None:
        decision = await self._origins.decide(tenant_id, asking().headers.get("Origin"))
        if not decision.allowed:
            raise NotAllowed(decision.code, _REFUSALS[decision.code])
        cors.remember_allowed()

    async def _framed_target(self, ticket: str) -> WidgetTarget:
        frame = await self._tickets.verify(ticket)
        if self._asking_origin() != self._own_origin:
            raise NotAllowed("origin_not_allowed", _REFUSALS["origin_not_allowed"])
        cors.remember_allowed()
        return await self._credentials.resolve_framed(frame.tenant_uid, frame.agent, frame.credential_uid)

    def _asking_origin(self) -> str | None:
        """The page's origin, normalised; browsers leave it out of a page's GETs to its own origin."""
        headers = asking().headers
        if "Origin" not in headers and headers.get("Sec-Fetch-Site") == "same-origin":
            return self._own_origin
        try:
            return normalise(headers.get("Origin", ""))
        except InvalidInput:
            return None


def asking() -> Request | Websocket:
    """The request or the socket that is being served."""
    return request if has_request_context() else websocket


_REFUSALS = {
    "origin_missing": "This address answers pages only: the request names no origin.",
    "origin_not_allowed": "This site is not on the list of allowed origins.",
}
