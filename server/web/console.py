"""The console: the pages where a customer looks after projects, keys, origins, numbers, webhooks and calls."""

from contextlib import suppress

from quart import Blueprint, Response, request, send_from_directory
from werkzeug.exceptions import HTTPException

from server.kit.errors import AppError, NotAllowed, NotAuthenticated, NotFound
from server.web import errors
from server.web.console_account import add_account, add_user_tokens
from server.web.console_agents import add_agents
from server.web.console_calls import add_calls
from server.web.console_desk import PREFIX, STATIC, Answer, ConsoleParts, Desk, close_to_others
from server.web.console_knowledge import add_knowledge
from server.web.console_numbers import add_numbers
from server.web.console_password import add_forgotten
from server.web.console_projects import add_notice, add_project, add_projects
from server.web.console_settings import add_keys, add_origins
from server.web.console_sign_in import WayIn, add_sign_in, add_sign_up
from server.web.console_webhooks import add_deliveries, add_webhook_changes, add_webhooks

_FOREIGN = "foreign_"
_STATIC_S = 365 * 24 * 3_600
_PAGES = (
    add_account,
    add_user_tokens,
    add_projects,
    add_notice,
    add_project,
    add_keys,
    add_origins,
    add_numbers,
    add_calls,
    add_agents,
    add_knowledge,
    add_webhooks,
    add_webhook_changes,
    add_deliveries,
)


def console(parts: ConsoleParts, outbox: str | None = None) -> Blueprint:
    """`outbox`: the page where mails are read on a server that sends none."""
    routes = Blueprint("console", __name__, url_prefix=PREFIX)
    desk = Desk(parts)
    way = WayIn(desk, outbox)
    add_sign_in(routes, way)
    add_sign_up(routes, way)
    add_forgotten(routes, way)
    for add in _PAGES:
        add(routes, desk)

    @routes.get("/static/<path:name>")
    async def file(name: str) -> Response:
        response = await send_from_directory(STATIC, name)
        # Pages name it with its content's hash.
        response.headers["Cache-Control"] = f"public, max-age={_STATIC_S}, immutable"
        return response

    @routes.get("/<path:elsewhere>")
    async def nothing(elsewhere: str) -> Response:
        with suppress(NotAuthenticated):  # who is signed in keeps their navigation
            await desk.seat()
        raise NotFound("not_found", "There is nothing at this address.")

    @routes.after_request
    async def _close_to_others(response: Response) -> Response:
        return close_to_others(response)

    @routes.errorhandler(AppError)
    async def _refused(refusal: AppError) -> Answer:
        if isinstance(refusal, NotAllowed) and refusal.code.startswith(_FOREIGN):
            # Here an id of other people's is as unknown as one that nobody has.
            refusal = NotFound(f"unknown_{refusal.code.removeprefix(_FOREIGN)}", "There is no such thing here.")
        if not _wants_page():
            return await errors.refused(refusal)
        if isinstance(refusal, NotAuthenticated):
            return desk.onward(f"{PREFIX}/sign-in")
        return await desk.page("refused.html", errors.status_of(refusal, request.path), refusal=refusal)

    routes.register_error_handler(HTTPException, errors.http_error)

    @routes.errorhandler(Exception)
    async def _crashed(error: Exception) -> Response:
        answer = await errors.crashed(error)
        return await desk.page("refused.html", answer.status_code, refusal=None) if _wants_page() else answer

    return routes


def _wants_page() -> bool:
    return "text/html" in request.headers.get("Accept", "")
