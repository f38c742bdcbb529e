"""What keys opened a moment ago: a backend that asks a hundred times a second has its key looked up once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from server.kit.clock import Clock
from server.storage.bus import Bus
from server.tenants.revocations import TOPIC

FRESH_S = 1.5  # a revocation counts in every process within 2 s even when no notice arrives
KNOWN_MAX = 10_000

Opened = TypeVar("Opened")


@dataclass(frozen=True)
class KnownKey(Generic[Opened]):
    """A key that was not revoked when it was read, and what it opens until it expires."""

    id: int
    expires_at: datetime | None
    opens: Opened


class KnownKeys(Generic[Opened]):
    """Keys are named by what they are looked up by. A key that is not known is not remembered: it may be made soon."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, KnownKey[Opened]]] = {}
        self._notices = 0
        bus.listen(TOPIC, self._forget)

    async def find(
        self, lookup: str, read: Callable[[str], Awaitable[KnownKey[Opened] | None]]
    ) -> KnownKey[Opened] | None:
        """The key, as it was at most FRESH_S ago; else as `read` says now."""
        now = self._clock.monotonic()
        read_at, known = self._known.get(lookup, (now, None))
        if known is not None and now - read_at <= FRESH_S:
            return known
        notices = self._notices
        found = await read(lookup)
        if found is None:
            self._known.pop(lookup, None)
        elif notices == self._notices:  # else what was read may be what was revoked meanwhile
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[lookup] = now, found  # as of before it was read
        return found

    def _forget(self, _notice: str) -> None:
        self._notices += 1
        self._known.clear()
