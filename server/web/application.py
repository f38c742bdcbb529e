"""The web application: every surface registered once, in one place."""

from prometheus_client import CollectorRegistry
from quart import Blueprint, Quart

from server.calls.visits import WidgetVisits
from server.tenants.origins import OriginDirectory
from server.web import cors, errors
from server.web.assets import AssetManifest
from server.web.health import Readiness, health
from server.web.pages import TEMPLATES, StartPage, pages
from server.web.widget import widget
from server.web.widget_guard import WidgetGuard
from server.web.widget_socket import widget_socket
from server.widgets import OptionTable

MAX_BODY_BYTES = 64 * 1024


def web_app(
    *,
    guard: WidgetGuard,
    visits: WidgetVisits,
    origins: OriginDirectory,
    readiness: Readiness,
    metrics: CollectorRegistry,
    assets: AssetManifest,
    start_page: StartPage,
    framed: Blueprint,
    options: OptionTable,
) -> Quart:
    """Compose the surfaces; nothing here decides anything. `framed`: the widget in a frame of ours."""
    app = Quart("server", template_folder=str(TEMPLATES), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    errors.install(app)
    cors.install(app, origins)
    for surface in (
        health(readiness, metrics),
        pages(assets, start_page),
        widget(guard, visits, options),
        widget_socket(guard, visits),
        framed,
    ):
        app.register_blueprint(surface)
    return app
