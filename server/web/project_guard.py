"""Who calls the APIs for backends, and for which project: a project token, or another secret key of the tenant."""

from dataclasses import dataclass

from quart import g

from server.storage.rate import Rates
from server.tenants.credentials import Credentials, Principal
from server.tenants.service import Tenants
from server.web import limits
from server.web.principal import project_principal


@dataclass(frozen=True)
class Asking:
    """Whose request it is; `actor` is for the audit."""

    tenant_id: int
    project_id: int
    actor: str


class ProjectGuard:
    def __init__(self, credentials: Credentials, tenants: Tenants, rates: Rates, own_origin: str) -> None:
        self._credentials = credentials
        self._tenants = tenants
        self._rates = rates
        self._own_origin = own_origin

    async def principal(self) -> Principal:
        """Of the present request, which counts once. Raises as project_principal(), and `rate_limit_exceeded`."""
        if "principal" not in g:
            principal = await project_principal(self._credentials, self._own_origin)
            await limits.count(self._rates, principal)
            g.principal = principal
        known: Principal = g.principal
        return known

    async def __call__(self) -> Asking:
        """Of the present request; a key of no project means the tenant's first. Raises as principal()."""
        principal = await self.principal()
        project_id = principal.project_id or await self._tenants.default_project(principal.tenant_id)
        return Asking(principal.tenant_id, project_id, f"api:{principal.kind.value}")
