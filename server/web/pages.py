"""The pages and files the server itself shows: the start page, the framed widget, the widget's immutable assets."""

from dataclasses import dataclass, field
from pathlib import Path

from quart import Blueprint, Response, abort, has_request_context, render_template, request, send_from_directory

from server import __version__
from server.web import errors
from server.web.assets import AssetManifest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
DOCUMENTED_LOADER = "/voice-assistant/voice-widget-b2b.js"  # the path of the published snippet
LOADER = "/w/v1.js"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Link:
    url: str
    name: str
    note: str


@dataclass(frozen=True)
class StartPage:
    """What `/` tells whoever opens the server itself."""

    origin: str
    shops: list[Link] = field(default_factory=list)
    snippet: str | None = None
    links: list[Link] = field(default_factory=list)


def pages(assets: AssetManifest, start: StartPage) -> Blueprint:
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    async def start_page() -> Response:
        html = await render_template(
            "start.html",
            origin=start.origin,
            shops=start.shops,
            snippet=start.snippet,
            links=start.links,
            version=__version__,
        )
        return _page(html)

    @routes.get("/static/demo/<path:name>")
    async def demo_file(name: str) -> Response:
        return await send_from_directory(ROOT / "static" / "demo", name)

    @routes.get(DOCUMENTED_LOADER)
    async def documented_loader() -> Response:
        return await _asset(assets, LOADER)

    @routes.get("/w/<path:name>")
    async def asset(name: str) -> Response:
        return await _asset(assets, f"/w/{name}")

    @routes.app_errorhandler(404)
    async def nothing_here(error: Exception) -> Response:
        """A page for who reads, the envelope for programs."""
        is_read = has_request_context() and "text/html" in request.headers.get("Accept", "")  # a socket has none
        if not is_read or request.path.startswith("/api/"):
            return await errors.http_error(error)
        response = _page(await render_template("nothing.html"))
        response.status_code = 404
        response.headers["Vary"] = "Accept"
        return response

    return routes


def _page(html: str) -> Response:
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _PAGE_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response


async def _asset(assets: AssetManifest, path: str) -> Response:
    file = assets.file_for(path, request.headers.get("Accept-Encoding", ""))
    if file is None:
        abort(404)
    response = Response(file.path.read_bytes(), content_type=file.content_type)
    response.headers.update(file.headers)
    # The newest loader is asked for again and again: most of the time "the same as before" is the answer.
    await response.add_etag()
    await response.make_conditional(request)
    return response
