"""The virtual exchange: which number rings where, for calls in both directions."""

from collections.abc import Callable
from typing import Protocol

from server.kit.errors import Conflict, TooMany
from server.telephony.providers.virtual.line import VirtualLine

SUBSCRIBERS_MAX = 256
_RETRY_S = 60


class Subscriber(Protocol):
    """A telephone somebody has: a handset page, or a number that answers by itself."""

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        """A call for it. It tells `line` what it does; `line.over` is set when the caller gives up. Must not block."""
        ...


class VirtualExchange:
    """Numbers and their telephones. Belongs to one process."""

    def __init__(self) -> None:
        self._subscribers: dict[str, Subscriber] = {}

    def subscribe(self, number: str, subscriber: Subscriber) -> Callable[[], None]:
        """Let `number` ring at `subscriber` until the returned function is called.

        Raises Conflict `number_taken`, TooMany `too_many_handsets`.
        """
        if number in self._subscribers:
            raise Conflict("number_taken", "Another handset has this number already.")
        if len(self._subscribers) >= SUBSCRIBERS_MAX:
            raise TooMany("too_many_handsets", "No more handsets fit on this network.", _RETRY_S)
        self._subscribers[number] = subscriber

        def unsubscribe() -> None:
            if self._subscribers.get(number) is subscriber:
                del self._subscribers[number]

        return unsubscribe

    def find(self, number: str) -> Subscriber | None:
        return self._subscribers.get(number)
