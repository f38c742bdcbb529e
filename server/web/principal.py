"""Who calls the APIs for backends: a project token, another secret key of the tenant, or the token of a user."""

from dataclasses import dataclass

from quart import request

from server.identity import Membership, Role, User, UserProject, UserTokens
from server.identity.tokens import PREFIX as USER_PREFIX
from server.kit.errors import NotAllowed, NotAuthenticated
from server.tenants.credentials import Credentials, Kind, Principal
from server.tenants.plans import plan_named

SERVER_SIDE = frozenset({Kind.PROJECT, Kind.SECRET, Kind.MASTER})
PROJECT_HEADER = "X-Project-Id"
_QUERY_FORMS = ("api_token", "user_token")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_CALLS = ("/api/v1/calls", "/api/v1/phone_calls")
_CHANGES: dict[Role, tuple[str, ...]] = {
    Role.OWNER: ("/",),
    Role.ADMIN: ("/",),
    Role.SUPERVISOR: _CALLS,
    Role.AGENT: _CALLS,
    Role.VIEWER: (),
}


@dataclass(frozen=True)
class Caller:
    """Who calls; `user` when it is one. Its principal is of the project that the request chose."""

    principal: Principal
    user: User | None = None

    @property
    def actor(self) -> str:
        """For the audit."""
        return self.principal.actor


async def caller(credentials: Credentials, tokens: UserTokens, own_origin: str) -> Caller:
    """Who makes the request. A header wins over the query forms (A-03).

    Raises NotAuthenticated `missing_token` or `invalid_key`; NotAllowed `token_in_query`, `wrong_key`, and for users
    `wrong_project`, `role_too_weak`.
    """
    text = _presented(own_origin)
    if text.startswith(USER_PREFIX):
        user = (await tokens.resolve(text)).user
        membership, project = _chosen(user)
        if not _may(membership.role):
            raise NotAllowed("role_too_weak", f"A member with the role {membership.role.value} cannot do this.")
        return Caller(_principal(membership, project, user), user)
    principal = await credentials.resolve(text)
    if principal.kind not in SERVER_SIDE:
        raise NotAllowed("wrong_key", "A public key cannot do this; use the project token, on your server only.")
    return Caller(principal)


def _presented(own_origin: str) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        token = next((text for name in _QUERY_FORMS if (text := request.args.get(name, ""))), "")
        if token and request.headers.get("Origin", own_origin) != own_origin:
            raise NotAllowed("token_in_query", "A web page must not send this token, least of all in an address.")
    if not token.strip():
        raise NotAuthenticated("missing_token", "Send your project token as a Bearer token.")
    return token.strip()


def _chosen(user: User) -> tuple[Membership, UserProject]:
    """The project that the request names, else the user's first."""
    found = user.project(request.headers.get(PROJECT_HEADER, "").strip() or None)
    if found is None:
        raise NotAllowed("wrong_project", f"You are no member of the project that {PROJECT_HEADER} names.")
    return found


def _may(role: Role) -> bool:
    if request.method in _READS or request.path.endswith("/player_session"):
        return True
    return any(request.path.startswith(start) for start in _CHANGES[role])


def _principal(membership: Membership, project: UserProject, user: User) -> Principal:
    return Principal(
        tenant_id=membership.tenant_id,
        tenant_uid=membership.tenant_uid,
        project_id=project.id,
        kind=Kind.USER,
        scopes=frozenset({"project"}),
        livemode=True,
        plan=plan_named(membership.plan),
        user_uid=user.uid,
    )
