"""Refusals in the document: the one envelope, and which codes an operation may answer with."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from server.web.openapi.operation import Operation, Who

_ROW = re.compile(r"^\| `(\w+)` \| [^|]* \| ([^|]+) \|", re.M)
_TITLES = {
    401: "No token, or no valid one",
    403: "Known, but not allowed",
    404: "No such thing",
    409: "Not possible as things stand",
    410: "It is over",
    413: "Too large",
    422: "Something in the request is wrong",
    429: "Too many",
    503: "Try again in a moment",
}
_EVERYWHERE: Mapping[int, tuple[str, ...]] = {503: ("database_unavailable",)}
_MODES = ("live_key_needed", "test_key_needed")
_WHO: dict[Who, dict[int, tuple[str, ...]]] = {
    Who.PROJECT: {
        401: ("missing_token", "invalid_key"),
        403: ("token_in_query", "wrong_key", *_MODES),
        429: ("rate_limit_exceeded",),
    },
    Who.USER: {},
    Who.EITHER: {
        401: ("missing_token", "invalid_key"),
        403: ("token_in_query", "wrong_key", *_MODES, "wrong_project", "role_too_weak"),
        429: ("rate_limit_exceeded",),
    },
    Who.NOBODY: {},
}


class RefusalDetail(BaseModel):
    """One field that is wrong."""

    field: str = Field(examples=["recipient_phone_number"])
    problem: str = Field(examples=["not an international phone number"])


class Refusal(BaseModel):
    """The one form of every refusal."""

    model_config = ConfigDict(extra="forbid")

    error: str = Field(description="What happened, as a sentence. It may change.")
    code: str = Field(description="What happened, for programs. It does not change.")
    request_id: str = Field(description="Names the request in our log.", examples=["req_…"])
    details: list[RefusalDetail] | None = Field(None, description="The fields that are wrong, if any.")


def meanings(page: Path) -> dict[str, str]:
    """What each code says happened, from the tables of the page of error codes."""
    return {code: meaning.strip() for code, meaning in _ROW.findall(page.read_text("utf-8"))}


def codes_of(operation: Operation) -> dict[int, list[str]]:
    """Every code an operation may answer with, by status."""
    parts: list[Mapping[int, tuple[str, ...]]] = [_WHO[operation.who], _EVERYWHERE]
    if operation.body is not None:
        parts.append({413: ("too_large",), 422: ("invalid_json", "invalid_request")})
    parts.append(operation.refusals)
    if operation.is_idempotent:
        parts.append({422: ("idempotency_key_invalid", "idempotency_key_reused"), 429: ("idempotency_in_flight",)})
    found: dict[int, list[str]] = {}
    for part in parts:
        for status, codes in part.items():
            kept = found.setdefault(status, [])
            kept.extend(code for code in codes if code not in kept)
    return dict(sorted(found.items()))


def responses_of(operation: Operation, known: Mapping[str, str]) -> dict[str, Any]:
    """Their response objects; `known` says in words what a code means."""
    return {
        str(status): {
            "description": _TITLES[status] + ": " + "; ".join(f"`{code}` {known[code]}" for code in codes),
            "headers": _headers(status),
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Refusal"},
                            {"type": "object", "properties": {"code": {"enum": codes}}},
                        ]
                    }
                }
            },
        }
        for status, codes in codes_of(operation).items()
    }


def _headers(status: int) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    return headers
