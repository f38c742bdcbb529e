"""Engines run here, never on the event loop: a few threads, a bounded queue before them, and nothing lost on cancel."""

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from server.kit.log import logger
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


class EnginePool:
    """`threads` workers for blocking engine calls. Use from one event loop.

    At most `max_waiting` calls wait, each at most `wait_timeout_s`; a call that does not get its turn raises
    SpeechBusy. A call that runs longer than `run_timeout_s` raises SpeechFailed, while its worker stays taken
    until the engine returns: a native call cannot be stopped. The same holds for a caller that is cancelled.
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

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `work(*args)` returns, from a worker thread. Raises SpeechBusy, SpeechFailed."""
        await self._take_worker()
        loop = asyncio.get_running_loop()
        try:
            job: Future[_T] = self._executor.submit(work, *args, **kwargs)
        except RuntimeError as closed:
            self._give_worker()
            raise SpeechFailed(f"{self.name} is closed") from closed
        # The worker is free when the engine returns, which is later than a cancelled caller leaves.
        job.add_done_callback(lambda _done: self._job_ended(loop))
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
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _take_worker(self) -> None:
        if self._closed:
            raise SpeechFailed(f"{self.name} is closed")
        if self._running < self._threads:
            self._running += 1
            return
        if self.waiting >= self._max_waiting:
            raise SpeechBusy(f"{self.name} has {self.waiting} calls waiting")
        background = _in_background.get()
        queue = self._background if background else self._live
        limit_s = _BACKGROUND_TIMEOUT_S if background else self._wait_timeout_s
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(ticket)
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

    def _job_ended(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._give_worker)

    def _give_worker(self) -> None:
        for queue in (self._live, self._background):
            while queue:
                ticket = queue.popleft()
                if not ticket.done():
                    ticket.set_result(None)
                    return
        self._running -= 1


def _lower_priority(niceness: int) -> None:
    if niceness and hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
        except OSError:
            _log.info("thread priority could not be lowered", niceness=niceness)
