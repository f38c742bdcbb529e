"""The control messages between a widget and its conversation: parsed strictly, written from domain objects.

docs/reference/widget-protocol.md is the table; the same JSON travels on the data channel and on the socket.
"""

from dataclasses import dataclass, field
from typing import Any

from server.calls.messages import MAX_MESSAGE_BYTES, MESSAGES_PER_S, Outgoing, invalid_message, is_count, read_object
from server.conversations import Message

__all__ = ["MAX_MESSAGE_BYTES", "MAX_TEXT_CHARACTERS", "MESSAGES_PER_S", "Outgoing", "parse"]

MAX_TEXT_CHARACTERS = 2_000


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


def parse(raw: str | bytes | None) -> Incoming:
    """Read one message of the widget. Raises InvalidInput `invalid_message` for anything not in the table."""
    return _read(read_object(raw))


def _read(body: dict[str, Any]) -> Incoming:
    match body:
        case {"type": "hello", **rest}:
            since, token = rest.get("since", 0), rest.get("token")
            if not is_count(since) or not (token is None or isinstance(token, str)):
                raise invalid_message("hello takes since (a number) and token (text).")
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
    raise invalid_message("This control message is not known, or a field is missing.")


def checked_text(text: str) -> str:
    """What a visitor wrote, trimmed. Raises InvalidInput when empty or longer than MAX_TEXT_CHARACTERS."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT_CHARACTERS:
        raise invalid_message(f"A message has 1 to {MAX_TEXT_CHARACTERS} characters.")
    return text


def checked_client_id(key: str) -> str:
    """The widget's own id of a message, by which a repeat is recognised."""
    if not 0 < len(key) <= 64:
        raise invalid_message("A message id has 1 to 64 characters.")
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
