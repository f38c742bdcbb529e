"""The schema's history, and the one way to bring a database up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from server.storage.database import Database

_LOCK = 0x7061726C  # any number of our own: two processes that start together migrate one after the other


async def migrate(database: Database) -> None:
    """Bring `database` to the newest schema. Safe to run again, and by several processes at once."""
    async with database.engine.connect() as connection:
        if database.engine.dialect.name == "postgresql":  # SQLite's transactions have one writer anyway
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(_upgrade)
        await connection.commit()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
