"""Who calls the APIs for backends, and for which project: a token or key, looked at and counted once a request."""

from dataclasses import dataclass

from quart import g

from server.identity import UserTokens
from server.storage.rate import Rates
from server.tenants.credentials import Credentials, Principal
from server.tenants.service import Tenants
from server.web import limits
from server.web.principal import Caller, caller


@dataclass(frozen=True)
class Asking:
    """Whose request it is; `actor` is for the audit."""

    tenant_id: int
    project_id: int
    actor: str


class ProjectGuard:
    def __init__(
        self, credentials: Credentials, tokens: UserTokens, tenants: Tenants, rates: Rates, own_origin: str
    ) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._tenants = tenants
        self._rates = rates
        self._own_origin = own_origin

    async def caller(self) -> Caller:
        """Of the present request, which counts once. Raises as principal.caller(), and `rate_limit_exceeded`."""
        if "caller" not in g:
            found = await caller(self._credentials, self._tokens, self._own_origin)
            await limits.count(self._rates, found.principal)
            g.caller = found
        known: Caller = g.caller
        return known

    async def principal(self) -> Principal:
        """Of the present request. Raises as caller()."""
        return (await self.caller()).principal

    async def __call__(self) -> Asking:
        """Of the present request; a key of no project means the tenant's first. Raises as caller()."""
        found = await self.caller()
        principal = found.principal
        project_id = principal.project_id or await self._tenants.default_project(principal.tenant_id)
        return Asking(principal.tenant_id, project_id, found.actor)
