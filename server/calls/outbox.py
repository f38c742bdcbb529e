"""What was committed and still has to be acted on: taken in order, tried again later when it fails, never forgotten."""

import asyncio
import contextlib
import functools
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update

from server.calls.store import CallEvent
from server.calls.tables import CallEventRow, OutboxRow
from server.kit.clock import Clock
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.storage import Database, is_away

_log = logger(__name__)

CLAIM = timedelta(seconds=120)  # a process that died while it acted gives its rows back
BATCH = 50
TOGETHER_MAX = 32  # calls
LOOK_EVERY_S = 5.0  # a row of another process, or one whose time has come
AWAY_S = 1.0
RETRY_S = (2, 10, 60, 300, 1_800)

Act = Callable[[CallEvent], Awaitable[None]]


class Outbox:
    """Calls `acts[event type]` for every event, at least once; what nobody acts on is done at once.

    The events of one call are acted on in order, calls beside one another: a slow one holds up nobody else.
    """

    def __init__(self, database: Database, clock: Clock, acts: Mapping[str, Act]) -> None:
        self._database = database
        self._clock = clock
        self._acts = acts
        self._more = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}  # by call

    def poke(self) -> None:
        """There is something new."""
        self._more.set()

    async def run(self) -> None:
        """Act until cancelled."""
        tasks = TaskScope("outbox")
        try:
            while True:
                self._more.clear()
                try:
                    began = await self._begin(tasks)
                except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next time may succeed
                    _log.warning("the outbox could not be read", exc_info=failure)
                    began = 0
                if not began:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY_S):
                            await self._more.wait()
        finally:
            await tasks.close()

    async def act(self) -> int:
        """Act on what is due now; how many rows there were."""
        tasks = TaskScope("outbox once")
        try:
            began = await self._begin(tasks)
            await asyncio.gather(*self._busy.values())
        finally:
            await tasks.close()
        return began

    async def _begin(self, tasks: TaskScope) -> int:
        claimed = await self._claim() if len(self._busy) < TOGETHER_MAX else []
        for call_id, rows in itertools.groupby(claimed, key=lambda row: row[1].call_id):
            self._busy[call_id] = tasks.spawn(self._act_on(call_id, list(rows)), f"call {call_id}")
        return len(claimed)

    async def _act_on(self, call_id: int, rows: Sequence[tuple[int, CallEvent]]) -> None:
        done = []
        try:
            for place, (outbox_id, event) in enumerate(rows):
                try:
                    await self._acts[event.type](event)
                except Exception as failure:  # noqa: BLE001  # whatever it is, the row waits for another try
                    if is_away(failure):  # no fault of the event's: it loses none of its tries, and its place neither
                        _log.warning("events wait for the database", failure=type(failure).__name__)
                        rest = [waiting for waiting, _ in rows[place:]]
                        await self._kept(functools.partial(self._give_back, rest))
                        break
                    _log.error("an event could not be acted on", event_type=event.type, exc_info=failure)
                    await self._kept(functools.partial(self._failed, outbox_id, type(failure).__name__))
                else:
                    done.append(outbox_id)
            await self._kept(functools.partial(self._done, done))
        finally:
            del self._busy[call_id]
            self._more.set()

    async def _claim(self) -> list[tuple[int, CallEvent]]:
        """Rows that are due, of calls that nobody here acts on, those of one call together."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            topics = list(self._acts)
            await session.execute(delete(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.topic.not_in(topics)))
            # Rows that nobody acts on may have been committed since the line above: on PostgreSQL this one sees them.
            is_due = OutboxRow.due_at <= now, OutboxRow.topic.in_(topics), OutboxRow.call_id.not_in(self._busy)
            due = (
                select(OutboxRow.id)
                .where(OutboxRow.done_at.is_(None), *is_due)
                .order_by(OutboxRow.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            ids = list(await session.scalars(due))
            if not ids:
                return []
            await session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_(ids))
                .values(due_at=now + CLAIM, attempts=OutboxRow.attempts + 1)
            )
            rows = await session.execute(
                select(OutboxRow.id, CallEventRow)
                .join(CallEventRow, CallEventRow.id == OutboxRow.event_id)
                .where(OutboxRow.id.in_(ids))
                .order_by(OutboxRow.call_id, OutboxRow.id)
            )
            return [
                (outbox_id, CallEvent(row.id, row.call_id, row.seq, row.type, dict(row.payload), row.at))
                for outbox_id, row in rows
            ]

    async def _kept(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write; while the database is away, again and again, as long as the rows are ours."""
        deadline = self._clock.monotonic() + CLAIM.total_seconds()
        while True:
            try:
                return await write()
            except Exception as failure:
                if not is_away(failure) or self._clock.monotonic() > deadline:
                    raise
            await self._clock.sleep(AWAY_S)

    async def _done(self, outbox_ids: Sequence[int]) -> None:
        async with self._database.transaction() as session:
            await session.execute(delete(OutboxRow).where(OutboxRow.id.in_(outbox_ids)))

    async def _give_back(self, outbox_ids: Sequence[int]) -> None:
        """As if they had not been claimed, and for a moment nobody may."""
        due_at = self._clock.now() + timedelta(seconds=RETRY_S[0])
        async with self._database.transaction() as session:
            await session.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_(outbox_ids))
                .values(due_at=due_at, attempts=OutboxRow.attempts - 1)
            )

    async def _failed(self, outbox_id: int, reason: str) -> None:
        """Try again later; after the last try the row stays, with why, for somebody to look at."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await session.get(OutboxRow, outbox_id, with_for_update=True)
            if row is None:  # its call was erased meanwhile
                return
            row.failure = reason
            if row.attempts > len(RETRY_S):
                row.done_at = now
            else:
                row.due_at = now + timedelta(seconds=RETRY_S[row.attempts - 1])
