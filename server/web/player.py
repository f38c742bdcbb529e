"""The player: a page for a customer's iframe that replays one call, and what that page asks for."""

from quart import Blueprint, Response, jsonify, render_template, request

from server.calls.replay import Replays
from server.sessions.grants import CallGrants
from server.tenants.origins import OriginDirectory
from server.web.assets import AssetManifest
from server.web.bodies import RequestBody, read_body
from server.web.embed import bearer, framed_page, parents_of


class _Exchange(RequestBody):
    token: str


def player(replays: Replays, grants: CallGrants, origins: OriginDirectory, assets: AssetManifest) -> Blueprint:
    routes = Blueprint("player", __name__)

    @routes.after_request
    async def _kept_by_nobody(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.get("/player")
    async def page() -> Response:
        """The same page for every link; its script uses the link up."""
        html = await render_template("player.html", assets=assets)
        return framed_page(html, await parents_of(grants, origins, request.args.get("t", "")))

    @routes.post("/player/exchange")
    async def exchange() -> Response:
        opened = await replays.exchange((await read_body(_Exchange)).token)
        return jsonify({"session": {"token": opened.session}, "call": opened.call})

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
