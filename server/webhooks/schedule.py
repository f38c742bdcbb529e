"""When a delivery that failed is tried again: Standard Webhooks' ten attempts, as data."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

DELAYS_S: Sequence[int] = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each attempt, counted from the one before it: 75 h 35 min in all."""
JITTER = 0.1
LONGEST_WAIT_S = 86_400
_THROTTLING = frozenset({429, 502, 504})
_PAUSE_S = 30


def next_wait(tried: int, retry_after_s: float | None, chance: Random) -> timedelta | None:
    """How long to wait after `tried` attempts; None when that was the last one.

    A receiver that says when to come back is believed, up to a day.
    """
    if tried >= len(DELAYS_S):
        return None
    wait = DELAYS_S[tried] * chance.uniform(1 - JITTER, 1 + JITTER)
    return timedelta(seconds=max(wait, min(retry_after_s or 0, LONGEST_WAIT_S)))


def pause_after(status: int | None, retry_after_s: float | None) -> timedelta | None:
    """How long to leave the whole endpoint alone: it says that it has too much to do."""
    if status not in _THROTTLING:
        return None
    return timedelta(seconds=min(retry_after_s or _PAUSE_S, LONGEST_WAIT_S))


def retry_after(header: str | None) -> float | None:
    """The seconds of a Retry-After header; its date form is not believed, clocks differ."""
    if header is None or not header.strip().isdecimal() or not header.isascii():
        return None
    return float(min(int(header.strip()[:9]), LONGEST_WAIT_S))
