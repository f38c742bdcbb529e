"""A tenant's projects: each has calls, numbers, webhooks and tokens of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import Conflict, FieldProblem, InvalidInput, NotFound, TooMany
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.reference import UID_MAX
from server.storage.text import storable
from server.tenants.audit import record
from server.tenants.keeping import Notice
from server.tenants.tables import AgentRow, CredentialRow, PhoneNumberRow, ProjectRow, TenantRow

NAME_MAX = 80
PROJECTS_MAX = 50  # of one tenant
_RETRY_S = 3_600


@dataclass(frozen=True)
class Project:
    id: int
    uid: str
    tenant_id: int
    tenant_name: str
    name: str
    notice: Notice  # what those who talk are told before a call of it is kept
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
        return next((each for each in await self.of(tenant_ids) if each.uid == uid[:UID_MAX]), None)

    async def called(self, tenant_id: int, name: str | None) -> Project:
        """The tenant's project of that name or uid, its first without one. Raises NotFound `unknown_project`."""
        mine = await self.of([tenant_id])
        found = next((each for each in mine if name in (None, each.uid, each.name)), None)
        if found is None:
            raise NotFound("unknown_project", "This account has no such project.")
        return found

    async def add(self, tenant_id: int, name: str, actor: str) -> Project:
        """One more, without a token yet. Raises InvalidInput `invalid_name`, TooMany `too_many_projects`."""
        name = _named(name)
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

    async def rename(self, project: Project, name: str, actor: str) -> None:
        """Raises InvalidInput `invalid_name`, NotFound `unknown_project`."""
        name = _named(name)
        async with self._database.transaction() as session:
            row = await _locked(session, project)
            row.name = name
            await record(session, self._clock.now(), project.tenant_id, actor, "project.renamed", {"project": row.uid})

    async def set_notice(self, project: Project, notice: str, actor: str) -> None:
        """Of calls from now on. Raises InvalidInput `invalid_field`, NotFound `unknown_project`."""
        if notice not in list(Notice):
            problem = FieldProblem("recording_notice", f"It is one of {', '.join(Notice)}.")
            raise InvalidInput("invalid_field", "There is no such notice.", [problem])
        async with self._database.transaction() as session:
            row = await _locked(session, project)
            row.recording_notice = notice
            told = {"project": row.uid, "recording_notice": notice}
            await record(session, self._clock.now(), project.tenant_id, actor, "project.recording_notice_set", told)

    async def owned(self, project: Project) -> list[str]:
        """What keeps the project from being deleted, of `first`, `keys`, `numbers`, `agents`.

        `first`: it is the tenant's first one, where calls land that name none.
        """
        async with self._database.reading() as session:
            return await self._owned(session, project)

    async def delete(self, project: Project, actor: str) -> None:
        """Remove a project that owns nothing, with the keys that open nothing any more.

        Raises Conflict `project_not_empty`, NotFound `unknown_project`.
        """
        async with self._database.transaction() as session:
            row = await _locked(session, project)
            if owned := await self._owned(session, project):
                raise Conflict("project_not_empty", f"The project still has: {', '.join(owned)}.")
            await session.delete(row)
            await record(session, self._clock.now(), project.tenant_id, actor, "project.deleted", {"project": row.uid})

    async def _owned(self, session: AsyncSession, project: Project) -> list[str]:
        opens = CredentialRow.opens_at(self._clock.now())
        earlier = select(ProjectRow.id).where(ProjectRow.tenant_id == project.tenant_id, ProjectRow.id < project.id)
        kinds: dict[str, ColumnElement[bool]] = {
            "first": ~earlier.exists(),
            "keys": select(CredentialRow.id).where(CredentialRow.project_id == project.id, opens).exists(),
            "numbers": select(PhoneNumberRow.id).where(PhoneNumberRow.project_id == project.id).exists(),
            "agents": select(AgentRow.id).where(AgentRow.project_id == project.id).exists(),
        }
        found = (await session.execute(select(*kinds.values()))).one()
        return [kind for kind, is_there in zip(kinds, found, strict=True) if is_there]


def _named(name: str) -> str:
    name = storable(name).strip()
    if not 0 < len(name) <= NAME_MAX:
        problem = FieldProblem("name", f"It has 1 to {NAME_MAX} characters.")
        raise InvalidInput("invalid_name", f"A project's name has 1 to {NAME_MAX} characters.", [problem])
    return name


async def _locked(session: AsyncSession, project: Project) -> ProjectRow:
    row = await session.scalar(select(ProjectRow).where(ProjectRow.id == project.id).with_for_update())
    if row is None:
        raise NotFound("unknown_project", "There is no such project any more.")
    return row


def _project(row: ProjectRow, tenant_name: str) -> Project:
    return Project(row.id, row.uid, row.tenant_id, tenant_name, row.name, Notice(row.recording_notice), row.created_at)
