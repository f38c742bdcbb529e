"""SQLite behind one visit a statement: what SQLAlchemy relies on, and what a waiting BEGIN may not lose."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.storage.sqlite_thread import ThreadedConnection


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[ThreadedConnection]:
    opened = ThreadedConnection(str(tmp_path / "some.db"))
    await opened
    opened.isolation_level = None
    await run(opened, "CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
    yield opened
    await opened.close()


async def run(connection: ThreadedConnection, statement: str, *parameters: object) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    await cursor.execute(statement, parameters)
    return list(await cursor.fetchall())


async def words(connection: ThreadedConnection) -> list[object]:
    return [text for (text,) in await run(connection, "SELECT text FROM words ORDER BY id")]


async def test_a_cursor_tells_what_a_statement_found_and_changed(connection: ThreadedConnection) -> None:
    cursor = connection.cursor()
    await cursor.executemany("INSERT INTO words (text) VALUES (?)", [("one",), ("two",)])
    assert (cursor.rowcount, cursor.description) == (2, None)
    await cursor.execute("INSERT INTO words (text) VALUES (?) RETURNING id", ("three",))
    assert (await cursor.fetchall(), cursor.lastrowid) == ([(3,)], 3)
    await cursor.execute("SELECT id, text FROM words WHERE id > ?", (1,))
    assert [column[0] for column in cursor.description or ()] == ["id", "text"]
    assert await cursor.fetchall() == [(2, "two"), (3, "three")]


async def test_what_follows_begin_is_kept_or_taken_back_together(connection: ThreadedConnection) -> None:
    for ending in (connection.rollback, connection.commit):
        await run(connection, "BEGIN IMMEDIATE")
        await run(connection, "INSERT INTO words (text) VALUES (?)", ending.__name__)
        await run(connection, "INSERT INTO words (text) VALUES (?)", ending.__name__ + " too")
        assert connection.in_transaction
        await ending()
        assert not connection.in_transaction
    assert await words(connection) == ["commit", "commit too"]


async def test_a_failed_statement_leaves_the_transaction_to_be_taken_back(connection: ThreadedConnection) -> None:
    await run(connection, "INSERT INTO words (text) VALUES ('here')")
    await run(connection, "BEGIN IMMEDIATE")
    await run(connection, "INSERT INTO words (text) VALUES ('new')")
    with pytest.raises(sqlite3.IntegrityError):
        await run(connection, "INSERT INTO words (text) VALUES ('here')")
    await connection.rollback()
    assert await words(connection) == ["here"]


async def test_an_empty_transaction_takes_no_lock_and_leaves_nothing_behind(
    connection: ThreadedConnection, tmp_path: Path
) -> None:
    await run(connection, "BEGIN IMMEDIATE")
    with sqlite3.connect(tmp_path / "some.db", timeout=0) as other:
        other.execute("INSERT INTO words (text) VALUES ('other')")
    await connection.commit()
    await run(connection, "INSERT INTO words (text) VALUES ('alone')")
    assert not connection.in_transaction  # it committed by itself: the BEGIN did not come back
    assert await words(connection) == ["other", "alone"]


async def test_a_writer_that_finds_the_file_locked_says_so_and_recovers(
    connection: ThreadedConnection, tmp_path: Path
) -> None:
    await run(connection, "PRAGMA busy_timeout=0")
    with sqlite3.connect(tmp_path / "some.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        await run(connection, "BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await run(connection, "INSERT INTO words (text) VALUES ('late')")
        await connection.rollback()
        other.execute("ROLLBACK")
    await run(connection, "BEGIN IMMEDIATE")
    await run(connection, "INSERT INTO words (text) VALUES ('now')")
    await connection.commit()
    assert await words(connection) == ["now"]
