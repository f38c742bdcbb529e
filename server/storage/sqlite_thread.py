"""SQLite's connections in threads of their own, visited once for a statement.

aiosqlite goes to the thread to make a cursor, to execute, to fetch and to close it: four waits for the interpreter's
lock, each up to milliseconds long on a busy server. Here one visit does all of it, and BEGIN rides along with the
statement after it. Fits `async_creator` of create_async_engine.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiosqlite

_BEGINNINGS = frozenset({"BEGIN", "BEGIN IMMEDIATE"})
_Row = tuple[Any, ...]


@dataclass(frozen=True)
class _Outcome:
    """What a statement left behind, read to the end."""

    description: tuple[Any, ...] | None = None
    rows: Sequence[_Row] = ()
    rowcount: int = -1
    lastrowid: int | None = None


class ThreadedConnection(aiosqlite.Connection):
    """A connection to the file `path`, made when awaited. A BEGIN waits for the statement after it.

    Where nothing was begun, committing and rolling back do not go to the thread.
    """

    def __init__(self, path: str) -> None:
        super().__init__(lambda: sqlite3.connect(path, check_same_thread=False), iter_chunk_size=64)
        self._thread.daemon = True
        self._beginning: str | None = None
        self._has_begun = False

    def cursor(self) -> "WholeCursor":  # type: ignore[override]  # less than aiosqlite's: what SQLAlchemy asks of one
        return WholeCursor(self)

    async def commit(self) -> None:
        self._beginning = None
        if self._has_begun:
            await super().commit()
            self._has_begun = False

    async def rollback(self) -> None:
        self._beginning = None
        if self._has_begun:
            await super().rollback()
            self._has_begun = False

    def begin_with_next(self, beginning: str) -> None:
        self._beginning = beginning

    async def visit(self, work: Callable[[sqlite3.Cursor], object]) -> _Outcome:
        """Run `work` on a new cursor in the connection's thread. Raises sqlite3.Error."""
        beginning, self._beginning = self._beginning, None
        self._has_begun |= beginning is not None  # even if nobody waits any more for what the thread does
        outcome: _Outcome = await self._execute(self._run, beginning, work)  # type: ignore[no-untyped-call]
        return outcome

    def _run(self, beginning: str | None, work: Callable[[sqlite3.Cursor], object]) -> _Outcome:
        cursor = self._conn.cursor()
        try:
            if beginning is not None:
                cursor.execute(beginning)
            work(cursor)
            rows = cursor.fetchall() if cursor.description else ()
            return _Outcome(cursor.description, rows, cursor.rowcount, cursor.lastrowid)
        finally:
            cursor.close()


class WholeCursor:
    """The cursor SQLAlchemy asks for. Executing reads everything; all else answers from what was read."""

    arraysize = 1

    def __init__(self, connection: ThreadedConnection) -> None:
        self._connection = connection
        self._outcome = _Outcome()

    async def __aenter__(self) -> "WholeCursor":
        return self

    @property
    def description(self) -> tuple[Any, ...] | None:
        return self._outcome.description

    @property
    def rowcount(self) -> int:
        return self._outcome.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._outcome.lastrowid

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        if operation in _BEGINNINGS:
            self._connection.begin_with_next(operation)
            return
        self._outcome = await self._connection.visit(lambda cursor: cursor.execute(operation, parameters))

    async def executemany(self, operation: str, seq_of_parameters: Sequence[Sequence[Any]]) -> None:
        self._outcome = await self._connection.visit(lambda cursor: cursor.executemany(operation, seq_of_parameters))

    async def fetchall(self) -> Sequence[_Row]:
        return self._outcome.rows

    async def close(self) -> None:
        """Nothing is open."""
