"""Engines run here, never on the event loop: a few threads, a bounded queue before them, and nothing lost on cancel."""

import asyncio
import contextlib
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from server.kit.clock import Clock, SystemClock
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.speech.port import SpeechFailed

_BACKGROUND_TIMEOUT_S = 600.0

_log = logger(__name__)
_in_background: ContextVar[bool] = ContextVar("speech_in_background", default=False)
_P = ParamSpec("_P")
_T = TypeVar("_T")


class SpeechBusy(SpeechFailed):
    """An engine has more work than it can do in time; trying another engine, or later, may help."""


@contextlib.contextmanager
def in_background() -> Iterator[None]:
    """Work handed to a pool inside this block gives way to work somebody is waiting for."""
    token = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(token)


def gives_way() -> bool:
    """Whether we are inside in_background(): such work should hold a worker for short pieces only."""
    return _in_background.get()


class EnginePool:
    """`threads` workers for blocking engine calls. Use from one event loop.

    At most `max_waiting` calls wait, each at most `wait_timeout_s`; a call that does not get its turn raises
    SpeechBusy. A call that runs longer than `run_timeout_s` raises SpeechFailed, while its worker stays taken
    until the engine returns: a native call cannot be stopped. The same holds for a caller that is cancelled.

    Work in_background() waits in a line of its own: while there is live work, and until there was none for `quiet_s`.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = 1,
        max_waiting: int = 16,
        wait_timeout_s: float = 10.0,
        run_timeout_s: float = 60.0,
        niceness: int = 0,
        quiet_s: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        """`niceness` lowers these threads (and the ones engines start in them) below the rest, where Linux allows."""
        self.name = name
        self._threads = threads
        self._max_waiting = max_waiting
        self._wait_timeout_s = wait_timeout_s
        self._run_timeout_s = run_timeout_s
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix=f"speech-{name}", initializer=_lower_priority, initargs=(niceness,)
        )
        self._quiet_s = quiet_s
        self._clock = clock or SystemClock()
        self._live_at = -math.inf  # when live work was last asked for, or ended
        self._tasks = TaskScope(f"pool {name}")
        self._beginning: asyncio.Task[None] | None = None
        self._running = 0
        self._live: deque[asyncio.Future[None]] = deque()
        self._background: deque[asyncio.Future[None]] = deque()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Calls that hold no worker yet."""
        return len(self._live) + len(self._background)

    @property
    def running(self) -> int:
        """Workers taken, including those whose caller has gone."""
        return self._running

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._running and not self.waiting

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `work(*args)` returns, from a worker thread. Raises SpeechBusy, SpeechFailed."""
        is_live = not gives_way()
        await self._take_worker(is_live)
        loop = asyncio.get_running_loop()
        try:
            job: Future[_T] = self._executor.submit(work, *args, **kwargs)
        except RuntimeError as closed:
            self._give_worker()
            raise SpeechFailed(f"{self.name} is closed") from closed
        # The worker is free when the engine returns, which is later than a cancelled caller leaves.
        job.add_done_callback(lambda _done: self._job_ended(loop, is_live))
        try:
            async with asyncio.timeout(self._run_timeout_s):
                return await asyncio.wrap_future(job)
        except SpeechFailed:
            raise
        except TimeoutError as slow:
            raise SpeechFailed(f"{self.name} did not finish within {self._run_timeout_s:g} s") from slow
        except Exception as failure:  # engines raise types of their own, with no common root
            raise SpeechFailed(f"{self.name} failed: {type(failure).__name__}") from failure

    async def close(self) -> None:
        """Refuse new work and everything that waits. What runs is left to end by itself. Idempotent."""
        self._closed = True
        for ticket in (*self._live, *self._background):
            if not ticket.done():
                ticket.set_exception(SpeechFailed(f"{self.name} is closed"))
        self._live.clear()
        self._background.clear()
        await self._tasks.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _take_worker(self, is_live: bool) -> None:
        if self._closed:
            raise SpeechFailed(f"{self.name} is closed")
        if is_live:
            self._live_at = self._clock.monotonic()
        if self._running < self._threads and (is_live or self._quiet_left_s() <= 0):
            self._running += 1
            return
        queue = self._live if is_live else self._background
        if len(queue) >= self._max_waiting:
            raise SpeechBusy(f"{self.name} has {len(queue)} calls waiting")
        limit_s = self._wait_timeout_s if is_live else _BACKGROUND_TIMEOUT_S
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(ticket)
        self._let_background_begin()
        try:
            async with asyncio.timeout(limit_s):
                await ticket
        except TimeoutError as late:
            self._forget(ticket, queue)
            raise SpeechBusy(f"{self.name} was busy for {limit_s:g} s") from late
        except asyncio.CancelledError:
            self._forget(ticket, queue)
            raise

    def _forget(self, ticket: asyncio.Future[None], queue: deque[asyncio.Future[None]]) -> None:
        if ticket in queue:
            queue.remove(ticket)
        elif ticket.done() and not ticket.cancelled() and ticket.exception() is None:
            self._give_worker()  # the worker was handed over in the same moment the caller left

    def _job_ended(self, loop: asyncio.AbstractEventLoop, is_live: bool) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._worker_is_free, is_live)

    def _worker_is_free(self, was_live: bool) -> None:
        if was_live:
            self._live_at = self._clock.monotonic()
        self._give_worker()

    def _give_worker(self) -> None:
        while self._live:
            ticket = self._live.popleft()
            if not ticket.done():
                ticket.set_result(None)
                return
        self._running -= 1
        self._let_background_begin()

    def _let_background_begin(self) -> None:
        is_coming = self._beginning is not None and not self._beginning.done()
        if self._background and self._running < self._threads and not is_coming and not self._closed:
            self._beginning = self._tasks.spawn(self._begin_background(), "background")

    async def _begin_background(self) -> None:
        """Hand free workers to what waits in the background, once it has been quiet for long enough."""
        while self._background and self._running < self._threads:
            if (left_s := self._quiet_left_s()) > 0:
                await self._clock.sleep(left_s)
                continue
            ticket = self._background.popleft()
            if not ticket.done():
                self._running += 1
                ticket.set_result(None)

    def _quiet_left_s(self) -> float:
        return self._live_at + self._quiet_s - self._clock.monotonic()


def _lower_priority(niceness: int) -> None:
    if niceness and hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
        except OSError:
            _log.info("thread priority could not be lowered", niceness=niceness)
