"""Counters for limits: clock-minute windows, smoothed over the edge by the minute before."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.kit.clock import Clock

_KEYS_MAX = 100_000  # a flood of addresses forgets the oldest instead of growing


@dataclass(frozen=True)
class Rate:
    per_minute: int


class Rates(Protocol):
    async def take(self, key: str, rate: Rate) -> int | None:
        """Count one use of `key`. None if it is within `rate`, otherwise seconds until it is worth trying again."""
        ...


class LocalRates:
    """Counts in this process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    async def take(self, key: str, rate: Rate) -> int | None:
        now = self.clock.now()
        window, gone = window_of(now)
        this, before = self._counts.get((key, window), 0), self._counts.get((key, window - 1), 0)
        if before * (1 - gone) + this + 1 > rate.per_minute:
            return seconds_left(now)
        self._counts[key, window] = this + 1
        if len(self._counts) > _KEYS_MAX:
            self._counts.popitem(last=False)
        return None


def window_of(now: datetime) -> tuple[int, float]:
    """The number of the clock minute, and how much of it is gone (0 to 1)."""
    minute, seconds = divmod(now.timestamp(), 60)
    return int(minute), seconds / 60


def seconds_left(now: datetime) -> int:
    """Whole seconds until the next clock minute, at least one."""
    return max(1, 60 - int(now.timestamp() % 60))
