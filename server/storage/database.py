"""The database: SQLite for one process, PostgreSQL for more. Transactions are the only way in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

_BUSY_TIMEOUT_MS = 10_000
_READING = "parloir_reading"


class Database:
    """An engine and its transactions. `url` is `sqlite:///path` or `postgresql://…`; drivers are ours to choose."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            self._engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"))
            _prepare_sqlite(self._engine)
        elif backend == "postgresql":
            self._engine = create_async_engine(
                parsed.set(drivername="postgresql+asyncpg"), pool_pre_ping=True, pool_size=10, max_overflow=10
            )
        else:
            raise ValueError("DATABASE_URL must be sqlite:///… or postgresql://…")
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @property
    def engine(self) -> AsyncEngine:
        return self._engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end of the block, rolls back if it raises. On SQLite it is the only writer meanwhile."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A consistent look; nothing is written. On SQLite it does not wait for a writer."""
        async with self._sessions() as session:
            await session.connection(execution_options={_READING: True})
            yield session
            await session.rollback()

    async def is_reachable(self) -> bool:
        """Whether a query is answered now."""
        try:
            async with self.reading() as session:
                await session.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001  # whatever the driver raises, the answer is the same
            return False
        return True

    async def close(self) -> None:
        await self._engine.dispose()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """WAL, foreign keys, and our own BEGIN: IMMEDIATE for writers, so that two never deadlock on an upgrade."""

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
