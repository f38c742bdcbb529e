"""The web application: one envelope for refusals, CORS where the widget asks, and the surfaces it is given."""

import re
from collections.abc import Sequence
from typing import Any

from quart import Blueprint, Quart, Request

from server.knowledge import FILE_MAX_BYTES
from server.tenants.origins import OriginDirectory
from server.web import cors, errors
from server.web.pages import TEMPLATES

MAX_BODY_BYTES = 64 * 1024
_UPLOADS = re.compile(r"/console/p/[^/]+/knowledge")  # the one page that takes files


class _Request(Request):
    """Bodies are small, but for the files of the one page that takes some."""

    def __init__(self, *args: Any, max_content_length: int | None = None, **named: Any) -> None:
        path: str = args[2]  # after method and scheme
        if _UPLOADS.fullmatch(path):
            max_content_length = FILE_MAX_BYTES + MAX_BODY_BYTES
        super().__init__(*args, max_content_length=max_content_length, **named)


def web_app(origins: OriginDirectory, surfaces: Sequence[Blueprint]) -> Quart:
    """Compose `surfaces`; nothing here decides anything."""
    app = Quart("server", template_folder=str(TEMPLATES), static_folder=None)
    app.request_class = _Request
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    errors.install(app)
    cors.install(app, origins)
    for surface in surfaces:
        app.register_blueprint(surface)
    return app
