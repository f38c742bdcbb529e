"""Tenants and their agents: made with everything they need, changed with an audit entry."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.agents.port import AgentProfile
from server.kit.clock import Clock
from server.kit.errors import InvalidInput, NotFound
from server.kit.ids import new_uid, random_text
from server.storage import Database
from server.storage.text import storable
from server.tenants.agent_fields import check_language, checked
from server.tenants.audit import record
from server.tenants.credentials import KEYS, Credentials, Kind, profile_of
from server.tenants.origins import MAX_ORIGINS, OriginDirectory, normalise
from server.tenants.plans import DEFAULT_PLAN, plan_named
from server.tenants.tables import AgentRow, ProjectRow, TenantRow

CONSENT_VERSION = "1"
DEFAULT_AGENT = "support"
_NAME_MAX = 120
_SLUG_MAX = 40
_SUFFIX_LENGTH = 4
_SLUG = re.compile(r"(?![0-9]+$)[a-z0-9][a-z0-9_-]{0,79}")  # never a number: that would be an id


@dataclass(frozen=True)
class NewTenant:
    """A tenant just made. The secrets are shown this once."""

    tenant_id: int
    tenant_uid: str
    agent_id: int
    agent_slug: str
    public_key: str
    project_token: str = field(repr=False)
    secret_key: str = field(repr=False)
    master_key: str = field(repr=False)


@dataclass(frozen=True)
class Tenant:
    id: int
    uid: str
    name: str
    plan: str
    language: str


class Tenants:
    def __init__(self, database: Database, credentials: Credentials, origins: OriginDirectory, clock: Clock) -> None:
        self._database = database
        self._credentials = credentials
        self._origins = origins
        self._clock = clock

    async def create(
        self,
        name: str,
        origins: Sequence[str] = (),
        plan: str = DEFAULT_PLAN,
        language: str = "fr",
        actor: str = "cli",
    ) -> NewTenant:
        """A tenant with a default project, one agent `support` and its keys.

        Raises `invalid_name`, `unknown_plan`, `unknown_language`, `invalid_origin`, `too_many_origins`.
        """
        name = storable(name).strip()
        if not 0 < len(name) <= _NAME_MAX:
            raise InvalidInput("invalid_name", f"A tenant's name has 1 to {_NAME_MAX} characters.")
        plan_named(plan)
        check_language(language)
        if len({normalise(origin) for origin in origins}) > MAX_ORIGINS:
            raise InvalidInput("too_many_origins", f"A tenant has at most {MAX_ORIGINS} allowed origins.")
        async with self._database.transaction() as session:
            tenant, project, agent = await self._plant(session, name, plan, language)
            keys = {
                kind: self._credentials.mint(
                    session, kind, tenant.id, project.id if kind is Kind.PROJECT else None
                ).text
                for kind in KEYS
            }
            await self._audit(session, tenant.id, actor, "tenant.created", {"plan": plan})
        for origin in origins:
            await self._origins.add(tenant.id, origin)
        return NewTenant(
            tenant_id=tenant.id,
            tenant_uid=tenant.uid,
            agent_id=agent.id,
            agent_slug=agent.slug,
            public_key=keys[Kind.PUBLIC],
            project_token=keys[Kind.PROJECT],
            secret_key=keys[Kind.SECRET],
            master_key=keys[Kind.MASTER],
        )

    async def found(self, session: AsyncSession, name: str, plan: str, language: str, actor: str) -> int:
        """A tenant as create() makes it, in the caller's transaction, who checked the values; its id.

        It has a public key alone: secrets are made when somebody is there to see them.
        """
        tenant, _, _ = await self._plant(session, name, plan, language)
        self._credentials.mint(session, Kind.PUBLIC, tenant.id, None)
        await self._audit(session, tenant.id, actor, "tenant.created", {"plan": plan})
        return tenant.id

    async def _plant(
        self, session: AsyncSession, name: str, plan: str, language: str
    ) -> tuple[TenantRow, ProjectRow, AgentRow]:
        now = self._clock.now()
        tenant = TenantRow(uid=_tenant_uid(name), name=name, plan=plan, language=language, created_at=now)
        session.add(tenant)
        await session.flush()
        project = ProjectRow(uid=new_uid("proj"), tenant_id=tenant.id, name="default", created_at=now)
        agent = self._agent(tenant, DEFAULT_AGENT, {})
        session.add_all([project, agent])
        await session.flush()
        return tenant, project, agent

    async def new_project_token(self, tenant_id: int, actor: str = "cli") -> str:
        """One more token for the tenant's first project; shown this once."""
        async with self._database.transaction() as session:
            project = await _first_project(session, tenant_id)
            token = self._credentials.mint(session, Kind.PROJECT, tenant_id, project).text
            await self._audit(session, tenant_id, actor, "credential.created", {"kind": Kind.PROJECT.value})
        return token

    async def add_project(self, tenant_id: int, name: str, actor: str = "cli") -> str:
        """One more project, apart from the others; its token, shown this once."""
        async with self._database.transaction() as session:
            project = ProjectRow(
                uid=new_uid("proj"), tenant_id=tenant_id, name=storable(name)[:200], created_at=self._clock.now()
            )
            session.add(project)
            await session.flush()
            token = self._credentials.mint(session, Kind.PROJECT, tenant_id, project.id).text
            await self._audit(session, tenant_id, actor, "project.created", {"project": project.uid})
        return token

    async def default_project(self, tenant_id: int) -> int:
        """The project of keys that name none: the tenant's first. Every tenant has one."""
        async with self._database.reading() as session:
            return await _first_project(session, tenant_id)

    async def project_named(self, project_id: int) -> tuple[str, str]:
        """The uid and the name of a project there is."""
        async with self._database.reading() as session:
            row = await session.get_one(ProjectRow, project_id)
        return row.uid, row.name

    async def by_uid(self, uid: str) -> Tenant:
        """Raises NotFound `unknown_tenant`."""
        async with self._database.reading() as session:
            row = await session.scalar(select(TenantRow).where(TenantRow.uid == uid))
        if row is None:
            raise NotFound("unknown_tenant", "There is no such tenant.")
        return _tenant(row)

    async def by_id(self, tenant_id: int) -> Tenant:
        """Raises NotFound `unknown_tenant`."""
        async with self._database.reading() as session:
            row = await session.get(TenantRow, tenant_id)
        if row is None:
            raise NotFound("unknown_tenant", "There is no such tenant.")
        return _tenant(row)

    async def find_by_name(self, name: str) -> Tenant | None:
        """The oldest tenant called exactly `name`."""
        async with self._database.reading() as session:
            row = await session.scalar(select(TenantRow).where(TenantRow.name == name).order_by(TenantRow.id).limit(1))
        return _tenant(row) if row is not None else None

    async def all(self) -> list[Tenant]:
        async with self._database.reading() as session:
            return [_tenant(row) for row in await session.scalars(select(TenantRow).order_by(TenantRow.id))]

    async def agents(self, tenant_id: int) -> list[AgentProfile]:
        """The tenant's agents; the first is the one a page gets that names none."""
        async with self._database.reading() as session:
            rows = await session.scalars(select(AgentRow).where(AgentRow.tenant_id == tenant_id).order_by(AgentRow.id))
            return [profile_of(row) for row in rows]

    async def numbered_agents(self, tenant_id: int, project_id: int | None) -> list[tuple[int, AgentProfile]]:
        """Those that the project may use, of all projects without one; each with the API's integer id for it."""
        mine = _AGENTS_OF_TENANT if project_id is None else _AGENTS_OF_PROJECT
        which = {"tenant": tenant_id, "project": project_id}
        rows = await self._database.look(lambda db: db.execute(mine, which).all())
        return [(row.id, profile_of(row)) for row in rows]

    async def set_agent(
        self, tenant_id: int, slug: str, values: dict[str, Any], actor: str = "cli", project: str | None = None
    ) -> None:
        """Change fields of an agent; a slug that is new makes an agent. `project` (uid or name): its alone from now.

        Raises InvalidInput `unknown_field`, `invalid_field`, `invalid_slug`, `unknown_language`, NotFound
        `unknown_project`.
        """
        values = checked(values)
        async with self._database.transaction() as session:
            if project is not None:
                values["project_id"] = await _project_called(session, tenant_id, project)
            changed = await session.execute(
                update(AgentRow)
                .where(AgentRow.tenant_id == tenant_id, AgentRow.slug == slug)
                .values(**values or {"slug": slug})
                .returning(AgentRow.id)
            )
            if changed.first() is None:
                if not _SLUG.fullmatch(slug):
                    raise InvalidInput(
                        "invalid_slug", "An agent's slug has lower-case letters, digits, - and _, and is no number."
                    )
                session.add(self._agent(await session.get_one(TenantRow, tenant_id), slug, values))
            await self._audit(session, tenant_id, actor, "agent.set", {"slug": slug, "fields": sorted(values)})

    async def add_origin(self, tenant_id: int, origin: str, actor: str = "cli") -> str:
        """Allow pages of `origin`; returns it normalised."""
        normalised = await self._origins.add(tenant_id, origin)
        async with self._database.transaction() as session:
            await self._audit(session, tenant_id, actor, "origin.added", {"origin": normalised})
        return normalised

    async def remove_origin(self, tenant_id: int, origin: str, actor: str = "cli") -> bool:
        """No longer allow pages of `origin`; False if it was not listed."""
        was_listed = await self._origins.remove(tenant_id, origin)
        async with self._database.transaction() as session:
            await self._audit(session, tenant_id, actor, "origin.removed", {"origin": normalise(origin)})
        return was_listed

    def _agent(self, tenant: TenantRow, slug: str, values: dict[str, Any]) -> AgentRow:
        """A new agent: what `values` leave open comes from its tenant."""
        defaults: dict[str, Any] = {
            "name": tenant.name,
            "language": tenant.language,
            "engine": "builtin",
            "instructions": "",
            "text_only": False,
            "consent_required": True,
            "consent_version": CONSENT_VERSION,
        }
        return AgentRow(
            uid=new_uid("agent"),
            tenant_id=tenant.id,
            slug=slug,
            created_at=self._clock.now(),
            **defaults | values,
        )

    async def _audit(
        self, session: AsyncSession, tenant_id: int, actor: str, action: str, details: dict[str, Any]
    ) -> None:
        await record(session, self._clock.now(), tenant_id, actor, action, details)


# Put together once: backends ask this all the time.
_AGENTS_OF_TENANT = select(*AgentRow.__table__.c).where(AgentRow.tenant_id == bindparam("tenant")).order_by(AgentRow.id)
_AGENTS_OF_PROJECT = _AGENTS_OF_TENANT.where(
    or_(AgentRow.project_id.is_(None), AgentRow.project_id == bindparam("project"))
)


def _tenant_uid(name: str) -> str:
    """`acme_corp_k7m2`: the name as a slug, and four characters that keep two Acmes apart."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_SLUG_MAX] or "tenant"
    return f"{slug}_{random_text(_SUFFIX_LENGTH)}"


def _tenant(row: TenantRow) -> Tenant:
    return Tenant(row.id, row.uid, row.name, row.plan, row.language)


async def _project_called(session: AsyncSession, tenant_id: int, name: str) -> int:
    which = or_(ProjectRow.uid == name, ProjectRow.name == name)
    of_tenant = select(ProjectRow.id).where(ProjectRow.tenant_id == tenant_id, which)
    found = await session.scalar(of_tenant.order_by(ProjectRow.id).limit(1))
    if found is None:
        raise NotFound("unknown_project", "This account has no such project.")
    return found


async def _first_project(session: AsyncSession, tenant_id: int) -> int:
    project: int = (
        await session.scalars(
            select(ProjectRow.id).where(ProjectRow.tenant_id == tenant_id).order_by(ProjectRow.id).limit(1)
        )
    ).one()
    return project
