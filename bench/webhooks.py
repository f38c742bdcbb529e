"""How many webhooks a second one process delivers beside a bare aiohttp POST loop, how soon, and beside one that hangs.

    python -m bench.webhooks

The receiver is a process of its own on loopback and answers 200 at once; ours signs, keeps and logs every delivery.
"""

import asyncio
import multiprocessing
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web

from bench.quantiles import quantile
from server.egress import EgressPolicy
from server.kit.clock import SystemClock
from server.kit.log import configure_logging
from server.storage import Database
from server.storage.migrations import migrate
from server.webhooks import Event, NewEndpoint, Webhooks
from server.webhooks.dispatcher import TOGETHER_MAX
from tests.fixtures.servers import PrivatePostgres
from tests.fixtures.tenancy import Tenancy

EVENTS = 2_000
ENDPOINTS = 10
IDLE_EVENTS = 60
QUIET_S = 0.1
POLICY = EgressPolicy(allows_http=True, networks=(ip_network("127.0.0.0/8"),))
DATA = {"id": 90_210, "status": "completed", "duration": 127, "transcription": "[Agent]: Hello. [User]: Hi. " * 40}


def receive(told: Connection) -> None:
    """Answers at once and says when; under /hang it never answers."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        told.send((request.path, time.monotonic()))
        if request.path == "/hang":
            await asyncio.sleep(3_600)
        return web.Response()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(serve())


class Arrivals:
    """What the receiver says, in order."""

    def __init__(self) -> None:
        self._ours, theirs = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{self._ours.recv()}"

    async def times(self, count: int, path: str) -> list[float]:
        """When the next `count` on `path` came."""
        found: list[float] = []
        while len(found) < count:
            came, at = await asyncio.to_thread(self._ours.recv)
            found += [at] if came.startswith(path) else []
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.join()


@asynccontextmanager
async def hooks(url: str) -> AsyncIterator[tuple[Webhooks, int]]:
    """Webhooks over an empty database, and a project; dispatching is the caller's."""
    database, clock = Database(url), SystemClock()
    await migrate(database)
    tenancy = Tenancy.over(database, clock)
    tenant = await tenancy.tenants.create("Bench", [])
    project = await tenancy.tenants.default_project(tenant.tenant_id)
    async with Webhooks.open(database, tenancy.secret, POLICY, clock) as webhooks:
        yield webhooks, project
        await webhooks.dispatcher.close(drain_s=0)  # those that hang are not waited for
    await database.close()


@asynccontextmanager
async def dispatching(webhooks: Webhooks) -> AsyncIterator[None]:
    running = asyncio.create_task(webhooks.dispatcher.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def publish(webhooks: Webhooks, project: int, cause: str) -> None:
    event = Event("phone_call.completed", DATA, SystemClock().now(), cause)
    await webhooks.deliveries.publish(project, event)
    webhooks.dispatcher.poke()


async def bare(arrivals: Arrivals) -> float:
    """POSTs a second of a loop that does nothing else, as many at once as ours."""
    waiting = iter(range(EVENTS))
    body = b"x" * 1_400
    async with aiohttp.ClientSession() as session:

        async def post() -> None:
            for number in waiting:
                async with session.post(f"{arrivals.url}/bare/{number}", data=body) as answer:
                    await answer.read()

        began = time.monotonic()
        came, *_ = await asyncio.gather(arrivals.times(EVENTS, "/bare"), *(post() for _ in range(TOGETHER_MAX)))
    return EVENTS / (max(came) - began)


async def sustained(url: str, arrivals: Arrivals) -> tuple[float, float]:
    """Deliveries a second with everything published before, and how much CPU each takes, in milliseconds."""
    async with hooks(url) as (webhooks, project):
        for place in range(ENDPOINTS):
            await webhooks.endpoints.create(project, NewEndpoint(url=f"{arrivals.url}/many/{place}"), "bench")
        for number in range(EVENTS // ENDPOINTS):
            event = Event("phone_call.completed", DATA, SystemClock().now(), f"many {number}")
            await webhooks.deliveries.publish(project, event)
        began, cpu = time.monotonic(), time.process_time()
        async with dispatching(webhooks):
            took = max(await arrivals.times(EVENTS, "/many")) - began
        return EVENTS / took, (time.process_time() - cpu) / EVENTS * 1_000


async def delays(url: str, arrivals: Arrivals, *, beside_one_that_hangs: bool) -> list[float]:
    """Seconds from an event's commit to its first attempt, sorted, on a system that is idle otherwise."""
    async with hooks(url) as (webhooks, project):
        await webhooks.endpoints.create(project, NewEndpoint(url=f"{arrivals.url}/soon"), "bench")
        if beside_one_that_hangs:
            await webhooks.endpoints.create(project, NewEndpoint(url=f"{arrivals.url}/hang"), "bench")
        found = []
        async with dispatching(webhooks):
            for number in range(IDLE_EVENTS):
                await publish(webhooks, project, f"soon {number}")
                committed = time.monotonic()
                found.append(max(0.0, (await arrivals.times(1, "/soon"))[0] - committed))
                await asyncio.sleep(QUIET_S)
        return sorted(found)


def show(name: str, rate: float, cpu_ms: float, bare_rate: float) -> None:
    print(
        f"{name:12} {rate:6.0f} deliveries/s (target 300), {rate / bare_rate:.2f} of the bare loop, {cpu_ms:.2f} ms CPU"
    )


def main() -> None:
    arrivals, postgres = Arrivals(), PrivatePostgres()
    postgres.start()
    configure_logging("ERROR", as_json=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = iter(range(100))
            sqlite: Callable[[], str] = lambda: f"sqlite:///{Path(folder) / str(next(made))}.db"  # noqa: E731
            bare_rate = uvloop.run(bare(arrivals))
            print(f"bare aiohttp {bare_rate:6.0f} POSTs/s, {TOGETHER_MAX} at once, {os.cpu_count()} cores")
            show("ours, SQLite", *uvloop.run(sustained(sqlite(), arrivals)), bare_rate)
            show("PostgreSQL", *uvloop.run(sustained(postgres.url("postgres"), arrivals)), bare_rate)
            alone = uvloop.run(delays(sqlite(), arrivals, beside_one_that_hangs=False))
            beside = uvloop.run(delays(sqlite(), arrivals, beside_one_that_hangs=True))
            for name, found in (("event -> first attempt", alone), ("... beside one that hangs", beside)):
                p50, p99 = quantile(found, 0.5), quantile(found, 0.99)
                print(f"{name:26} p50 {p50 * 1e3:5.1f} ms   p99 {p99 * 1e3:5.1f} ms   (target p50 150 ms, p99 1 s)")
    finally:
        arrivals.close()
        postgres.remove()


if __name__ == "__main__":
    main()
