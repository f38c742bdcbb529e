"""Redis for more than one process: the bus and the shared counters. The only file that knows the client."""

import asyncio

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.storage.bus import Listener, LocalBus
from server.storage.rate import LocalRates, Rate, Use, use_of, window_of

_log = logger(__name__)

_CHANNEL_PREFIX = "parloir:"
_RETRY_S = 0.5
_COMMAND_TIMEOUT_S = 0.3  # nobody waits longer for Redis: there is always something to do without it
_CONNECTIONS_MAX = 50
_LISTEN_S = 5.0
_BUCKET_LIFETIME_S = 130  # two minutes and some: a bucket is read until the minute after its own ends

# KEYS: this minute's bucket, the bucket before. ARGV: limit, part of this minute gone (0-1), lifetime in seconds.
_TAKE = """
local before = tonumber(redis.call('GET', KEYS[2]) or '0')
local now = tonumber(redis.call('GET', KEYS[1]) or '0')
if before * (1 - tonumber(ARGV[2])) + now + 1 > tonumber(ARGV[1]) then return {0, now, before} end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {1, now, before}
"""


def connect(url: str, timeout_s: float = _COMMAND_TIMEOUT_S) -> aioredis.Redis:
    """A client whose every command gives up after `timeout_s`, without trying again."""
    pool = aioredis.BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS_MAX,
        timeout=timeout_s,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )
    return aioredis.Redis.from_pool(pool)


class RedisBus:
    """Publish and subscribe over Redis. While Redis is away, notices reach this process only."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._local = LocalBus()
        self._tasks = TaskScope("redis bus")
        self._topics: set[str] = set()

    def listen(self, topic: str, listener: Listener) -> None:
        self._local.listen(topic, listener)
        if topic not in self._topics:
            self._topics.add(topic)
            self._tasks.spawn(self._follow(topic), topic)

    async def publish(self, topic: str, notice: str) -> None:
        await self._local.publish(topic, notice)  # this process hears it even without Redis; twice does no harm
        try:
            await self._redis.publish(_CHANNEL_PREFIX + topic, notice)
        except (RedisError, OSError) as failure:
            _log.warning("notice not published", topic=topic, failure=type(failure).__name__)

    async def close(self) -> None:
        await self._tasks.close()
        await self._local.close()

    async def _follow(self, topic: str) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(_CHANNEL_PREFIX + topic)
                    while True:
                        message = await subscription.get_message(timeout=_LISTEN_S)
                        if message is not None:
                            await self._local.publish(topic, message["data"])
            except (RedisError, OSError) as failure:
                _log.warning("bus subscription lost", topic=topic, failure=type(failure).__name__)
                await asyncio.sleep(_RETRY_S)


class RedisRates:
    """Counts shared by every process; falls back to this process's own while Redis is away."""

    def __init__(self, redis: aioredis.Redis, local: LocalRates) -> None:
        self._take = redis.register_script(_TAKE)
        self._local = local

    async def take(self, key: str, rate: Rate) -> int | None:
        return (await self.use(key, rate)).retry_after_s

    async def use(self, key: str, rate: Rate) -> Use:
        now = self._local.clock.now()
        window, gone = window_of(now)
        keys = [f"{_CHANNEL_PREFIX}rate:{key}:{window}", f"{_CHANNEL_PREFIX}rate:{key}:{window - 1}"]
        try:
            is_taken, this, before = await self._take(keys=keys, args=[rate.per_minute, gone, _BUCKET_LIFETIME_S])
        except (RedisError, OSError) as failure:
            _log.warning("rate limit counted locally", failure=type(failure).__name__)
            return await self._local.use(key, rate)
        return use_of(now, rate, this, before, is_taken=bool(is_taken))
