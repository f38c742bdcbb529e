"""The database: SQLite for one process, PostgreSQL for more. Transactions are the only way in."""

import asyncio
import functools
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from server.storage.sqlite_thread import ThreadedConnection

_BUSY_TIMEOUT_MS = 10_000
_CONNECT_TIMEOUT_S = 5
_STATEMENT_TIMEOUT_S = 15
_POOL_TIMEOUT_S = 10
_POOL_SIZE = 10
_POOL_OVERFLOW = 10
_READING = "parloir_reading"


class Database:
    """An engine and its transactions. `url` is `sqlite:///path` or `postgresql://…`; drivers are ours to choose.

    Raises ValueError for any other url.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        backend = parsed.get_backend_name()
        # SQLite has one writer at a time: they queue here in order, instead of each trying its luck at the file.
        self._writer: asyncio.Lock | None = None
        if backend == "sqlite":
            self._engine = _sqlite_engine(parsed)
            self._writer = asyncio.Lock()
        elif backend == "postgresql":
            self._engine = _postgres_engine(parsed)
        else:
            raise ValueError("DATABASE_URL must be sqlite:///… or postgresql://…")
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @property
    def has_one_process(self) -> bool:
        """Whether no other process can be at work on the same data: a SQLite file has one server."""
        return self._writer is not None

    @property
    def engine(self) -> AsyncEngine:
        return self._engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end of the block, rolls back if it raises. On SQLite it is the only writer meanwhile.

        A task that is in one must not open another.
        """
        turn: AbstractAsyncContextManager[None] = self._writer or nullcontext()
        async with turn, self._session() as session:
            try:
                yield session
            except BaseException:
                await _finished(session.rollback())
                raise
            await _finished(session.commit())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A look at what is committed; nothing is written. On SQLite it does not wait for a writer.

        Rows stay readable after the block, as after transaction().
        """
        async with self._session() as session:
            await session.connection(execution_options={_READING: True})
            yield session
            session.expunge_all()  # closing would empty the rows that the caller keeps

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """As reading(), and every query sees the same moment. SQLite's readers always do."""
        async with self.reading() as session:
            if self._engine.dialect.name == "postgresql":
                await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            yield session

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        session = self._sessions()
        try:
            yield session
        finally:
            await _finished(session.close())

    async def is_reachable(self) -> bool:
        """Whether a query is answered now."""
        try:
            async with self.reading() as session:
                await session.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001  # whatever the driver raises, the answer is the same
            return False
        return True

    async def close(self) -> None:
        """Give every connection back. Idempotent."""
        await self._engine.dispose()


def is_away(failure: BaseException) -> bool:
    """Whether `failure` says that the database cannot be reached now, and not that it refuses what was asked."""
    if isinstance(failure, DBAPIError):
        return failure.connection_invalidated or isinstance(failure, InterfaceError | OperationalError)
    return isinstance(failure, PoolTimeout | OSError)  # OSError: no connection, or no answer in time


async def _finished(ending: Coroutine[Any, Any, None]) -> None:
    """Wait for `ending` however often cancelled: broken off, it would leave its connection in an unknown state."""
    task = asyncio.create_task(ending)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError
    task.result()


def _postgres_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_pre_ping=True,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_TIMEOUT_S,
        hide_parameters=True,  # what visitors said is among them, and errors reach the log
        connect_args={"timeout": _CONNECT_TIMEOUT_S, "command_timeout": _STATEMENT_TIMEOUT_S},
    )


def _sqlite_engine(url: URL) -> AsyncEngine:
    """WAL, foreign keys, and our own BEGIN: IMMEDIATE for writers, so that two never deadlock on an upgrade."""
    if url.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file: sqlite:///path")
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_timeout=_POOL_TIMEOUT_S,
        hide_parameters=True,
        async_creator=functools.partial(ThreadedConnection, url.database),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        is_reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine
