"""Where things are kept: the database and its migrations, the bus between processes, counters for limits."""

from server.storage.base import Base, BigId, Moment
from server.storage.database import Database, is_away

__all__ = ["Base", "BigId", "Database", "Moment", "is_away"]
