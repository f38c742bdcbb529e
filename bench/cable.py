"""How soon what is said in a call reaches who follows it over /cable: one, 200 beside a bare Quart socket, by Redis.

    python -m bench.cable

Servers are processes of their own on loopback; a message carries when it was committed. Takes a minute.
"""

import asyncio
import contextlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from quart import Quart, websocket
from websockets.asyncio.client import ClientConnection, connect

from bench.quantiles import quantile
from server.app import Parloir, create_app
from server.calls.store import NewCall
from server.kit.log import configure_logging
from server.settings import Settings
from server.storage.migrations import migrate
from server.web.assets import AssetManifest, build
from server.web.pages import StartPage
from server.web.serving import Listener
from tests.fixtures.application import speech_without_models
from tests.fixtures.servers import PrivateRedis, free_port

FOLLOWERS, IDLE = 200, 300
MESSAGES, PER_S = 200, 20
TRIES = 60
WAIT_S = 20
TEXT = "x" * 120


@dataclass(frozen=True)
class Orders:
    """What a server process is told to serve."""

    port: int
    folder: Path
    redis_url: str | None = None


def serve_parloir(orders: Orders, pipe: Connection) -> None:
    """Says a call's id and token, then says MESSAGES in that call whenever it is told to."""

    async def serve() -> None:
        settings = Settings(
            _env_file=None, data_dir=orders.folder, port=orders.port, redis_url=orders.redis_url, host="127.0.0.1"
        )
        async with Parloir.open(settings, speech=speech_without_models(has_voice=False)) as parloir:
            await migrate(parloir.database)
            parloir.calling.cable.feed.start()
            store, tokens = parloir.calling.cable.store, parloir.calling.cable.tokens
            tenant = await parloir.tenants.create("Bench", [])
            new = NewCall(tenant.tenant_id, None, "ai", "outbound", None, "en", None, "+33612345678")
            call = await store.create(new, limit=5)
            pipe.send((call.id, await tokens.issue(call.uid)))
            app = create_app(parloir, StartPage(settings.origin), AssetManifest.load())
            serving = asyncio.create_task(Listener(app, "127.0.0.1", orders.port).run())

            async def say(text: str) -> None:
                await store.note(call.id, "transcript.segment", {"role": "ai", "text": text, "t0_ms": 0, "t1_ms": 1})

            await speak(pipe, say)
            serving.cancel()

    configure_logging("ERROR", as_json=True)
    uvloop.run(serve())


def serve_bare(orders: Orders, pipe: Connection) -> None:
    """A Quart socket that puts every message into the queue of everybody who is connected."""
    app = Quart("bare")
    queues: set[asyncio.Queue[str]] = set()

    @app.websocket("/cable")
    async def socket() -> None:
        await websocket.accept()
        queues.add(queue := asyncio.Queue())
        while True:
            await websocket.send(await queue.get())

    async def say(text: str) -> None:
        frame = json.dumps({"identifier": "x", "message": {"type": "transcript", "content": text}})
        for queue in queues:
            queue.put_nowait(frame)

    async def serve() -> None:
        pipe.send((0, ""))
        serving = asyncio.create_task(Listener(app, "127.0.0.1", orders.port).run())
        await speak(pipe, say)
        serving.cancel()

    uvloop.run(serve())


async def speak(pipe: Connection, say: Any) -> None:
    """Each time it is told a number: so many messages at PER_S, each with the moment at which it is committed."""
    while count := await asyncio.to_thread(pipe.recv):
        due = time.monotonic()
        for _ in range(count):
            due += 1 / PER_S
            await asyncio.sleep(due - time.monotonic())
            await say(f"{time.monotonic()} {TEXT}")


class Served:
    """A server process, its address, and the call that can be followed there."""

    def __init__(self, serve: Any, folder: Path, redis_url: str | None = None) -> None:
        port = free_port()
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(
            target=serve, args=(Orders(port, folder, redis_url), theirs), daemon=True
        )
        self._process.start()
        self.call_id, self.token = self._ours.recv()
        self.url = f"ws://127.0.0.1:{port}/cable"

    def say(self, count: int) -> None:
        self._ours.send(count)

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def identifier(call_id: int, token: str) -> str:
    return json.dumps({"channel": "CallsChannel", "id": call_id, "token": token})


async def open_socket(url: str, closing: AsyncExitStack) -> ClientConnection:
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return await closing.enter_async_context(connect(url, proxy=None, max_queue=None))
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def follow(url: str, call_id: int, token: str, closing: AsyncExitStack) -> ClientConnection:
    """A socket that follows the call, if there is one."""
    socket = await open_socket(url, closing)
    if token:
        await socket.send(json.dumps({"command": "subscribe", "identifier": identifier(call_id, token)}))
        while "status_changed" not in str(await socket.recv()):
            pass
    return socket


async def delays(socket: ClientConnection, count: int, pings: list[float]) -> list[float]:
    """Seconds from commit to arrival of the next `count` messages; when pings came goes to `pings`.

    Pings before the first message waited in the socket's queue: nobody knows when those came.
    """
    found: list[float] = []
    while len(found) < count:
        frame = json.loads(await socket.recv())
        now = time.monotonic()
        if frame.get("type") == "ping" and found:
            pings.append(now)
        elif (frame.get("message") or {}).get("type") == "transcript":
            found.append(now - float(frame["message"]["content"].split()[0]))
    return found


@asynccontextmanager
async def stuck(url: str, served: Served) -> AsyncIterator[None]:
    """Somebody who follows the call and reads nothing."""
    async with connect(url, proxy=None, max_queue=1) as socket:
        wish = json.dumps({"command": "subscribe", "identifier": identifier(served.call_id, served.token)})
        await socket.send(wish)
        yield


async def fan_out(served: Served, *, idle: int = 0, is_one_stuck: bool = False) -> tuple[list[float], list[float]]:
    """Delays of all followers' messages, sorted, and the gaps between the pings of one."""
    async with AsyncExitStack() as closing:
        sockets = [await follow(served.url, served.call_id, served.token, closing) for _ in range(FOLLOWERS)]
        for _ in range(idle):
            quiet = await open_socket(served.url, closing)
            await quiet.send('{"command":"unsubscribe","identifier":"none"}')  # who never says anything is let go
        if is_one_stuck:
            await closing.enter_async_context(stuck(served.url, served))
        pings: list[list[float]] = [[] for _ in sockets]
        served.say(MESSAGES)
        found = await asyncio.gather(
            *(delays(socket, MESSAGES, heard) for socket, heard in zip(sockets, pings, strict=True))
        )
    gaps = [later - earlier for heard in pings for earlier, later in zip(heard, heard[1:], strict=False)]
    return sorted(delay for each in found for delay in each), sorted(gaps)


async def one(following: Served, saying: Served) -> list[float]:
    """Delays of one follower, who may be at another process than the one that says it."""
    async with AsyncExitStack() as closing:
        socket = await follow(following.url, saying.call_id, saying.token, closing)
        saying.say(MESSAGES)
        return sorted(await delays(socket, MESSAGES, []))


async def rejections(served: Served) -> tuple[list[float], list[float]]:
    """Seconds until a wrong token for a call, and a token for an unknown one, are rejected; alternating."""
    found: tuple[list[float], list[float]] = ([], [])
    async with AsyncExitStack() as closing:
        for _ in range(TRIES):
            socket = await open_socket(served.url, closing)
            wishes = (
                identifier(served.call_id, served.token[:-2] + "AA"),
                identifier(served.call_id + 7, served.token[:-2] + "AA"),
            )
            for wish, times in zip(wishes, found, strict=True):
                began = time.monotonic()
                await socket.send(json.dumps({"command": "subscribe", "identifier": wish}))
                while "reject" not in str(await socket.recv()):
                    pass
                times.append(time.monotonic() - began)
            await socket.close()
    return sorted(found[0]), sorted(found[1])


def ms(found: list[float], part: float) -> float:
    return quantile(found, part) * 1_000


def show(name: str, found: list[float], high: float, beside: str) -> None:
    print(f"{name:32} p50 {ms(found, 0.5):6.1f} ms   p{high * 100:.0f} {ms(found, high):6.1f} ms   ({beside})")


async def measure(folder: Path, redis: PrivateRedis) -> None:
    with contextlib.ExitStack() as closing:

        def started(serve: Any, data: Path, redis_url: str | None = None) -> Served:
            served = Served(serve, data, redis_url)
            closing.callback(served.close)
            return served

        bare, ours = started(serve_bare, folder), started(serve_parloir, folder / "one")
        alone = await one(ours, ours)
        show("committed -> one follower", alone, 0.95, "target 60 ms")
        near = started(serve_parloir, folder / "two", redis.url)
        far = started(serve_parloir, folder / "two", redis.url)
        apart = await one(far, near)
        show("... at another process, Redis", apart, 0.95, "target 120 ms")
        theirs, _ = await fan_out(bare)
        many, gaps = await fan_out(ours, idle=IDLE)
        beside, _ = await fan_out(ours, is_one_stuck=True)
        print(f"{FOLLOWERS} followers, {PER_S} messages/s (target p99 150 ms)")
        for name, found in (("bare Quart", theirs), ("ours", many), ("ours, one reads nothing", beside)):
            ratio = ms(found, 0.99) / ms(theirs, 0.99)
            show(f"    {name}", found, 0.99, f"{ratio:.2f} x")
        print(f"pings under that load          {gaps[0]:.2f} to {gaps[-1]:.2f} s apart (target 3.0 +- 0.3)")
        wrong, unknown = await rejections(ours)
        apart_ms = abs(ms(wrong, 0.5) - ms(unknown, 0.5))
        show(
            "a wrong token -> rejected",
            wrong,
            0.95,
            f"target 200 ms; an unknown call {apart_ms:.2f} ms apart, target 5",
        )


def main() -> None:
    build()
    redis = PrivateRedis()
    redis.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("one", "two"):
                (Path(folder) / name).mkdir()
            uvloop.run(measure(Path(folder), redis))
    finally:
        redis.remove()


if __name__ == "__main__":
    main()
