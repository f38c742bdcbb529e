"""The schema's history, and the one way to bring a database up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from server.storage.database import Database


async def migrate(database: Database) -> None:
    """Bring `database` to the newest schema. Safe to run again, and by several processes in turn."""
    async with database.engine.connect() as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
