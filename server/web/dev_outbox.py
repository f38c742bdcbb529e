"""/dev/outbox: the mails of a demo that has no mail server, for whoever sits at the machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from quart import Blueprint, Response, abort, render_template, request

from server.identity.addresses import readable
from server.identity.outbox import KEPT, DevelopmentOutbox
from server.web.client_address import ClientAddresses

DEV_OUTBOX = "/dev/outbox"
_RIGHT_TO_LEFT = frozenset({"ar", "ary"})
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def dev_outbox(outbox: DevelopmentOutbox, addresses: ClientAddresses, own_origin: str) -> Blueprint:
    """Nobody but a browser on this machine that asks for this server by its name: mails hold codes."""
    routes = Blueprint("dev_outbox", __name__)
    names = {"localhost", "127.0.0.1", "::1", urlsplit(own_origin).hostname}

    @routes.get(DEV_OUTBOX)
    async def page() -> Response:
        if not _is_here() or urlsplit(f"//{request.host}").hostname not in names:
            abort(404)
        mails = [
            {
                "to": readable(mail.recipient),
                "subject": mail.subject,
                "text": mail.text.strip(),
                "at": mail.at,
                "language": "ar" if mail.language == "ary" else mail.language,
                "direction": "rtl" if mail.language in _RIGHT_TO_LEFT else "ltr",
            }
            for mail in await outbox.newest()
        ]
        html = await render_template("dev_outbox.html", mails=mails, kept=KEPT)
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _is_here() -> bool:
        try:
            return ip_address(addresses.of(request.remote_addr, request.headers.get("X-Forwarded-For"))).is_loopback
        except ValueError:
            return False

    return routes
