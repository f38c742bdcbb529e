"""Keys and what they open: made once, found by an HMAC of their text, never stored readable unless public."""

import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from server.agents.port import AgentProfile
from server.kit.clock import Clock
from server.kit.errors import InvalidInput, NotAuthenticated, NotFound
from server.kit.ids import is_well_formed_secret, new_secret, new_uid
from server.storage import Database
from server.storage.secret import MasterSecret
from server.tenants.key_use import KeyUse
from server.tenants.plans import Plan, plan_named
from server.tenants.tables import AgentRow, CredentialRow, TenantRow


class Kind(StrEnum):
    PROJECT = "project"  # server side, one project: /api/v1
    SECRET = "secret"  # noqa: S105  # voc_sk_: server side, /v1
    PUBLIC = "public"  # voc_pk_: in web pages, only with an allowed origin
    MASTER = "master"  # vk_: the tenant's own


_PREFIXES = {
    Kind.PROJECT: "prj_",
    Kind.SECRET: "voc_sk_live_",
    Kind.PUBLIC: "voc_pk_live_",
    Kind.MASTER: "vk_",
}
_SCOPES = {
    Kind.PROJECT: ("project",),
    Kind.SECRET: ("project",),
    Kind.PUBLIC: ("widget",),
    Kind.MASTER: ("project", "tenant"),
}
_SHOWN_TAIL = 4
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")  # of a tenant or an agent: what cannot be one is not looked up
_LARGEST_ID = 2**53


@dataclass(frozen=True)
class Principal:
    """Whose key was presented, and what kind of key."""

    tenant_id: int
    tenant_uid: str
    project_id: int | None
    kind: Kind
    scopes: frozenset[str]
    livemode: bool


@dataclass(frozen=True)
class ConsentPolicy:
    required: bool
    version: str
    text: str | None


@dataclass(frozen=True)
class WidgetTarget:
    """The tenant and agent a web page asks for."""

    tenant_id: int
    tenant_uid: str
    plan: Plan
    agent: AgentProfile
    avatar_url: str | None
    text_only: bool
    consent: ConsentPolicy


@dataclass(frozen=True)
class MintedKey:
    row: CredentialRow
    text: str = field(repr=False)


class Credentials:
    """Makes keys and resolves them."""

    def __init__(self, database: Database, secret: MasterSecret, clock: Clock) -> None:
        self._database = database
        self._pepper = secret.key_for("credentials")
        self._clock = clock
        self.use = KeyUse(database, clock)

    def mint(self, session: AsyncSession, kind: Kind, tenant_id: int, project_id: int | None) -> MintedKey:
        """A new key, stored with the caller's transaction. The text is returned this once, public keys apart."""
        text = new_secret(_PREFIXES[kind])
        row = CredentialRow(
            uid=new_uid("cred"),
            tenant_id=tenant_id,
            project_id=project_id,
            kind=kind.value,
            lookup=self._lookup(text),
            shown_as=f"{_PREFIXES[kind]}…{text[-_SHOWN_TAIL:]}",
            public_text=text if kind is Kind.PUBLIC else None,
            scopes=list(_SCOPES[kind]),
            livemode=True,
            created_at=self._clock.now(),
            last_used_at=None,
            expires_at=None,
            revoked_at=None,
        )
        session.add(row)
        return MintedKey(row, text)

    async def resolve(self, text: str) -> Principal:
        """Who presents the key `text`. Raises NotAuthenticated `invalid_key`."""
        async with self._database.reading() as session:
            return await self._resolve(session, text)

    async def _resolve(self, session: AsyncSession, text: str) -> Principal:
        if not text.isascii() or not is_well_formed_secret(text):
            raise _invalid_key()
        row = (
            await session.execute(
                select(CredentialRow, TenantRow.uid)
                .join(TenantRow, TenantRow.id == CredentialRow.tenant_id)
                .where(CredentialRow.lookup == self._lookup(text))
            )
        ).first()
        if row is None:
            raise _invalid_key()
        credential, tenant_uid = row
        if credential.revoked_at is not None or _is_past(credential.expires_at, self._clock.now()):
            raise _invalid_key()
        self.use.note(credential.id)
        return Principal(
            tenant_id=credential.tenant_id,
            tenant_uid=tenant_uid,
            project_id=credential.project_id,
            kind=Kind(credential.kind),
            scopes=frozenset(credential.scopes),
            livemode=credential.livemode,
        )

    async def resolve_widget(self, key: str | None, agent: str | None, tenant: str | None) -> WidgetTarget:
        """The target a page names by public key or tenant; the tenant's first agent unless `agent` names another.

        `agent` is a slug, a uid or an integer id.

        Raises `invalid_request` (nothing named), `invalid_key`, `unknown_agent`, `config_mismatch` (the names
        belong to different tenants).
        """
        if not key and not tenant:
            raise InvalidInput("invalid_request", "Name a public key (apiKey) or a tenant (tenant_id).")
        if tenant and not _NAME.fullmatch(tenant):
            raise _invalid_key()
        async with self._database.reading() as session:
            if not key:
                return await self._target(session, TenantRow.uid == tenant, agent)
            principal = await self._resolve(session, key)
            if principal.kind is not Kind.PUBLIC:
                raise NotAuthenticated("invalid_key", "This is not a public key; pages use voc_pk_ keys only.")
            if tenant and tenant != principal.tenant_uid:
                raise InvalidInput("config_mismatch", "The key and the tenant do not belong together.")
            return await self._target(session, TenantRow.id == principal.tenant_id, agent)

    async def public_key_of(self, tenant_id: int) -> str | None:
        """The tenant's newest public key."""
        async with self._database.reading() as session:
            return await session.scalar(
                select(CredentialRow.public_text)
                .where(
                    CredentialRow.tenant_id == tenant_id,
                    CredentialRow.kind == Kind.PUBLIC.value,
                    CredentialRow.revoked_at.is_(None),
                    or_(CredentialRow.expires_at.is_(None), CredentialRow.expires_at > self._clock.now()),
                )
                .order_by(CredentialRow.id.desc())
            )

    async def target_of(self, tenant_id: int, agent_uid: str) -> WidgetTarget:
        """The target of a session that exists. Raises `unknown_agent` when the agent is gone."""
        async with self._database.reading() as session:
            return await self._target(session, TenantRow.id == tenant_id, agent_uid)

    async def _target(
        self, session: AsyncSession, which_tenant: ColumnElement[bool], agent: str | None
    ) -> WidgetTarget:
        named = (AgentRow.tenant_id == TenantRow.id) & _is_called(agent)
        rows = await session.execute(
            select(TenantRow, AgentRow).outerjoin(AgentRow, named).where(which_tenant).order_by(AgentRow.id).limit(1)
        )
        found = rows.first()
        if found is None:
            raise _invalid_key()
        tenant, row = found
        if row is None:
            raise _unknown_agent()
        return WidgetTarget(
            tenant_id=tenant.id,
            tenant_uid=tenant.uid,
            plan=plan_named(tenant.plan),
            agent=profile_of(row),
            avatar_url=row.avatar_url,
            text_only=row.text_only,
            consent=ConsentPolicy(row.consent_required, row.consent_version, row.consent_text),
        )

    def _lookup(self, text: str) -> str:
        return hmac.new(self._pepper, text.encode(), sha256).hexdigest()


def _is_called(agent: str | None) -> ColumnElement[bool]:
    """Which agent of a tenant a page means. No slug is a number, so the three names cannot be mixed up."""
    if not agent:
        return true()
    if not _NAME.fullmatch(agent):
        raise _unknown_agent()
    if agent.isdecimal():
        return AgentRow.id == int(agent) if int(agent) < _LARGEST_ID else false()
    return (AgentRow.slug == agent) | (AgentRow.uid == agent)


def profile_of(row: AgentRow) -> AgentProfile:
    """The agent as its engine needs it."""
    return AgentProfile(
        uid=row.uid,
        slug=row.slug,
        name=row.name,
        language=row.language,
        engine=row.engine,
        voice=row.voice,
        greeting=row.greeting,
        instructions=row.instructions,
        handoff_label=row.handoff_label,
        handoff_url=row.handoff_url,
    )


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _unknown_agent() -> NotFound:
    return NotFound("unknown_agent", "This tenant has no such agent.")


def _invalid_key() -> NotAuthenticated:
    return NotAuthenticated("invalid_key", "This key or tenant is not known.")
