"""How many JSON requests a second one process answers a backend, beside a bare Quart route with the same JSON.

    python -m bench.api

Both serve from a process of their own on loopback; the same clients ask both, in turns. Takes a minute.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from quart import Quart, Response

from bench.quantiles import quantile
from server.app import Parloir, create_app
from server.calls.state import hung_up
from server.calls.store import NewCall
from server.kit.log import configure_logging
from server.settings import Settings
from server.storage.migrations import migrate
from server.storage.rate import Rate, Rates, Use
from server.web.assets import AssetManifest, build
from server.web.pages import StartPage
from server.web.serving import Listener
from tests.fixtures.application import speech_without_models
from tests.fixtures.servers import PrivatePostgres, free_port

AT_ONCE = 8
REQUESTS = 1_200  # a round
ROUNDS = 3
WARM_UP = 200
CALLS = 60
BARE_CALL = 7
WAIT_S = 20
PATHS = ("/api/v1/agents", "/api/v1/phone_calls/{call}", "/api/v1/phone_calls")
CONNECT_EVERY_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")


class Generous:
    """Counts as the product does, against a plan that nobody reaches."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates

    async def use(self, key: str, _rate: Rate) -> Use:
        return await self._rates.use(key, Rate(per_minute=10_000_000))

    async def take(self, key: str, rate: Rate) -> int | None:
        return (await self.use(key, rate)).retry_after_s


@dataclass(frozen=True)
class Orders:
    """What a server process is told to serve; `bodies` by path, for the bare one."""

    port: int
    folder: Path
    database_url: str | None = None
    bodies: tuple[tuple[str, bytes], ...] = ()


def serve_parloir(orders: Orders, told: Connection) -> None:
    """A tenant with CALLS that are over; says its token and the newest call's id."""

    async def serve() -> None:
        settings = Settings(
            _env_file=None, data_dir=orders.folder, port=orders.port, database_url=orders.database_url, host="127.0.0.1"
        )
        async with Parloir.open(settings, speech=speech_without_models(has_voice=False)) as parloir:
            await migrate(parloir.database)
            tenant = await parloir.tenants.create("Bench", [], "enterprise")
            project = await parloir.tenants.default_project(tenant.tenant_id)
            store = parloir.calling.cable.store
            new = NewCall(tenant.tenant_id, project, "bridge", "outbound", "browser", "en", None, "+33612345678")
            for _ in range(CALLS):
                call = await store.create(new, limit=5)
                await store.apply(call.id, hung_up(call.position.state, "hung_up_by_api"))
            app = create_app(
                replace(parloir, rates=Generous(parloir.rates)), StartPage(settings.origin), AssetManifest.load()
            )
            told.send((tenant.project_token, call.id))
            await Listener(app, "127.0.0.1", orders.port).run()

    configure_logging("ERROR", as_json=True)
    uvloop.run(serve())


def serve_bare(orders: Orders, told: Connection) -> None:
    """Each path answers its JSON, put together for every request."""
    app = Quart("bare")

    def route(body: bytes) -> Callable[[], Any]:
        parsed = json.loads(body)

        async def answer() -> Response:
            return Response(json.dumps(parsed), content_type="application/json")

        return answer

    for number, (path, body) in enumerate(orders.bodies):
        app.add_url_rule(path.replace("{call}", str(BARE_CALL)), f"route{number}", route(body))
    told.send(("", BARE_CALL))
    uvloop.run(Listener(app, "127.0.0.1", orders.port).run())


@dataclass
class Served:
    """A server process at `url`; ready when it has `told`."""

    url: str
    pid: int
    told: tuple[str, int]  # a token, and the id of a call that it may ask for

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def served(serve: Any, orders: Orders) -> Iterator[Served]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(orders, theirs), daemon=True)
    process.start()
    try:
        assert process.pid is not None
        yield Served(f"http://127.0.0.1:{orders.port}", process.pid, ours.recv())
    finally:
        process.kill()
        process.join()


@dataclass(frozen=True)
class Measured:
    """`waits_s` sorted."""

    per_s: float
    cpu_ms: float
    waits_s: list[float]


class Client:
    """A backend that asks one route, AT_ONCE requests at a time."""

    def __init__(self, http: aiohttp.ClientSession, server: Served) -> None:
        self._http = http
        self._server = server

    async def until_it_answers(self, path: str) -> bytes:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                async with self._http.get(self._server.url + path.format(call=self._server.told[1])) as answer:
                    assert answer.status == 200, await answer.text()
                    return await answer.read()
            except aiohttp.ClientConnectionError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(CONNECT_EVERY_S)

    async def ask(self, path: str, count: int) -> Measured:
        waiting, waits = iter(range(count)), []

        async def one_after_the_other() -> None:
            for _ in waiting:
                began = time.perf_counter()
                async with self._http.get(self._server.url + path.format(call=self._server.told[1])) as answer:
                    await answer.read()
                    assert answer.status == 200
                waits.append(time.perf_counter() - began)

        began, cpu = time.perf_counter(), self._server.cpu_s
        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
        took = time.perf_counter() - began
        return Measured(count / took, (self._server.cpu_s - cpu) / count * 1_000, sorted(waits))


def show(name: str, found: list[Measured], bare: list[Measured]) -> None:
    """The median round of each, so that what else the machine does counts little."""

    def median(values: list[float]) -> float:
        return quantile(sorted(values), 0.5)

    waits = sorted(wait for each in found for wait in each.waits_s)
    per_s, cpu_ms = median([each.per_s for each in found]), median([each.cpu_ms for each in found])
    ratio = per_s / median([each.per_s for each in bare])
    print(
        f"    {name:18} {per_s:6.0f} requests/s, {ratio:.2f} of the bare route;  {cpu_ms:5.2f} ms CPU each;"
        f"  p50 {quantile(waits, 0.5) * 1e3:5.1f} ms   p99 {quantile(waits, 0.99) * 1e3:5.1f} ms"
    )


async def measure(folder: Path, postgres_url: str) -> None:
    with contextlib.ExitStack() as servers:
        sqlite = servers.enter_context(served(serve_parloir, Orders(free_port(), folder / "one")))
        postgres = servers.enter_context(served(serve_parloir, Orders(free_port(), folder / "two", postgres_url)))
        async with contextlib.AsyncExitStack() as closing:

            async def client(server: Served) -> Client:
                headers = {"Authorization": f"Bearer {server.told[0]}"}
                return Client(await closing.enter_async_context(aiohttp.ClientSession(headers=headers)), server)

            ours, theirs = await client(sqlite), await client(postgres)
            await ours.until_it_answers(PATHS[0])
            await theirs.until_it_answers(PATHS[0])
            bodies = tuple([(path, await ours.until_it_answers(path.format(call=sqlite.told[1]))) for path in PATHS])
            bare = await client(servers.enter_context(served(serve_bare, Orders(free_port(), folder, None, bodies))))
            for path, body in bodies:
                await compare(path, len(body), {"bare Quart": bare, "ours, SQLite": ours, "ours, PostgreSQL": theirs})


async def compare(path: str, size: int, clients: dict[str, Client]) -> None:
    """In turns: what slows one round down slows down the next one's neighbour too."""
    found: dict[str, list[Measured]] = {name: [] for name in clients}
    for client in clients.values():
        await client.until_it_answers(path)
        await client.ask(path, WARM_UP)
    for _ in range(ROUNDS):
        for name, client in clients.items():
            found[name].append(await client.ask(path, REQUESTS))
    print(f"GET {path} ({size:,} bytes, {AT_ONCE} at once)")
    for name, rounds in found.items():
        show(name, rounds, found["bare Quart"])


def main() -> None:
    build()
    postgres = PrivatePostgres()
    postgres.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("one", "two"):
                (Path(folder) / name).mkdir()
            uvloop.run(measure(Path(folder), postgres.url("postgres")))
    finally:
        postgres.remove()


if __name__ == "__main__":
    main()
