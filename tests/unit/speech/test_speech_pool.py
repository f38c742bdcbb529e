"""The pool keeps engines off the event loop, refuses what it cannot do in time, and loses no worker."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from server.speech.pool import EnginePool, SpeechBusy, in_background
from server.speech.port import SpeechFailed
from tests.fakes.clock import FakeClock

LIMIT_S = 0.5  # of real time, in which a free worker does a moment's work


class Job:
    """Blocks its worker until released."""

    def __init__(self, answer: str = "done", order: list[str] | None = None) -> None:
        self.started, self.release = threading.Event(), threading.Event()
        self._answer, self._order = answer, order

    def __call__(self) -> str:
        self.started.set()
        if self._order is not None:
            self._order.append(self._answer)
        if not self.release.wait(30):
            raise AssertionError("never released")
        return self._answer


@pytest.fixture
async def pool() -> AsyncIterator[EnginePool]:
    pool = EnginePool("test", max_waiting=2, wait_timeout_s=60)
    yield pool
    await pool.close()


async def begin(pool: EnginePool, job: Job) -> "asyncio.Task[str]":
    task = asyncio.create_task(pool.run(job))
    assert await asyncio.to_thread(job.started.wait, 60)
    return task


async def settle(pool: EnginePool, waiting: int) -> None:
    for _ in range(1000):
        if pool.waiting == waiting:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{pool.waiting} calls wait, not {waiting}")


async def test_work_runs_in_a_thread_of_its_own(pool: EnginePool) -> None:
    name = await pool.run(lambda: threading.current_thread().name)
    assert name.startswith("speech-test")


async def test_the_loop_goes_on_while_an_engine_works(pool: EnginePool) -> None:
    job = Job()
    task = await begin(pool, job)
    assert (pool.running, task.done()) == (1, False)
    job.release.set()
    assert await task == "done"


async def test_more_than_may_wait_is_refused_at_once(pool: EnginePool) -> None:
    job = Job()
    first = await begin(pool, job)
    waiting = [asyncio.create_task(pool.run(int, "7")) for _ in range(2)]
    await settle(pool, 2)
    with pytest.raises(SpeechBusy, match="2 calls waiting"):
        await pool.run(int, "8")
    job.release.set()
    assert (await first, await asyncio.gather(*waiting)) == ("done", [7, 7])
    assert pool.waiting == 0


async def test_waiting_ends_after_its_timeout() -> None:
    pool = EnginePool("slow", wait_timeout_s=LIMIT_S)
    job = Job()
    first = await begin(pool, job)
    with pytest.raises(SpeechBusy, match=r"busy for 0\.5 s"):
        await pool.run(int, "1")
    job.release.set()
    assert await first == "done"
    assert await pool.run(int, "2") == 2  # the worker is free again
    await pool.close()


async def test_a_cancelled_caller_leaves_the_worker_taken_until_the_engine_returns(pool: EnginePool) -> None:
    job = Job()
    task = await begin(pool, job)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pool.running == 1
    after = asyncio.create_task(pool.run(int, "3"))
    await settle(pool, 1)
    job.release.set()
    assert await after == 3
    assert pool.waiting == 0


async def test_a_caller_cancelled_while_waiting_gives_up_its_place(pool: EnginePool) -> None:
    job = Job()
    first = await begin(pool, job)
    for _ in range(5):  # more often than there are places
        waiting = asyncio.create_task(pool.run(int, "1"))
        await settle(pool, 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert pool.waiting == 0
    job.release.set()
    assert await first == "done"


async def test_live_work_goes_before_background_work(pool: EnginePool) -> None:
    order: list[str] = []
    first, background, live = Job("first", order), Job("background", order), Job("live", order)
    task = await begin(pool, first)
    with in_background():
        later = asyncio.create_task(pool.run(background))
    await settle(pool, 1)
    sooner = asyncio.create_task(pool.run(live))
    await settle(pool, 2)
    for job in (first, background, live):
        job.release.set()
    await asyncio.gather(task, later, sooner)
    assert order == ["first", "live", "background"]


async def test_background_work_waits_until_it_was_quiet_for_a_while() -> None:
    clock = FakeClock()
    pool = EnginePool("quiet", quiet_s=5, clock=clock)
    assert await pool.run(int, "1") == 1
    with in_background():
        later = asyncio.create_task(pool.run(int, "2"))
    await clock.advance(4)
    assert (later.done(), pool.running) == (False, 0)  # the engine is free for whoever comes
    assert await pool.run(int, "3") == 3
    await clock.advance(4)
    assert (later.done(), pool.waiting) == (False, 1)
    await clock.advance(1)
    assert await later == 2
    await pool.close()


async def test_quiet_is_counted_from_the_end_of_live_work() -> None:
    clock = FakeClock()
    pool = EnginePool("quiet", quiet_s=5, clock=clock)
    job = Job()
    live = await begin(pool, job)
    with in_background():
        later = asyncio.create_task(pool.run(int, "2"))
    await clock.advance(60)
    job.release.set()
    assert await live == "done"
    await clock.advance(4)
    assert not later.done()
    await clock.advance(1)
    assert await later == 2
    await pool.close()


async def test_what_waits_in_the_background_takes_no_place_from_live_work(pool: EnginePool) -> None:
    job = Job()
    first = await begin(pool, job)
    with in_background():
        later = [asyncio.create_task(pool.run(int, "1")) for _ in range(2)]
        await settle(pool, 2)
        with pytest.raises(SpeechBusy, match="2 calls waiting"):
            await pool.run(int, "1")
    live = [asyncio.create_task(pool.run(int, "2")) for _ in range(2)]
    await settle(pool, 4)
    job.release.set()
    assert (await first, await asyncio.gather(*live, *later)) == ("done", [2, 2, 1, 1])


async def test_background_work_that_nobody_waits_for_any_more_is_not_begun() -> None:
    clock = FakeClock()
    pool = EnginePool("quiet", quiet_s=5, clock=clock)
    await pool.run(int, "1")
    with in_background():
        gone, stays = (asyncio.create_task(pool.run(int, "2")) for _ in range(2))
    await settle(pool, 2)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await clock.advance(5)
    assert (await stays, pool.waiting, pool.running) == (2, 0, 0)
    await pool.close()
    assert not [task for task in asyncio.all_tasks() if "pool quiet" in task.get_name()]


async def test_an_engines_failure_becomes_ours_without_its_words(pool: EnginePool) -> None:
    def fail() -> None:
        raise RuntimeError("the visitor said 4111 1111")

    with pytest.raises(SpeechFailed, match=r"^test failed: RuntimeError$"):
        await pool.run(fail)
    assert await pool.run(int, "1") == 1


async def test_an_engine_that_never_returns_is_given_up() -> None:
    pool = EnginePool("stuck", run_timeout_s=LIMIT_S)
    job = Job()
    with pytest.raises(SpeechFailed, match=r"did not finish within 0\.5 s"):
        await pool.run(job)
    assert pool.running == 1  # its thread cannot be taken back
    job.release.set()
    assert await pool.run(int, "1") == 1
    await pool.close()


async def test_closing_refuses_what_waits_and_what_comes() -> None:
    pool = EnginePool("closing")
    job = Job()
    first = await begin(pool, job)
    waiting = asyncio.create_task(pool.run(int, "1"))
    await settle(pool, 1)
    await pool.close()
    await pool.close()
    with pytest.raises(SpeechFailed, match="is closed"):
        await waiting
    with pytest.raises(SpeechFailed, match="is closed"):
        await pool.run(int, "1")
    job.release.set()
    assert await first == "done"
