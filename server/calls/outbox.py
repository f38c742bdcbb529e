"""What was committed and still has to be acted on: taken in order, tried again later when it fails, never forgotten."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from sqlalchemy import delete, select, update

from server.calls.store import CallEvent
from server.calls.tables import CallEventRow, OutboxRow
from server.kit.clock import Clock
from server.kit.log import logger
from server.storage import Database

_log = logger(__name__)

CLAIM = timedelta(seconds=120)  # a process that died while it acted gives its rows back
BATCH = 50
LOOK_EVERY_S = 5.0  # a row of another process, or one whose time has come
RETRY_S = (2, 10, 60, 300, 1_800)

Act = Callable[[CallEvent], Awaitable[None]]


class Outbox:
    """Calls `acts[event type]` for every event, at least once; what nobody acts on is done at once."""

    def __init__(self, database: Database, clock: Clock, acts: Mapping[str, Act]) -> None:
        self._database = database
        self._clock = clock
        self._acts = acts
        self._more = asyncio.Event()

    def poke(self) -> None:
        """There is something new."""
        self._more.set()

    async def run(self) -> None:
        """Act until cancelled."""
        while True:
            self._more.clear()
            try:
                while await self.act():
                    pass
            except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next time may succeed
                _log.warning("the outbox could not be read", exc_info=failure)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._more.wait()

    async def act(self) -> int:
        """Act on what is due now; how many rows there were."""
        claimed = await self._claim()
        for outbox_id, event in claimed:
            try:
                await self._acts[event.type](event)
            except Exception as failure:  # noqa: BLE001  # whatever it is, the row waits for another try
                _log.error("an event could not be acted on", event_type=event.type, exc_info=failure)
                await self._failed(outbox_id, type(failure).__name__)
            else:
                await self._done(outbox_id)
        return len(claimed)

    async def _claim(self) -> list[tuple[int, CallEvent]]:
        now = self._clock.now()
        async with self._database.transaction() as session:
            await session.execute(
                delete(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.topic.not_in(list(self._acts)))
            )
            due = (
                select(OutboxRow.id)
                .where(OutboxRow.done_at.is_(None), OutboxRow.due_at <= now)
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
                .order_by(OutboxRow.id)
            )
            return [
                (outbox_id, CallEvent(row.id, row.call_id, row.seq, row.type, dict(row.payload), row.at))
                for outbox_id, row in rows
            ]

    async def _done(self, outbox_id: int) -> None:
        async with self._database.transaction() as session:
            await session.execute(delete(OutboxRow).where(OutboxRow.id == outbox_id))

    async def _failed(self, outbox_id: int, reason: str) -> None:
        """Try again later; after the last try the row stays, with why, for somebody to look at."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = await session.get_one(OutboxRow, outbox_id)
            row.failure = reason
            if row.attempts > len(RETRY_S):
                row.done_at = now
            else:
                row.due_at = now + timedelta(seconds=RETRY_S[row.attempts - 1])
