"""The widget in a frame of ours, for pages whose policy allows neither our script nor our connections."""

from quart import Blueprint, Response, render_template, request

from server.sessions.frames import FrameTicket, FrameTickets
from server.tenants.credentials import Credentials
from server.tenants.origins import OriginDirectory
from server.web.pages import LOADER


def frame(credentials: Credentials, origins: OriginDirectory, tickets: FrameTickets) -> Blueprint:
    routes = Blueprint("frame", __name__)

    @routes.get("/frame")
    async def widget_frame() -> Response:
        """The page for `<iframe src="…/frame?key=voc_pk_…&agent=…&language=…">`. It spends nothing.

        Who may frame it is the tenant's list of origins; nobody, if the list is empty.
        """
        asked = request.args
        target = await credentials.resolve_widget(asked.get("key"), asked.get("agent"), asked.get("tenant"))
        ticket = await tickets.issue(FrameTicket(target.tenant_uid, target.agent.slug, target.credential_uid))
        parents = " ".join(await origins.of(target.tenant_id)) or "'none'"
        html = await render_template(
            "frame.html", loader=LOADER, ticket=ticket, agent=target.agent, language=asked.get("language")
        )
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors {parents}"
        )
        response.headers["Permissions-Policy"] = "microphone=(self), autoplay=(self)"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes
