"""Who calls the APIs for backends: a project token, another secret key of the tenant, or the token of a user."""

from dataclasses import dataclass

from quart import after_this_request, request
from quart.typing import ResponseTypes

from server.identity import Membership, Role, User, UserProject, UserTokens
from server.identity.rights import CALLS, CHANGES, LISTENS
from server.identity.tokens import PREFIX as USER_PREFIX
from server.identity.tokens import TokenUser
from server.kit.errors import NotAllowed, NotAuthenticated
from server.tenants.credentials import TEST_PREFIX, Credentials, Kind, Principal
from server.tenants.plans import plan_named

SERVER_SIDE = frozenset({Kind.PROJECT, Kind.SECRET, Kind.MASTER})
PROJECT_HEADER = "X-Project-Id"
_QUERY_FORMS = ("api_token", "user_token")
QUERY_FORM_DEPRECATED = "@1767225600"  # 2026-01-01: it was never the better way
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_CALLS = ("/api/v1/calls", "/api/v1/phone_calls")
_TESTS = (*_OF_CALLS, "/api/v1/agents", "/api/whoami")  # what a test key opens: the rest is of the live mode
_SANDBOX = "sandbox."


@dataclass(frozen=True)
class Caller:
    """Who calls; `user` when it is one. Its principal is of the project that the request chose."""

    principal: Principal
    user: User | None = None
    role: Role | None = None  # the user's, in the tenant of the project

    def require_listening(self) -> None:
        """Raises NotAllowed `role_too_weak` to a user who may not hear calls that go on."""
        if self.role is not None and self.role not in LISTENS:
            raise _too_weak(self.role)

    @property
    def actor(self) -> str:
        """For the audit."""
        return self.principal.actor


async def caller(credentials: Credentials, tokens: UserTokens, own_origin: str) -> Caller:
    """Who makes the request. A header wins over the query forms (A-03).

    Raises NotAuthenticated `missing_token` or `invalid_key`; NotAllowed `token_in_query`, `wrong_key`, for users
    `wrong_project`, `role_too_weak`, for test keys `live_key_needed`, and where only these are taken `test_key_needed`.
    """
    text = _presented(own_origin)
    if request.host.startswith(_SANDBOX) and not text.startswith(TEST_PREFIX):
        raise NotAllowed("test_key_needed", "This address takes test keys only (voc_sk_test_).")
    if text.startswith(USER_PREFIX):
        found = await tokens.resolve(text)
        user = found.user
        membership, project = _chosen(user)
        if not _may(membership.role):
            raise _too_weak(membership.role)
        return Caller(_principal(membership, project, found), user, membership.role)
    principal = await credentials.resolve(text)
    if principal.kind not in SERVER_SIDE:
        raise NotAllowed("wrong_key", "A public key cannot do this; use the project token, on your server only.")
    if not principal.livemode and not request.path.startswith(_TESTS):
        raise NotAllowed("live_key_needed", "A test key makes and reads simulated calls; this takes a project token.")
    return Caller(principal)


def _presented(own_origin: str) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        token = next((text for name in _QUERY_FORMS if (text := request.args.get(name, ""))), "")
        if token and request.headers.get("Origin", own_origin) != own_origin:
            raise NotAllowed("token_in_query", "A web page must not send this token, least of all in an address.")
        if token:
            after_this_request(_advise_header)
    if not token.strip():
        raise NotAuthenticated("missing_token", "Send your project token as a Bearer token.")
    return token.strip()


async def _advise_header(response: ResponseTypes) -> ResponseTypes:
    """Tell who wrote the client that addresses end up in logs (RFC 9745)."""
    response.headers["Deprecation"] = QUERY_FORM_DEPRECATED
    response.headers["Link"] = '</docs/en/authentication>; rel="deprecation"; type="text/html"'
    return response


def _chosen(user: User) -> tuple[Membership, UserProject]:
    """The project that the request names, else the user's first."""
    found = user.project(request.headers.get(PROJECT_HEADER, "").strip() or None)
    if found is None:
        raise NotAllowed("wrong_project", f"You are no member of the project that {PROJECT_HEADER} names.")
    return found


def _may(role: Role) -> bool:
    if request.method in _READS or request.path.endswith("/player_session"):
        return True
    return role in (CALLS if request.path.startswith(_OF_CALLS) else CHANGES)


def _too_weak(role: Role) -> NotAllowed:
    return NotAllowed("role_too_weak", f"A member with the role {role.value} cannot do this.")


def _principal(membership: Membership, project: UserProject, found: TokenUser) -> Principal:
    return Principal(
        tenant_id=membership.tenant_id,
        tenant_uid=membership.tenant_uid,
        project_id=project.id,
        kind=Kind.USER,
        scopes=frozenset({"project"}),
        livemode=True,
        plan=plan_named(membership.plan),
        credential_uid=found.token_uid,
        user_uid=found.user.uid,
    )
