"""Counters for limits: clock-minute windows, smoothed over the edge by the minute before."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.kit.clock import Clock

_KEYS_MAX = 100_000  # a flood of addresses forgets the oldest instead of growing
_MINUTE_S = 60


@dataclass(frozen=True)
class Rate:
    per_minute: int


@dataclass(frozen=True)
class Use:
    """One use that was asked for: how many more fit now, and when it did not fit, whole seconds until one does."""

    left: int
    retry_after_s: int | None
    reset_at: int  # seconds since 1970: the end of the clock minute


class Rates(Protocol):
    async def use(self, key: str, rate: Rate) -> Use:
        """Count one use of `key` if it is within `rate`."""
        ...

    async def take(self, key: str, rate: Rate) -> int | None:
        """As use(). None if it is within `rate`, otherwise seconds until it is worth trying again."""
        ...


class LocalRates:
    """Counts in this process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    async def take(self, key: str, rate: Rate) -> int | None:
        return (await self.use(key, rate)).retry_after_s

    async def use(self, key: str, rate: Rate) -> Use:
        now = self.clock.now()
        window, gone = window_of(now)
        this, before = self._counts.get((key, window), 0), self._counts.get((key, window - 1), 0)
        if before * (1 - gone) + this + 1 > rate.per_minute:
            return use_of(now, rate, this, before, is_taken=False)
        self._counts[key, window] = this + 1
        if len(self._counts) > _KEYS_MAX:
            self._counts.popitem(last=False)
        return use_of(now, rate, this, before, is_taken=True)


def window_of(now: datetime) -> tuple[int, float]:
    """The number of the clock minute, and how much of it is gone (0 to 1)."""
    minute, seconds = divmod(now.timestamp(), _MINUTE_S)
    return int(minute), seconds / _MINUTE_S


def use_of(now: datetime, rate: Rate, this: int, before: int, *, is_taken: bool) -> Use:
    """What a use came to, after `this` were taken this minute and `before` the one before."""
    window, gone = window_of(now)
    reset_at = (window + 1) * _MINUTE_S
    if not is_taken:
        return Use(0, retry_after_s(now, rate, this, before), reset_at)
    return Use(max(0, math.floor(rate.per_minute - this - 1 - before * (1 - gone))), None, reset_at)


def retry_after_s(now: datetime, rate: Rate, this: int, before: int) -> int:
    """Whole seconds, at least one, until one more use fits: `this` were taken this minute, `before` the one before."""
    gone_s = now.timestamp() % _MINUTE_S
    room = rate.per_minute - 1 - this  # what the minute before may still weigh when one more fits into this one
    if room >= 0:
        wait_s = _until_weight_is(before, room) - gone_s
    else:
        wait_s = _MINUTE_S - gone_s + _until_weight_is(this, max(rate.per_minute - 1, 0))
    return max(1, math.ceil(wait_s))


def _until_weight_is(count: int, weight: int) -> float:
    """Seconds into a minute until `count` uses of the minute before weigh no more than `weight`."""
    return _MINUTE_S * max(0.0, 1 - weight / count) if count else 0.0
