"""The web application: one envelope for refusals, CORS where the widget asks, and the surfaces it is given."""

from collections.abc import Sequence

from quart import Blueprint, Quart

from server.tenants.origins import OriginDirectory
from server.web import cors, errors
from server.web.pages import TEMPLATES

MAX_BODY_BYTES = 64 * 1024


def web_app(origins: OriginDirectory, surfaces: Sequence[Blueprint]) -> Quart:
    """Compose `surfaces`; nothing here decides anything."""
    app = Quart("server", template_folder=str(TEMPLATES), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    errors.install(app)
    cors.install(app, origins)
    for surface in surfaces:
        app.register_blueprint(surface)
    return app
