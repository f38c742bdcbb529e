"""A clock that tests move by hand: nobody waits, and nothing happens until somebody says that time passes."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)  # the first second of a clock minute
_TURNS = 20  # how often sleepers that woke may wait for something else before advance() returns


class FakeClock:
    """A server.kit.clock.Clock. `advance()` wakes sleepers in order of their time."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._passed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return 1_000.0 + self._passed_s

    async def sleep(self, seconds: float) -> None:
        """Until advance() has passed `seconds`; zero or less only gives way to others."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._passed_s + seconds, next(self._order), woken))
        await woken.wait()

    def jump(self, seconds: float) -> None:
        """Let `seconds` pass while nobody looks: sleepers wake at the next advance()."""
        self._passed_s += seconds

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking each sleeper at its own moment and letting it run."""
        until = self._passed_s + seconds
        await self._give_way()
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, woken = heapq.heappop(self._sleepers)
            self._passed_s = max(self._passed_s, at)
            woken.set()
            await self._give_way()
        self._passed_s = until
        await self._give_way()

    @property
    def sleepers(self) -> int:
        """How many wait."""
        return len(self._sleepers)

    async def _give_way(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
