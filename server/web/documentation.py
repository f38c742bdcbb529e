"""The API's own description, as programs read it: `/openapi.json`."""

import json
from typing import cast

from quart import Blueprint, Quart, Response, current_app, request

from server import __version__
from server.web.openapi.document import document_of
from server.web.openapi.refusals import meanings
from server.web.pages import ROOT

ERROR_CODES = ROOT / "docs" / "reference" / "errors.md"
_HEADERS = {
    "Access-Control-Allow-Origin": "*",  # it says nothing that is secret, and tools on other pages read it
    "Cache-Control": "public, max-age=300",
    "X-Content-Type-Options": "nosniff",
}


def documentation(origin: str) -> Blueprint:
    """`origin`: the server's own."""
    routes = Blueprint("documentation", __name__)
    written: list[bytes] = []  # once the app has all its routes

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        if not written:
            app = cast("Quart", current_app._get_current_object())  # type: ignore[attr-defined]
            document = document_of(app, origin, __version__, meanings(ERROR_CODES))
            written.append(json.dumps(document, ensure_ascii=False).encode())
        response = Response(written[0], content_type="application/json")
        response.headers.update(_HEADERS)
        await response.add_etag()
        await response.make_conditional(request)
        return response

    return routes
