"""The softphone: its page for a customer's iframe, and what that page asks for."""

from collections.abc import Sequence

from quart import Blueprint, Response, jsonify, render_template, request

from server.browser import IceServers
from server.calls.service import Calls
from server.kit.errors import NotAuthenticated
from server.sessions.grants import CallGrant, CallGrants
from server.tenants.origins import OriginDirectory
from server.web.assets import AssetManifest
from server.web.bodies import RequestBody, read_body

_ANY_PARENT = ("https:", "http://localhost:*", "http://127.0.0.1:*")


class _Exchange(RequestBody):
    token: str


class _Connect(RequestBody):
    offer: str


class _Leave(RequestBody):
    token: str


class _WrapUp(RequestBody):
    outcome: str
    note: str = ""


def embed(
    calls: Calls,
    grants: CallGrants,
    origins: OriginDirectory,
    assets: AssetManifest,
    ice: IceServers,
) -> Blueprint:
    routes = Blueprint("embed", __name__)

    @routes.get("/embed")
    async def page() -> Response:
        """The same page for every link; who may frame it is the link's, or else the tenant's, list of origins."""
        parents = await parents_of(grants, origins, request.args.get("t", ""))
        html = await render_template("embed.html", assets=assets, parents=parents)
        return framed_page(html, parents)

    @routes.post("/embed/exchange")
    async def exchange() -> Response:
        opened = await calls.open_softphone((await read_body(_Exchange)).token)
        return jsonify(
            {
                "session": {"token": opened.token},
                "role": opened.role.value,
                "call": opened.call,
                **ice.before_answer(),
                "language": opened.language,
            }
        )

    @routes.post("/embed/connect")
    async def connect() -> Response:
        grant = await _session(calls)
        answer, call = await calls.connect(grant, (await read_body(_Connect)).offer)
        return jsonify({"answer": answer, **ice.with_answer(grant.uid), "call": call})

    @routes.get("/embed/call")
    async def call() -> Response:
        grant = await _session(calls)
        return jsonify({"role": grant.role, "call": await calls.seen(grant), **ice.before_answer()})

    @routes.post("/embed/leave")
    async def leave() -> tuple[str, int]:
        """From a beacon, which sends no headers of our choice: the token is in the body, whatever its type."""
        calls.leave(await calls.softphone((await read_body(_Leave)).token))
        return "", 204

    @routes.post("/embed/hangup")
    async def hangup() -> Response:
        return jsonify({"call": await calls.hang_up_from_page(await _session(calls))})

    @routes.post("/embed/wrap_up")
    async def wrap_up() -> Response:
        grant = await _session(calls)
        said = await read_body(_WrapUp)
        return jsonify({"call": await calls.wrap_up(grant, said.outcome, said.note)})

    return routes


async def parents_of(grants: CallGrants, origins: OriginDirectory, link: str) -> list[str]:
    """Who may frame the page of `link` (A-14). A link that is none of ours opens a page that says so, anywhere."""
    target = await grants.peek(link)
    if target is None:
        return list(_ANY_PARENT)
    tenant_id, narrowed = target
    allowed = list(await origins.of(tenant_id))
    if narrowed:
        return [origin for origin in narrowed if origin in allowed or not allowed]
    return allowed or list(_ANY_PARENT)


def framed_page(html: str | bytes, parents: Sequence[str], style: str = "'self'", script: str = "'self'") -> Response:
    """A page for other people's iframes: it may load and reach us alone, is kept by nobody, and tells nobody.

    `style`, `script`: where its looks and its code may come from, as sources of a content security policy.
    """
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {script}; connect-src 'self'; media-src 'self' blob:; style-src {style}; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {' '.join(parents) or chr(39) + 'none' + chr(39)}"
    )
    response.headers["Permissions-Policy"] = "microphone=(self), autoplay=(self)"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def bearer() -> str:
    """The session token of the request. Raises `session_invalid`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("session_invalid", "Send the session token as a Bearer token.")
    return token.strip()


async def _session(calls: Calls) -> CallGrant:
    return await calls.softphone(bearer())
