"""No event of a call is lost: not when the server is killed, not when its database or its Redis goes away meanwhile."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from server.webhooks.dispatcher import TOGETHER_MAX
from tests.chaos.conftest import Force
from tests.chaos.storm import Storm, Tally, storm
from tests.fixtures.servers import PrivatePostgres, PrivateRedis

pytestmark = pytest.mark.timeout(3_600)


def nothing_is_lost(tally: Tally, orders: int, kills: int) -> None:
    """Told at least once, and again only under the same id: what was on its way when the server died."""
    assert len(set(tally.answered)) == orders
    assert tally.placed == orders  # an order whose answer was lost is not placed anew
    assert tally.lost == set()
    assert tally.unended == set()
    assert tally.told_twice == set()
    assert tally.sent_again <= kills * TOGETHER_MAX


Survived = list[tuple[int, Tally]]


async def killed(weather: Storm, orders: int, chance: random.Random) -> Tally:
    """The server is killed at a random point among the orders, and started again."""
    ordering = asyncio.create_task(weather.order(orders))
    await weather.until_answered(chance.randrange(orders // 10, orders))
    await asyncio.sleep(chance.random())  # orders are answered in bursts: this is a point between two
    await weather.kill()
    await weather.start()
    await ordering
    return await weather.settled()


async def test_a_killed_server_loses_no_event(
    database_url: str, tmp_path: Path, force: Force, run: int, survived: Survived
) -> None:
    async with storm(tmp_path, database_url) as weather:
        tally = await killed(weather, force.orders, random.Random(run))
    survived.append((1, tally))
    nothing_is_lost(tally, force.orders, kills=1)


async def test_databases_that_restart_lose_no_event(
    own_postgres: PrivatePostgres, own_redis: PrivateRedis, tmp_path: Path, force: Force, survived: Survived
) -> None:
    """PostgreSQL as after a crash, Redis empty; what could not be taken meanwhile was refused, and asked for again."""
    async with storm(tmp_path, own_postgres.url("postgres"), own_redis.url) as weather:
        ordering = asyncio.create_task(weather.order(force.orders))
        for outage in range(force.outages):
            for leaned_on, crash in ((own_postgres, signal.SIGQUIT), (own_redis, signal.SIGKILL)):
                await weather.until_answered(force.orders * (outage + 1) // (force.outages + 2))
                await asyncio.to_thread(leaned_on.stop, crash)
                await asyncio.sleep(force.outage_s)
                await asyncio.to_thread(leaned_on.start)
        await ordering
        tally = await weather.settled()
    survived.append((2 * force.outages, tally))
    nothing_is_lost(tally, force.orders, kills=0)
