"""The database: SQLite for one process, PostgreSQL for more. Transactions are the only way in."""

import asyncio
import functools
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, Dialect, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import greenlet_spawn

from server.storage.sqlite_thread import ThreadedConnection

_BUSY_TIMEOUT_MS = 10_000
_CONNECT_TIMEOUT_S = 5
_STATEMENT_TIMEOUT_S = 15
CONNECTIONS = 20
WAIT_S = 10.0
_TRUSTED_S = 1.0  # a connection that answered so lately is used without asking whether it is there: that takes longer
_READING = "parloir_reading"
_LOOKING = "parloir_looking"
_BACK_AT = "parloir_back_at"

_AWAY_SQLSTATES = ("08", "53", "57P")  # no connection, no resources, shut down
_AWAY_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)

Found = TypeVar("Found")


class Unreachable(ConnectionError):
    """The database's server cannot be connected to, or did not answer in time."""


class Database:
    """An engine and its transactions. `url` is `sqlite:///path` or `postgresql://…`; drivers are ours to choose.

    At most `connections` are open at once; who needs one more waits `wait_s` for it. Raises ValueError for any
    other url.
    """

    def __init__(self, url: str, connections: int = CONNECTIONS, wait_s: float = WAIT_S) -> None:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        backend = parsed.get_backend_name()
        kept = max(1, connections // 2)
        pool = {"pool_size": kept, "max_overflow": connections - kept, "pool_timeout": wait_s}
        # SQLite has one writer at a time: they queue here in order, instead of each trying its luck at the file.
        self._writer: asyncio.Lock | None = None
        if backend == "sqlite":
            self._engine = _sqlite_engine(parsed, **pool)
            self._writer = asyncio.Lock()
        elif backend == "postgresql":
            self._engine = _postgres_engine(parsed, **pool)
        else:
            raise ValueError("DATABASE_URL must be sqlite:///… or postgresql://…")
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        alone: dict[str, Any] = {_LOOKING: True} if self._writer else {"isolation_level": "AUTOCOMMIT"}
        self._looking = self._engine.sync_engine.execution_options(**alone)  # on the same pool

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

    async def look(self, work: Callable[[Connection], Found]) -> Found:
        """What `work` finds on one plain connection, rows as columns: for what is asked with every request.

        Each of its statements sees what is committed by then, as in reading() on PostgreSQL. No transaction is
        begun or ended around them, which costs more than the statements do.
        """
        try:
            return await greenlet_spawn(self._look, work)
        except DBAPIError as failure:
            if not failure.connection_invalidated:
                raise
        return await greenlet_spawn(self._look, work)  # the connection was gone; nothing was written

    def _look(self, work: Callable[[Connection], Found]) -> Found:
        with self._looking.connect() as connection:
            return work(connection)

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
    if not isinstance(failure, DBAPIError):
        return isinstance(failure, PoolTimeout | Unreachable)
    if isinstance(failure.orig, sqlite3.Error):
        return getattr(failure.orig, "sqlite_errorcode", 0) & 0xFF in _AWAY_SQLITE  # the rest is detail
    return failure.connection_invalidated or str(getattr(failure.orig, "sqlstate", "")).startswith(_AWAY_SQLSTATES)


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


def _postgres_engine(url: URL, **pool: Any) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        **pool,
        hide_parameters=True,  # what visitors said is among them, and errors reach the log
        connect_args={"timeout": _CONNECT_TIMEOUT_S, "command_timeout": _STATEMENT_TIMEOUT_S},
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def _on_connect(dialect: Dialect, _record: ConnectionPoolEntry, arguments: Any, named: Any) -> Any:
        try:
            return dialect.connect(*arguments, **named)
        except OSError as failure:
            raise Unreachable("no connection to the database") from failure

    @event.listens_for(engine.sync_engine, "handle_error")
    def _on_error(context: ExceptionContext) -> Unreachable | None:
        is_silent = isinstance(context.original_exception, OSError)  # TimeoutError is one
        return Unreachable("no answer from the database") if is_silent else None

    @event.listens_for(engine.sync_engine, "checkin")
    def _on_checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_BACK_AT] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def _on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if time.monotonic() - record.info.get(_BACK_AT, time.monotonic()) <= _TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as failure:  # whatever the driver raises: the database went away since
            raise InvalidatePoolError from failure

    return engine


def _sqlite_engine(url: URL, **pool: Any) -> AsyncEngine:
    """WAL, foreign keys, and our own BEGIN: IMMEDIATE for writers, so that two never deadlock on an upgrade."""
    if url.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file: sqlite:///path")
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        **pool,
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
        options = connection.get_execution_options()
        if _LOOKING in options:
            return  # SQLite ends by itself what is read to the end
        is_reading = options.get(_READING, False)
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine
