"""The player: a page for a customer's iframe that replays one call, and what that page asks for."""

import base64
import hashlib

from quart import Blueprint, Response, jsonify, render_template, request

from server.calls.replay import Replays
from server.sessions.grants import CallGrants, Session
from server.tenants.origins import OriginDirectory
from server.web.assets import AssetManifest
from server.web.bodies import RequestBody, read_body
from server.web.embed import bearer, framed_page, parents_of
from server.web.pages import TEMPLATES


class _Exchange(RequestBody):
    token: str


def player(replays: Replays, grants: CallGrants, origins: OriginDirectory, assets: AssetManifest) -> Blueprint:
    routes = Blueprint("player", __name__)
    style = (TEMPLATES / "player.css").read_text("utf-8")
    style_source = f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"

    @routes.after_request
    async def _kept_by_nobody(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.get("/player")
    async def page() -> Response:
        """The same page for every link; its script uses the link up."""
        html = await render_template("player.html", assets=assets, style=style)
        return framed_page(html, await parents_of(grants, origins, request.args.get("t", "")), style_source)

    @routes.post("/player/exchange")
    async def exchange() -> Response:
        opened = await replays.exchange((await read_body(_Exchange)).token)
        return jsonify({"session": _body(opened.session), "call": opened.call})

    @routes.post("/player/renew")
    async def renew() -> Response:
        """A session for the one that asks, while somebody uses the page."""
        return jsonify({"session": _body(await replays.renew(bearer()))})

    @routes.get("/player/call")
    async def call() -> Response:
        return jsonify(await replays.call(bearer()))

    @routes.get("/player/peaks")
    async def peaks() -> Response:
        return Response(await replays.peaks(bearer()), content_type="application/octet-stream")

    @routes.get("/player/transcript.vtt")
    async def as_vtt() -> Response:
        return Response(await replays.transcript(bearer(), "vtt"), content_type="text/vtt; charset=utf-8")

    @routes.get("/player/transcript.srt")
    async def as_srt() -> Response:
        return Response(await replays.transcript(bearer(), "srt"), content_type="application/x-subrip; charset=utf-8")

    return routes


def _body(session: Session) -> dict[str, object]:
    return {"token": session.token, "expires_in": session.expires_in_s}
