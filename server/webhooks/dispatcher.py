"""Sends what is due: claims, posts beside one another, writes down how it went. Every process may run one."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from server import __version__
from server.egress import Egress, Reply, Unreachable
from server.kit.clock import Clock
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.webhooks.deliveries import Claimed, Deliveries, Result, Try
from server.webhooks.schedule import retry_after
from server.webhooks.signing import HeaderNames, masked, sign

_log = logger(__name__)

TIMEOUT_S = 15.0
LEASE = timedelta(seconds=2 * TIMEOUT_S + 30)  # a rotation may take two requests
TOGETHER_MAX = 64
PER_ENDPOINT_MAX = 10
LOOK_EVERY_S = 1.0
_SETTLE_TOGETHER = 50
_NOT_THE_SECRET = frozenset({400, 401, 403})
_STOP = "abort-message"

GivenUp = Callable[[int], Awaitable[None]]


class Dispatcher:
    """One loop of claims and settlements; the requests are tasks of their own. `close()` waits for them a while."""

    def __init__(
        self, deliveries: Deliveries, egress: Egress, clock: Clock, names: HeaderNames, given_up: GivenUp
    ) -> None:
        """`given_up` is told the id of an endpoint that was disabled."""
        self._deliveries = deliveries
        self._egress = egress
        self._clock = clock
        self._names = names
        self._given_up = given_up
        self._tasks = TaskScope("webhooks")
        self._busy: Counter[int] = Counter()
        self._results: list[Result] = []  # bounded by TOGETHER_MAX: each takes a place until it is settled
        self._more = asyncio.Event()

    def poke(self) -> None:
        """There is something new."""
        self._more.set()

    @property
    def under_way(self) -> int:
        """Deliveries that were claimed and are not settled."""
        return self._busy.total()

    async def run(self) -> None:
        """Dispatch until cancelled."""
        while True:
            try:
                did_something = await self.turn()
            except Exception as failure:  # noqa: BLE001  # whatever a database raises: leases bring back what was claimed
                _log.warning("webhooks could not be read or settled", exc_info=failure)
                did_something = False
            if not did_something:
                await self.news()

    async def news(self, wait_s: float = LOOK_EVERY_S) -> None:
        """Until something came back or was published, at most `wait_s`: another process may have published, too."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._more.wait()
        self._more.clear()

    async def turn(self) -> bool:
        """Settle what came back, start what is due; whether there was any of it."""
        results = self._results[:_SETTLE_TOGETHER]
        if results:
            given_up = await self._deliveries.settle(results)
            del self._results[: len(results)]
            for result in results:
                self._busy[result.claimed.endpoint_id] -= 1
            for endpoint_id in given_up:
                await self._given_up(endpoint_id)
        self._busy = +self._busy
        free = TOGETHER_MAX - self._busy.total()
        claimed = await self._deliveries.claim(free, self._busy, PER_ENDPOINT_MAX, LEASE) if free else []
        for delivery in claimed:
            self._busy[delivery.endpoint_id] += 1
            self._tasks.spawn(self._deliver(delivery), "deliver")
        return bool(results or claimed)

    async def close(self, drain_s: float = TIMEOUT_S) -> None:
        """Let what is on its way arrive for `drain_s`, and write it down. Idempotent; run() is over by then."""
        deadline = self._clock.monotonic() + drain_s
        while self._busy.total() > len(self._results) and self._clock.monotonic() < deadline:
            await self.news(max(0.0, deadline - self._clock.monotonic()))
        await self._tasks.close()
        results, self._results = self._results, []
        if results:
            await self._deliveries.settle(results)
        self._busy.clear()

    async def _deliver(self, delivery: Claimed) -> None:
        try:
            result = await self._result(delivery)
        except Exception as failure:  # noqa: BLE001  # its place must come free whatever happened
            _log.error("a delivery could not be tried", exc_info=failure)
            result = Result(delivery, [self._failure("internal", 0, {})], delivered=False)
        self._results.append(result)
        self._more.set()

    async def _result(self, delivery: Claimed) -> Result:
        """Post it; while a secret is being replaced and the receiver refuses, once more in the other order."""
        first, reply = await self._post(delivery, delivery.keys)
        tries = [first]
        if first.status in _NOT_THE_SECRET and len(delivery.keys) > 1:
            again, reply = await self._post(delivery, delivery.keys[::-1])
            tries.append(again)
        delivered = reply is not None and 200 <= reply.status < 300
        headers = reply.headers if reply is not None else {}
        return Result(
            delivery,
            tries,
            delivered,
            retry_after(headers.get("Retry-After")),
            is_final=_STOP in headers.get("webhook-delivery", ""),
            flipped=delivered and len(tries) > 1,
        )

    async def _post(self, delivery: Claimed, keys: Sequence[str]) -> tuple[Try, Reply | None]:
        at, started = self._clock.now(), self._clock.monotonic()
        signed = sign(delivery.uid, int(at.timestamp()), delivery.body, keys, self._names)
        headers = {"Content-Type": "application/json", "User-Agent": f"Parloir/{__version__}", **signed}
        try:
            reply = await self._egress.post(delivery.url, delivery.body, headers, TIMEOUT_S)
        except Unreachable as failure:
            return self._failure(failure.reason, self._since(started), headers), None
        return Try(at, self._since(started), reply.status, None, masked(headers), reply.excerpt), reply

    def _failure(self, reason: str, duration_ms: int, headers: dict[str, str]) -> Try:
        return Try(self._clock.now(), duration_ms, None, reason, masked(headers), "")

    def _since(self, started: float) -> int:
        return int((self._clock.monotonic() - started) * 1_000)
