"""The control messages between a widget and its conversation: parsed strictly, written from domain objects.

docs/reference/widget-protocol.md is the table; the same JSON travels on the data channel and on the socket.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from server.conversations import Message
from server.kit.errors import InvalidInput

MAX_MESSAGE_BYTES = 16 * 1024
MAX_TEXT_CHARACTERS = 2_000
MESSAGES_PER_S = 50

Outgoing = dict[str, Any]


@dataclass(frozen=True)
class Hello:
    since: int
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Text:
    id: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Mute:
    on: bool


@dataclass(frozen=True)
class Talk:
    on: bool


@dataclass(frozen=True)
class Interrupt:
    pass


@dataclass(frozen=True)
class End:
    pass


@dataclass(frozen=True)
class Ping:
    pass


Incoming = Hello | Text | Mute | Talk | Interrupt | End | Ping


def parse(raw: str | bytes) -> Incoming:
    """Read one message of the widget. Raises InvalidInput `invalid_message` for anything not in the table."""
    if isinstance(raw, bytes) or len(raw.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise _invalid("A control message is text of at most 16 kB.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise _invalid("A control message is one JSON object.") from None
    if not isinstance(body, dict):
        raise _invalid("A control message is one JSON object.")
    return _read(body)


def _read(body: dict[str, Any]) -> Incoming:
    match body:
        case {"type": "hello", **rest}:
            since, token = rest.get("since", 0), rest.get("token")
            if not _is_count(since) or not (token is None or isinstance(token, str)):
                raise _invalid("hello takes since (a number) and token (text).")
            return Hello(since, token)
        case {"type": "text", "id": str(key), "text": str(text)}:
            return Text(checked_client_id(key), checked_text(text))
        case {"type": "mute", "on": bool(on)}:
            return Mute(on)
        case {"type": "talk", "on": bool(on)}:
            return Talk(on)
        case {"type": "interrupt"}:
            return Interrupt()
        case {"type": "end"}:
            return End()
        case {"type": "ping"}:
            return Ping()
    raise _invalid("This control message is not known, or a field is missing.")


def checked_text(text: str) -> str:
    """What a visitor wrote, trimmed. Raises InvalidInput when empty or longer than MAX_TEXT_CHARACTERS."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT_CHARACTERS:
        raise _invalid(f"A message has 1 to {MAX_TEXT_CHARACTERS} characters.")
    return text


def checked_client_id(key: str) -> str:
    """The widget's own id of a message, by which a repeat is recognised."""
    if not 0 < len(key) <= 64:
        raise _invalid("A message id has 1 to 64 characters.")
    return key


def message_body(message: Message) -> Outgoing:
    """A stored message as the protocol shows it."""
    body: Outgoing = {
        "id": message.uid,
        "seq": message.seq,
        "role": message.role,
        "text": message.text,
        "final": True,
        "via": message.via,
        "at": message.at.isoformat().replace("+00:00", "Z"),
    }
    if message.interrupted:
        body["interrupted"] = True
    return body


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _invalid(message: str) -> InvalidInput:
    return InvalidInput("invalid_message", message)
