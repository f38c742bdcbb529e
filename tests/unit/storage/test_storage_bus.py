"""Notices reach every listener of their topic, in this process and in others, also after Redis was away."""

import asyncio
import contextlib

import pytest

from server.storage.bus import LocalBus
from server.storage.redis_bus import RedisBus, connect
from tests.fixtures.servers import PrivateRedis

pytestmark = pytest.mark.timeout(60)


async def test_a_notice_reaches_every_listener_of_its_topic_and_no_other() -> None:
    bus, heard = LocalBus(), list[str]()
    bus.listen("a", lambda notice: heard.append(f"first {notice}"))
    bus.listen("a", lambda notice: heard.append(f"second {notice}"))
    bus.listen("b", lambda notice: heard.append(f"wrong {notice}"))
    await bus.publish("a", "1")
    assert heard == ["first 1", "second 1"]
    await bus.close()
    await bus.publish("a", "2")
    assert len(heard) == 2


class Process:
    """What one server process holds: its client and its bus, and what it heard on topic `a`."""

    def __init__(self, url: str) -> None:
        self.client = connect(url)
        self.bus = RedisBus(self.client)
        self.heard: list[str] = []
        self._has_heard = asyncio.Event()
        self.bus.listen("a", self._hear)

    def _hear(self, notice: str) -> None:
        self.heard.append(notice)
        self._has_heard.set()

    async def has_heard(self, notice: str) -> None:
        while notice not in self.heard:
            self._has_heard.clear()
            await self._has_heard.wait()

    async def close(self) -> None:
        await self.bus.close()
        await self.bus.close()
        await self.client.aclose()


async def hears(listener: Process, speaker: Process, notice: str) -> None:
    """Publish until the listener, whose subscription may still be on its way, has heard it."""
    async with asyncio.timeout(50):
        while notice not in listener.heard:
            await speaker.bus.publish("a", notice)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(listener.has_heard(notice), 0.2)


@pytest.mark.redis
async def test_notices_cross_processes(redis_url: str) -> None:
    one, other = Process(redis_url), Process(redis_url)
    await hears(other, one, "from one")
    await hears(one, other, "from other")
    await one.close()
    await other.close()


@pytest.mark.redis
async def test_the_bus_comes_back_after_redis_was_restarted(own_redis: PrivateRedis) -> None:
    one, other = Process(own_redis.url), Process(own_redis.url)
    await hears(other, one, "before")
    own_redis.stop()
    async with asyncio.timeout(30):
        await one.bus.publish("a", "meanwhile")
    assert "meanwhile" in one.heard  # this process hears itself without Redis
    own_redis.start()
    await hears(other, one, "after")
    await one.close()
    await other.close()
