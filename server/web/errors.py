"""The one place where a refusal becomes an HTTP answer: `{"error", "code", "request_id", "details"?}`."""

from typing import Any

from quart import Quart, Request, Response, Websocket, g, has_request_context, jsonify, request, websocket
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from server.kit.errors import (
    AppError,
    Conflict,
    Gone,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    TooLarge,
    TooMany,
    Unavailable,
)
from server.kit.ids import new_uid
from server.kit.log import logger
from server.storage import is_away

_log = logger(__name__)

_STATUS: dict[type[AppError], int] = {
    InvalidInput: 400,
    NotAuthenticated: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TooLarge: 413,
    TooMany: 429,
    Unavailable: 503,
}
_UNPROCESSABLE = ("/api/v1/", "/api/signup", "/api/confirm", "/api/whoami")
_HTTP_CODES = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    408: ("request_timeout", "The request did not arrive in time."),
    413: ("too_large", "The request is larger than this address takes."),
    415: ("invalid_request", "Send JSON."),
}


def install(app: Quart) -> None:
    """Give every request an id and every failure the one envelope."""

    @app.before_request
    async def _name_request() -> None:
        g.request_id = new_uid("req")

    @app.after_request
    async def _show_request_id(response: Response) -> Response:
        response.headers.setdefault("X-Request-Id", g.get("request_id", ""))
        return response

    app.register_error_handler(AppError, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, crashed)


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    """The envelope of a refusal."""
    body: dict[str, Any] = {"error": error.message, "code": error.code, "request_id": request_id}
    if error.details:
        body["details"] = [{"field": detail.field, "problem": detail.problem} for detail in error.details]
    return body


def status_of(error: AppError, path: str = "") -> int:
    """The status of a refusal; wrong input is 422 on the API whose document says so, 400 elsewhere (A-32)."""
    if isinstance(error, InvalidInput) and path.startswith(_UNPROCESSABLE):
        return 422
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


async def refused(error: Exception) -> Response:
    assert isinstance(error, AppError)
    return _answer(error, request.path)


def _answer(error: AppError, path: str = "") -> Response:
    response = jsonify(error_body(error, g.get("request_id", "")))
    response.status_code = status_of(error, path)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif error.retryable:
        response.headers["Retry-After"] = "1"
    return response


async def http_error(error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        status = 413
    code, message = _HTTP_CODES.get(status, ("invalid_request", "The request could not be understood."))
    if status >= 500:
        code, message = "internal_error", "Something went wrong on our side."
    response = jsonify({"error": message, "code": code, "request_id": g.get("request_id", "")})
    response.status_code = status
    if error.code == 405 and (allow := dict(error.get_headers()).get("Allow")):
        response.headers["Allow"] = allow
    return response


async def crashed(error: Exception) -> Response:
    asked: Request | Websocket = request if has_request_context() else websocket
    if is_away(error):
        _log.error("the database is away", path=asked.path, method=asked.method, failure=type(error).__name__)
        return _answer(Unavailable("database_unavailable", "Our database does not answer now. Try again in a moment."))
    _log.error("request failed", path=asked.path, method=asked.method, exc_info=error)
    response = jsonify(
        {
            "error": "Something went wrong on our side.",
            "code": "internal_error",
            "request_id": g.get("request_id", ""),
        }
    )
    response.status_code = 500
    return response
