"""/api/signup, /api/confirm and /api/whoami, each under /api/v1 too (A-01): an account, its token, whose it is."""

from collections.abc import Callable
from typing import Any

from quart import Blueprint, Response, request

from server.identity import Identity, NewAccount
from server.identity.addresses import readable
from server.identity.mail import LANGUAGES
from server.sessions.service import network_of
from server.tenants.service import Tenants
from server.web.bodies import read_body
from server.web.client_address import ClientAddresses
from server.web.openapi import people as api
from server.web.openapi.operation import answered, described
from server.web.principal import Caller
from server.web.project_guard import ProjectGuard

_FOLDERS = ("/api", "/api/v1")


def identity_api(asking: ProjectGuard, identity: Identity, tenants: Tenants, addresses: ClientAddresses) -> Blueprint:
    routes = Blueprint("identity_api", __name__)

    def asked_from() -> str:
        return network_of(addresses.of(request.remote_addr, request.headers.get("X-Forwarded-For")))

    @described(api.SIGN_UP)
    async def sign_up() -> Response:
        asked = await read_body(api.SignUp)
        language = asked.language or request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
        wish = NewAccount(asked.email, asked.password, asked.name, language)
        user_id = await identity.accounts.sign_up(wish, asked_from())
        answer = answered(api.SignedUp, {"status": "ok", "id": user_id, "confirmation_sent": True})
        answer.status_code = 201
        return _unkept(answer)

    @described(api.CONFIRM)
    async def confirm() -> Response:
        asked = await read_body(api.Confirm)
        confirmed = await identity.accounts.confirm(asked.email, asked.code, asked_from())
        return _unkept(answered(api.Confirmed, {"status": "ok", "user_token": confirmed.token}))

    @described(api.WHO_AM_I)
    async def who_am_i() -> Response:
        found = await asking.caller()
        return _unkept(answered(api.WhoAmI, await _said(found, identity, tenants, (await asking()).project_id)))

    views: dict[str, tuple[str, Callable[..., Any]]] = {
        "/signup": ("POST", sign_up),
        "/confirm": ("POST", confirm),
        "/whoami": ("GET", who_am_i),
    }
    for folder in _FOLDERS:
        for path, (method, view) in views.items():
            routes.add_url_rule(folder + path, f"{view.__name__}{folder.replace('/', '_')}", view, methods=[method])
    return routes


async def _said(found: Caller, identity: Identity, tenants: Tenants, project_id: int) -> dict[str, Any]:
    tenant = await tenants.by_id(found.principal.tenant_id)
    owner = found.user or await identity.accounts.owner_of(tenant.id)
    body: dict[str, Any] = {
        "status": "ok",
        "id": owner.id if owner else tenant.id,
        "name": owner.name if owner else tenant.name,
        "email": readable(owner.email) if owner else "",
        "kind": found.principal.kind.value,
        "tenant": {"id": tenant.uid, "name": tenant.name},
    }
    project_uid, project_name = await tenants.project_named(project_id)
    body["project"] = {"id": project_uid, "name": project_name}
    if found.user is not None:
        body["projects"] = [
            {"id": project.uid, "name": project.name}
            for membership in found.user.memberships
            for project in membership.projects
        ]
    return body


def _unkept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
