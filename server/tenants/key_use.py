"""When each key was last used: noted in memory, written once a minute, never while a request waits."""

from datetime import datetime

from sqlalchemy import bindparam, or_, update
from sqlalchemy.exc import SQLAlchemyError

from server.kit.clock import Clock
from server.kit.log import logger
from server.storage import Database
from server.tenants.tables import CredentialRow

WRITTEN_EVERY_S = 60.0
MAX_NOTED = 10_000  # keys between two writes; those beyond are noted when they are used again

_log = logger(__name__)
_WRITE = (
    update(CredentialRow.__table__)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    .where(
        CredentialRow.id == bindparam("key_id"),
        or_(CredentialRow.last_used_at.is_(None), CredentialRow.last_used_at < bindparam("used_at")),
    )
    .values(last_used_at=bindparam("used_at"))
)


class KeyUse:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[int, datetime] = {}

    def note(self, credential_id: int) -> None:
        """The key was used now."""
        if credential_id in self._noted or len(self._noted) < MAX_NOTED:
            self._noted[credential_id] = self._clock.now()

    async def keep_writing(self) -> None:
        """Write what was noted, every WRITTEN_EVERY_S, until cancelled."""
        while True:
            await self._clock.sleep(WRITTEN_EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write what was noted since the last time. When the database is away, it is kept for the next."""
        if not self._noted:
            return
        noted, self._noted = self._noted, {}
        rows = [{"key_id": key, "used_at": at} for key, at in sorted(noted.items())]
        try:
            async with self._database.transaction() as session:
                await session.execute(_WRITE, rows)
        except (SQLAlchemyError, OSError) as failure:
            self._noted = noted | self._noted
            _log.warning("the last use of keys was not written", failure=type(failure).__name__, keys=len(noted))
