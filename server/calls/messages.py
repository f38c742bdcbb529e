"""A control message on its way in: one JSON object of bounded size, and nothing else."""

import json
from typing import Any

from server.kit.errors import InvalidInput

MAX_MESSAGE_BYTES = 16 * 1024
MESSAGES_PER_S = 50

Outgoing = dict[str, Any]
"""A message on its way out, ready for JSON."""


def read_object(raw: str | bytes | None) -> dict[str, Any]:
    """The object in `raw`; None is how Quart tells of an empty binary frame. Raises InvalidInput `invalid_message`."""
    if not isinstance(raw, str) or len(raw.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise invalid_message("A control message is text of at most 16 kB.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid_message("A control message is one JSON object.") from None
    if not isinstance(body, dict):
        raise invalid_message("A control message is one JSON object.")
    return body


def is_count(value: object) -> bool:
    """Whether `value` is a whole number a JSON reader anywhere keeps exactly."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def invalid_message(message: str) -> InvalidInput:
    return InvalidInput("invalid_message", message)
