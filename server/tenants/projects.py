"""A tenant's projects: each has calls, numbers, webhooks and tokens of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.kit.clock import Clock
from server.kit.errors import FieldProblem, InvalidInput, TooMany
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.text import storable
from server.tenants.audit import record
from server.tenants.tables import ProjectRow, TenantRow

NAME_MAX = 80
PROJECTS_MAX = 50  # of one tenant
_UID_MAX = 40
_RETRY_S = 3_600


@dataclass(frozen=True)
class Project:
    id: int
    uid: str
    tenant_id: int
    tenant_name: str
    name: str
    created_at: datetime


class Projects:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, tenant_ids: Sequence[int]) -> list[Project]:
        """The projects of these tenants, a tenant's together, oldest first."""
        async with self._database.reading() as session:
            rows = await session.execute(
                select(ProjectRow, TenantRow.name)
                .join(TenantRow, TenantRow.id == ProjectRow.tenant_id)
                .where(ProjectRow.tenant_id.in_(tenant_ids))
                .order_by(ProjectRow.tenant_id, ProjectRow.id)
            )
            return [_project(row, tenant_name) for row, tenant_name in rows]

    async def find(self, tenant_ids: Sequence[int], uid: str) -> Project | None:
        """The project `uid` if one of these tenants has it."""
        return next((each for each in await self.of(tenant_ids) if each.uid == uid[:_UID_MAX]), None)

    async def add(self, tenant_id: int, name: str, actor: str) -> Project:
        """One more, without a token yet. Raises InvalidInput `invalid_name`, TooMany `too_many_projects`."""
        name = storable(name).strip()
        if not 0 < len(name) <= NAME_MAX:
            problem = FieldProblem("name", f"It has 1 to {NAME_MAX} characters.")
            raise InvalidInput("invalid_name", f"A project's name has 1 to {NAME_MAX} characters.", [problem])
        now = self._clock.now()
        async with self._database.transaction() as session:
            # The tenant's row is the lock: two adds at once may not both be the last.
            tenant = await session.get_one(TenantRow, tenant_id, with_for_update=True)
            known = await session.scalars(select(ProjectRow.id).where(ProjectRow.tenant_id == tenant_id))
            if len(list(known)) >= PROJECTS_MAX:
                raise TooMany("too_many_projects", f"An account has at most {PROJECTS_MAX} projects.", _RETRY_S)
            row = ProjectRow(uid=new_uid("proj"), tenant_id=tenant_id, name=name, created_at=now)
            session.add(row)
            await session.flush()
            await record(session, now, tenant_id, actor, "project.created", {"project": row.uid})
        return _project(row, tenant.name)


def _project(row: ProjectRow, tenant_name: str) -> Project:
    return Project(row.id, row.uid, row.tenant_id, tenant_name, row.name, row.created_at)
