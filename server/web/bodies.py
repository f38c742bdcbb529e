"""Request bodies and queries as typed values: JSON in, a pydantic model out, problems named by field."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from quart import request

from server.kit.errors import FieldProblem, InvalidInput

_TOKENS = frozenset({"api_token", "user_token"})  # the query form of who asks
_Body = TypeVar("_Body", bound=BaseModel)


class RequestBody(BaseModel):
    """Base of every body: immutable, unknown fields ignored, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


async def read_body(kind: type[_Body]) -> _Body:
    """The request's JSON as `kind`. Raises InvalidInput `invalid_json` or `invalid_request`."""
    raw = await request.get_data(as_text=False)
    try:
        return kind.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise _refused(error) from None


def read_query(kind: type[_Body]) -> _Body:
    """The request's query as `kind`, but for a token in it. Raises InvalidInput `invalid_request`."""
    said = {name: value for name, value in request.args.items() if name not in _TOKENS}
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> InvalidInput:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if any(problem["type"] == "json_invalid" for problem in problems):
        return InvalidInput("invalid_json", "The body is not JSON.")
    details = [FieldProblem(".".join(map(str, problem["loc"])) or "body", problem["msg"]) for problem in problems]
    return InvalidInput("invalid_request", "A field of the request is wrong.", details)
