"""Many calls through a server that is killed, or loses what it leans on; and what its customer was told of them."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from server.calls.store import CallStore
from server.calls.tables import CallEventRow, CallRow, OutboxRow
from server.kit.clock import SystemClock
from server.storage import Database
from server.webhooks.tables import DeliveryRow
from tests.fixtures.servers import free_port
from tests.fixtures.webhook_receiver import Receiver, receiving

ROOT = Path(__file__).resolve().parents[2]
TOGETHER = 16
AHEAD_S = 300.0  # longer than every lease
START_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 30
ALL_ANSWERED_TIMEOUT_S = 1_800
SETTLED_TIMEOUT_S = 300
LOOK_EVERY_S = 0.2

# Numbers that refuse by themselves: a call is over within two seconds, and each tells another story.
_AGENT = "+15005550007"
_CUSTOMERS = ("+15005550001", "+15005550003", "+15005550004", "+15005550005")
_WORDS = {"call.ringing": "ringing", "call.answered": "started"}
_ENDS = {"busy": "busy", "no_answer": "no-answer", "failed": "failed", "canceled": "canceled", "error": "error"}
_AGAIN = (httpx.TransportError, json.JSONDecodeError)


@dataclass(frozen=True)
class Tally:
    """What became of the orders: `answered` calls by id, what should have been told of every call, and what was.

    `placed`: how many calls there are.
    """

    answered: list[int]
    placed: int
    expected: set[tuple[int, str]]
    received: Counter[tuple[str, int, str]] = field(default_factory=Counter)  # webhook id, call, event

    @property
    def lost(self) -> set[tuple[int, str]]:
        return self.expected - {(call, event) for _, call, event in self.received}

    @property
    def unended(self) -> set[int]:
        """Calls that were promised and never told to be over."""
        told = {call for _, call, event in self.received if event.partition(".")[2] in _ENDS.values()}
        return set(self.answered) - told

    @property
    def sent_again(self) -> int:
        """How many deliveries arrived more than once, under one id."""
        return sum(count - 1 for count in self.received.values())

    @property
    def told_twice(self) -> set[tuple[int, str]]:
        """What arrived under two ids: a customer would count it twice."""
        kinds = Counter((call, event) for _, call, event in self.received)
        return {kind for kind, count in kinds.items() if count > 1}


class Storm:
    """A tenant with one webhook endpoint, its server, and its orders."""

    def __init__(self, folder: Path, database_url: str, receiver: Receiver, redis_url: str | None) -> None:
        self._database_url = database_url
        self._database = Database(database_url)
        self._receiver = receiver
        self._port = free_port()
        self._log = folder / "server.log"
        self._data = folder / "var"
        self._ahead_s = 0.0
        self._process: asyncio.subprocess.Process | None = None
        self._http = httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S, trust_env=False)
        self._answered: list[int] = []
        self._more = asyncio.Condition()
        self._environment = {
            **os.environ,
            "PORT": str(self._port),
            "PARLOIR_DATA_DIR": str(self._data),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url or "",
            "PARLOIR_EGRESS_ALLOW_HTTP": "true",
            "PARLOIR_EGRESS_NETWORKS": "127.0.0.0/8",
            "PARLOIR_LOG_LEVEL": "warning",
        }

    async def prepare(self) -> None:
        """The tenant and its endpoint; the server runs."""
        await self.start()
        parloir = Path(sys.executable).with_name("parloir")
        creating = await asyncio.create_subprocess_exec(
            *(parloir, "tenants", "create", "--name", "Storm", "--plan", "enterprise", "--json"),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await creating.communicate()
        self._http.headers["Authorization"] = f"Bearer {json.loads(said)['project_token']}"
        made = await self._post("/api/v1/webhooks", {"url": f"{self._receiver.url}/hook"})
        assert made.status_code == 201, made.text

    async def start(self) -> None:
        """Returns when the server answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.server_process", str(self._ahead_s)),
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_TIMEOUT_S):
            while not await self._answers():
                assert self._process.returncode is None, self.log
                await asyncio.sleep(LOOK_EVERY_S)

    async def kill(self) -> None:
        """As a crash ends it; the next start is after every lease."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        self._ahead_s += AHEAD_S

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()
        await self._http.aclose()
        await self._database.close()

    @property
    def store(self) -> CallStore:
        """The calls, as another process of the same deployment has them."""
        return CallStore(self._database, SystemClock())

    @property
    def cable_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/cable"

    def memory_mb(self) -> float:
        """What the server holds."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1_024

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    async def order(self, count: int) -> None:
        """Order `count` calls and ask again until each is answered; TOGETHER of them at a time."""
        waiting = iter(range(count))

        async def customer() -> None:
            for number in waiting:
                await self._order(number)

        async with asyncio.timeout(ALL_ANSWERED_TIMEOUT_S), asyncio.TaskGroup() as customers:
            for _ in range(min(TOGETHER, count)):
                customers.create_task(customer())

    async def call(self) -> dict[str, Any]:
        """A call that waits for its agent's softphone; what its order was answered."""
        wish = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": "+33612345678"}
        answer = await self._post("/api/v1/calls/initiate", wish)
        assert answer.status_code == 201, answer.text
        begun: dict[str, Any] = answer.json()
        return begun

    async def until_answered(self, count: int) -> None:
        """Until so many orders have an answer."""
        async with self._more:
            await self._more.wait_for(lambda: len(self._answered) >= count)

    async def settled(self) -> Tally:
        """What was told, once no call is open, nothing waits to be acted on and nothing waits to be delivered."""
        async with asyncio.timeout(SETTLED_TIMEOUT_S):
            while await self._open():  # noqa: ASYNC110  # it is another process that finishes
                await asyncio.sleep(LOOK_EVERY_S)
        received: Counter[tuple[str, int, str]] = Counter()
        for one in self._receiver.received:
            body = json.loads(one.body)
            received[(one.headers["webhook-id"], body["data"]["id"], body["type"])] += 1
        async with self._database.reading() as session:
            placed = await session.scalar(select(func.count()).select_from(CallRow)) or 0
        return Tally(list(self._answered), placed, await self._expected(), received)

    async def _order(self, number: int) -> None:
        wish = {
            "call_type": "bridge",
            "inbound_phone_number": _AGENT,
            "recipient_phone_number": _CUSTOMERS[number % len(_CUSTOMERS)],
        }
        while True:
            answer = None
            try:
                answer = await self._post("/api/v1/calls/initiate", wish, f"order {number}")
            except _AGAIN:
                pass  # nobody knows whether it was taken: the key makes asking again safe
            if answer is not None and answer.status_code == 201:
                break
            assert answer is None or answer.status_code in (409, 429, 500, 503), answer.text
            await asyncio.sleep(LOOK_EVERY_S)
        async with self._more:
            self._answered.append(answer.json()["phone_call_id"])
            self._more.notify_all()

    async def _post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self._http.post(f"http://127.0.0.1:{self._port}{path}", json=body, headers=headers)

    async def _answers(self) -> bool:
        try:
            return (await self._http.get(f"http://127.0.0.1:{self._port}/healthz")).is_success
        except httpx.TransportError:
            return False

    async def _open(self) -> int:
        """How much is not finished."""
        unfinished = (
            select(func.count()).select_from(CallRow).where(CallRow.state != "ended"),
            select(func.count()).select_from(OutboxRow).where(OutboxRow.done_at.is_(None)),
            select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state == "pending"),
        )
        async with self._database.reading() as session:
            return sum([await session.scalar(each) or 0 for each in unfinished])

    async def _expected(self) -> set[tuple[int, str]]:
        """By what was committed of each call: the events that its customer must have been told."""
        async with self._database.reading() as session:
            rows = (await session.execute(select(CallEventRow.call_id, CallEventRow.type, CallEventRow.payload))).all()
        steps = {(call, f"phone_call.{_WORDS[kind]}") for call, kind, _ in rows if kind in _WORDS}
        ends = {
            (call, f"phone_call.{_ENDS[payload['outcome']]}") for call, kind, payload in rows if kind == "call.ended"
        }
        return steps | ends


@asynccontextmanager
async def storm(folder: Path, database_url: str, redis_url: str | None = None) -> AsyncIterator[Storm]:
    """Ready to take orders; stopped at the end of the block."""
    async with receiving() as receiver:
        weather = Storm(folder, database_url, receiver, redis_url)
        try:
            await weather.prepare()
            yield weather
        finally:
            await weather.close()
