"""What a softphone may ask for, and which role may. docs/reference/softphone-protocol.md is the table."""

import re
from dataclasses import dataclass
from typing import Any

from server.calls.messages import invalid_message, is_count, read_object
from server.kit.errors import NotAllowed
from server.media.leg import Role

_DIGITS = re.compile(r"[0-9*#A-D]{1,32}")
_ID_MAX = 64
_NUMBER_MAX = 40


@dataclass(frozen=True)
class Hello:
    since: int


@dataclass(frozen=True)
class Mute:
    on: bool


@dataclass(frozen=True)
class Hold:
    on: bool


@dataclass(frozen=True)
class Keys:
    digits: str


@dataclass(frozen=True)
class Record:
    on: bool


@dataclass(frozen=True)
class Transfer:
    to: str


@dataclass(frozen=True)
class HangUp:
    pass


@dataclass(frozen=True)
class Leave:
    pass


@dataclass(frozen=True)
class Ping:
    pass


Command = Hello | Mute | Hold | Keys | Record | Transfer | HangUp | Leave | Ping

_EVERYBODY: frozenset[type] = frozenset({Hello, Leave, Ping})
PERMITTED: dict[Role, frozenset[type]] = {
    Role.AGENT: frozenset({Hello, Ping, Mute, Hold, Keys, Record, Transfer, HangUp}),
    Role.TALK: _EVERYBODY | {Mute},
    Role.LISTEN: _EVERYBODY,
}
"""What each role of a softphone may ask for; enforced here, whatever its page shows."""


def read_command(raw: str | bytes) -> tuple[Command, str | None]:
    """One message and its `id`. Raises InvalidInput `invalid_message`."""
    body = read_object(raw)
    key = body.get("id")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= _ID_MAX):
        raise invalid_message("A message id is text of 1 to 64 characters.")
    return _command(body), key


def refuse_unless_permitted(role: Role, command: Command) -> None:
    """Raises NotAllowed `wrong_role`."""
    if type(command) not in PERMITTED[role]:
        raise wrong_role()


def wrong_role() -> NotAllowed:
    return NotAllowed("wrong_role", "This participant may not do that.")


def _command(body: dict[str, Any]) -> Command:
    match body:
        case {"type": "hello", **rest} if is_count(since := rest.get("since", 0)):
            return Hello(since)
        case {"type": "mute", "on": bool(on)}:
            return Mute(on)
        case {"type": "hold", "on": bool(on)}:
            return Hold(on)
        case {"type": "dtmf", "digits": str(digits)} if _DIGITS.fullmatch(digits):
            return Keys(digits)
        case {"type": "record", "on": bool(on)}:
            return Record(on)
        case {"type": "transfer", "to": str(to)} if 0 < len(to) <= _NUMBER_MAX:
            return Transfer(to)
        case {"type": "hangup"}:
            return HangUp()
        case {"type": "leave"}:
            return Leave()
        case {"type": "ping"}:
            return Ping()
    raise invalid_message("This control message is not known, or a field is missing.")
