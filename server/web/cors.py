"""CORS for the widget's paths: the page may read an answer if its origin was allowed, and any refusal.

The decision itself is tenants/origins.py's, taken once per request by the guard and remembered here.
"""

from quart import Quart, Response, g, make_response, request

from server.tenants.origins import OriginDirectory

WIDGET_PATHS = "/widget/"
_PREFLIGHT_MAX_AGE_S = "600"


def install(app: Quart, origins: OriginDirectory) -> None:
    """Answer preflights on the widget's paths, and say on every answer there who may read it."""

    @app.before_request
    async def _preflight() -> Response | None:
        if not _is_widget_request() or request.method != "OPTIONS":
            return None
        # A preflight names no key, so any tenant's listed origin may go on to ask; the request itself decides.
        response = await make_response("", 204)
        assert isinstance(response, Response)
        origin = request.headers.get("Origin")
        if origin and await origins.is_listed_anywhere(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
            response.headers["Access-Control-Max-Age"] = _PREFLIGHT_MAX_AGE_S
        return response

    @app.after_request
    async def _who_may_read(response: Response) -> Response:
        if _is_widget_request():
            response.headers["Vary"] = "Origin"
            response.headers["Cache-Control"] = "no-store"
            origin = request.headers.get("Origin")
            is_refusal = response.status_code >= 400
            if origin and request.method != "OPTIONS" and (is_refusal or g.get("origin_allowed", False)):
                response.headers["Access-Control-Allow-Origin"] = origin
        return response


def remember_allowed() -> None:
    """The guard allowed the origin of what is being served."""
    g.origin_allowed = True


def _is_widget_request() -> bool:
    return request.path.startswith(WIDGET_PATHS)
