"""Limits count clock minutes, smooth their edges, say truthfully when to come back, and survive a lost Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.storage.rate import LocalRates, Rate, Rates
from server.storage.redis_bus import RedisRates, connect
from tests.fakes.clock import FakeClock
from tests.fixtures.servers import PrivateRedis

FIVE = Rate(per_minute=5)
PATIENT_S = 10  # a busy machine must not look like a lost Redis


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.redis)])
async def rates(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Rates]:
    """The same promises, counted here and in Redis."""
    local = LocalRates(clock)
    if request.param == "local":
        yield local
        return
    async with connect(request.getfixturevalue("redis_url"), PATIENT_S) as client:
        yield RedisRates(client, local)


async def taken(rates: Rates, key: str, times: int, rate: Rate = FIVE) -> int:
    """How many of `times` uses were within the limit."""
    return [await rates.take(key, rate) for _ in range(times)].count(None)


async def test_one_more_than_the_limit_is_refused(rates: Rates) -> None:
    assert await taken(rates, "a", 8) == 5
    assert await taken(rates, "b", 8) == 5


async def test_refusals_are_not_counted(rates: Rates, clock: FakeClock) -> None:
    await taken(rates, "a", 500)
    await clock.advance(120)
    assert await taken(rates, "a", 8) == 5


async def test_a_burst_over_the_edge_of_the_minute_is_no_way_around(rates: Rates, clock: FakeClock) -> None:
    await clock.advance(59)
    assert await taken(rates, "a", 5) == 5
    await clock.advance(1)
    assert await taken(rates, "a", 5) == 0
    await clock.advance(30)  # half of the minute before still counts
    assert await taken(rates, "a", 5) == 2


async def test_who_comes_back_when_told_is_served(rates: Rates, clock: FakeClock) -> None:
    for offset_s in (0, 7, 40):
        await clock.advance(offset_s)
        await taken(rates, "a", 20)
        retry_after_s = await rates.take("a", FIVE)
        assert retry_after_s is not None
        await clock.advance(retry_after_s)
        assert await rates.take("a", FIVE) is None


async def test_parallel_uses_are_counted_exactly(rates: Rates) -> None:
    answers = await asyncio.gather(*(rates.take("a", Rate(per_minute=15)) for _ in range(40)))
    assert answers.count(None) == 15


async def test_nothing_is_within_a_limit_of_none(rates: Rates) -> None:
    assert await taken(rates, "a", 3, Rate(per_minute=0)) == 0


@settings(deadline=None)
@given(
    limit=st.integers(1, 400),
    uses=st.lists(st.tuples(st.floats(0, 90), st.integers(1, 500)), min_size=1, max_size=6),
)
def test_retry_after_is_neither_too_early_nor_late_by_more_than_a_second(
    limit: int, uses: list[tuple[float, int]]
) -> None:
    clock, rate = FakeClock(), Rate(per_minute=limit)
    rates = LocalRates(clock)

    async def use() -> None:
        for pause_s, times in uses:
            clock.jump(pause_s)
            await taken(rates, "a", times, rate)
        told = await rates.take("a", rate)
        if told is None:
            return
        clock.jump(told - 1.001 if told > 1 else 0)
        if told > 1:
            assert await rates.take("a", rate) is not None
            clock.jump(1.001)
        else:
            clock.jump(1)
        clock.jump(1e-6)  # binary fractions of a second
        assert await rates.take("a", rate) is None

    asyncio.run(use())


async def test_a_flood_of_keys_forgets_the_oldest_instead_of_growing(clock: FakeClock) -> None:
    rates = LocalRates(clock)
    for number in range(100_100):
        await rates.take(str(number), FIVE)
    assert len(rates._counts) == 100_000


@pytest.mark.redis
async def test_processes_share_one_count(redis_url: str, clock: FakeClock) -> None:
    async with AsyncExitStack() as closing:
        clients = [await closing.enter_async_context(connect(redis_url, PATIENT_S)) for _ in range(3)]
        processes = [RedisRates(client, LocalRates(clock)) for client in clients]
        answers = await asyncio.gather(*(processes[turn % 3].take("a", Rate(300)) for turn in range(600)))
        assert answers.count(None) == 300


@pytest.mark.redis
async def test_while_redis_is_away_each_process_counts_for_itself(own_redis: PrivateRedis, clock: FakeClock) -> None:
    async with connect(own_redis.url, PATIENT_S) as client:
        rates = RedisRates(client, LocalRates(clock))
        assert await taken(rates, "a", 3) == 3
        own_redis.stop()
        async with asyncio.timeout(60):
            assert await taken(rates, "a", 9) == 5
        own_redis.start()
        assert await taken(rates, "b", 9) == 5
        assert [key async for key in client.scan_iter("parloir:rate:b:*")]
