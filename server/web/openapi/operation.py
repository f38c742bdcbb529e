"""An operation of the API: what it takes, answers and refuses, said once, beside its models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from quart import Response
from quart_schema import document_querystring, document_request, document_response

from server.web.bodies import RequestBody

_View = TypeVar("_View", bound=Callable[..., Any])
_DESCRIBED = "_parloir_operation"

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A time in UTC, as ISO 8601 with a Z."""
PhoneNumber = Annotated[str, Field(examples=["+33612345678"])]
"""E.164."""


class Asked(RequestBody):
    """Base of the bodies of /api/v1: a field that is not known is refused by its name (A-35)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Answered(BaseModel):
    """Base of answers: what a route gives beyond its model is a fault of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Who(Enum):
    """Whose token an operation asks for."""

    PROJECT = "project"
    USER = "user"
    EITHER = "either"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Operation:
    """`answer` None: plain text. `refusals`: the codes beyond those every operation of its kind has, by status."""

    id: str
    tag: str
    summary: str
    description: str = ""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    is_idempotent: bool = False
    who: Who = Who.EITHER


def described(operation: Operation) -> Callable[[_View], _View]:
    """Put `operation` into the document. It checks nothing: the route does, by the same models."""

    def decorate(view: _View) -> _View:
        if operation.body is not None:
            view = document_request(operation.body)(view)
        if operation.query is not None:
            view = document_querystring(operation.query)(view)
        if operation.answer is not None:
            view = document_response(operation.answer, operation.status)(view)
        setattr(view, _DESCRIBED, operation)
        return view

    return decorate


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """What `described` said of a view."""
    found: Operation | None = getattr(view, _DESCRIBED, None)
    return found


def answered(kind: type[BaseModel], body: Mapping[str, Any]) -> Response:
    """`body` as the JSON of `kind`, with the fields that were given."""
    text = kind.model_validate(body).model_dump_json(by_alias=True, exclude_unset=True)
    return Response(text + "\n", content_type="application/json")
