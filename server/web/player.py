"""The player: a page for a customer's iframe that replays one call, and what that page asks for."""

import asyncio
import base64
import gzip
import hashlib
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from quart import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from server.calls.replay import Replays
from server.sessions.grants import CallGrants, Session
from server.tenants.origins import OriginDirectory
from server.web.assets import AssetManifest
from server.web.bodies import RequestBody, read_body
from server.web.embed import bearer, framed_page, parents_of
from server.web.pages import TEMPLATES

_WORTH_SHRINKING = 1_000  # bytes
_WORTH_A_THREAD = 200_000  # bytes; fewer are compressed in less than a millisecond
_QUICKLY = 5  # of gzip's nine levels: a transcript in a millisecond or two


class _Exchange(RequestBody):
    token: str


def player(replays: Replays, grants: CallGrants, origins: OriginDirectory, assets: AssetManifest) -> Blueprint:
    routes = Blueprint("player", __name__)
    style, script = (TEMPLATES / "player.css").read_text("utf-8"), assets.source("player")
    sources = _source_of(style), _source_of(script)
    template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).get_template("player.html")
    plain = template.render(script=script, style=style).encode()
    shrunk = gzip.compress(plain)

    @routes.after_request
    async def _kept_by_nobody(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept-Encoding"
        return response if "Content-Encoding" in response.headers else await _shrunk(response)

    @routes.get("/player")
    async def page() -> Response:
        """The same page for every link, whole in one answer and made once; its script uses the link up."""
        parents = await parents_of(grants, origins, request.args.get("t", ""))
        if not _takes_gzip():
            return framed_page(plain, parents, *sources)
        answer = framed_page(shrunk, parents, *sources)
        answer.headers["Content-Encoding"] = "gzip"
        return answer

    @routes.post("/player/exchange")
    async def exchange() -> Response:
        opened = await replays.exchange((await read_body(_Exchange)).token)
        return jsonify({"session": _body(opened.session), "replay": opened.replay})

    @routes.post("/player/renew")
    async def renew() -> Response:
        """A session for the one that asks, while somebody uses the page."""
        return jsonify({"session": _body(await replays.renew(bearer()))})

    @routes.get("/player/call")
    async def call() -> Response:
        return jsonify(await replays.call(bearer()))

    @routes.get("/player/transcript.vtt")
    async def as_vtt() -> Response:
        return Response(await replays.transcript(bearer(), "vtt"), content_type="text/vtt; charset=utf-8")

    @routes.get("/player/transcript.srt")
    async def as_srt() -> Response:
        return Response(await replays.transcript(bearer(), "srt"), content_type="application/x-subrip; charset=utf-8")

    return routes


def demo_player(
    grants: CallGrants, tenant_id: int, sample: Callable[[int], Awaitable[int | None]], origin: str
) -> Blueprint:
    """/player/demo, for the demo alone: every click has a fresh link to the tenant's `sample` call, once it is made."""
    routes = Blueprint("demo_player", __name__)

    @routes.get("/player/demo")
    async def fresh() -> Redirect | Response:
        call_id = await sample(tenant_id)
        if call_id is None:
            waiting = framed_page(await render_template("demo/replay_soon.html"), [])
            waiting.status_code = 503
            waiting.headers["Retry-After"] = "2"
            return waiting
        link = await grants.link(call_id, tenant_id, None)
        # A fragment of this address is one of the player's too: browsers keep it when they are sent on.
        answer = redirect(f"/player?t={link.token}&link={quote(f'{origin}/player/demo#t={{t}}', safe='')}", 303)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    return routes


async def _shrunk(response: Response) -> Response:
    """Compressed for who takes that.

    Lengths tell no secret: a session is given once, a recording's address when nobody can add words any more.
    """
    body = await response.get_data(as_text=False)
    if len(body) >= _WORTH_SHRINKING and _takes_gzip():
        is_quick = len(body) < _WORTH_A_THREAD
        shrunk = gzip.compress(body, _QUICKLY) if is_quick else await asyncio.to_thread(gzip.compress, body, _QUICKLY)
        response.set_data(shrunk)
        response.headers["Content-Encoding"] = "gzip"
    return response


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _source_of(inline: str) -> str:
    """What stands in the page itself, as a source of a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


def _body(session: Session) -> dict[str, object]:
    return {"token": session.token, "expires_in": session.expires_in_s}
