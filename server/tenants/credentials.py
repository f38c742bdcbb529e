"""Keys and what they open: made once, found by an HMAC of their text, never stored readable unless public."""

import functools
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, FromClause, Row, Select, Table, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from server.agents.port import AgentProfile
from server.kit.clock import Clock
from server.kit.errors import InvalidInput, NotAllowed, NotAuthenticated, NotFound
from server.kit.ids import is_well_formed_secret, new_secret, new_uid
from server.storage import Database
from server.storage.bus import Bus
from server.storage.reference import LARGEST_ID
from server.storage.secret import MasterSecret
from server.tenants.keeping import Keeping
from server.tenants.key_use import KeyUse
from server.tenants.known_keys import KnownKey, KnownKeys
from server.tenants.plans import Plan, plan_named
from server.tenants.tables import AgentRow, CredentialRow, TenantRow


class Kind(StrEnum):
    PROJECT = "project"  # server side, one project: /api/v1
    SECRET = "secret"  # noqa: S105  # voc_sk_: server side, /v1
    PUBLIC = "public"  # voc_pk_: in web pages, only with an allowed origin
    MASTER = "master"  # vk_: the tenant's own
    USER = "user"  # of a person, kept by identity: no key of a tenant


_PREFIXES = {
    Kind.PROJECT: "prj_",
    Kind.SECRET: "voc_sk_live_",
    Kind.PUBLIC: "voc_pk_live_",
    Kind.MASTER: "vk_",
}
TEST_PREFIX = "voc_sk_test_"  # a secret key whose calls are simulated
_SCOPES = {
    Kind.PROJECT: ("project",),
    Kind.SECRET: ("project",),
    Kind.PUBLIC: ("widget",),
    Kind.MASTER: ("project", "tenant"),
}
KEYS = tuple(_PREFIXES)
"""The kinds of keys that every tenant has."""
_SHOWN_TAIL = 4
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")  # of a tenant or an agent: what cannot be one is not looked up


@dataclass(frozen=True)
class Principal:
    """Whose key was presented, and what kind of key; for users, which user asks."""

    tenant_id: int
    tenant_uid: str
    project_id: int | None
    kind: Kind
    scopes: frozenset[str]
    livemode: bool
    plan: Plan
    credential_uid: str | None = field(default=None, compare=False)
    user_uid: str | None = None

    @property
    def actor(self) -> str:
        """For the audit."""
        return f"user:{self.user_uid}" if self.user_uid else f"api:{self.kind.value}"


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
    keeping: Keeping = Keeping()  # of calls that the agent makes
    project_id: int | None = None  # None: every project of the tenant may use the agent
    credential_uid: str | None = field(default=None, compare=False)  # of the public key that named it


@dataclass(frozen=True)
class MintedKey:
    row: CredentialRow
    text: str = field(repr=False)


class Credentials:
    """Makes keys and resolves them."""

    def __init__(self, database: Database, secret: MasterSecret, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._pepper = secret.key_for("credentials")
        self._clock = clock
        self._known: KnownKeys[Principal] = KnownKeys(bus, clock)
        self.use = KeyUse(database, clock)

    def mint(
        self, session: AsyncSession, kind: Kind, tenant_id: int, project_id: int | None, *, livemode: bool = True
    ) -> MintedKey:
        """A new key, stored with the caller's transaction. The text is returned this once, public keys apart.

        Without `livemode` a test key, which is a SECRET one.
        """
        prefix = _PREFIXES[kind] if livemode else TEST_PREFIX
        text = new_secret(prefix)
        row = CredentialRow(
            uid=new_uid("cred"),
            tenant_id=tenant_id,
            project_id=project_id,
            kind=kind.value,
            lookup=self._lookup(text),
            shown_as=f"{prefix}…{text[-_SHOWN_TAIL:]}",
            public_text=text if kind is Kind.PUBLIC else None,
            scopes=list(_SCOPES[kind]),
            livemode=livemode,
            created_at=self._clock.now(),
            last_used_at=None,
            expires_at=None,
            revoked_at=None,
        )
        session.add(row)
        return MintedKey(row, text)

    async def resolve(self, text: str) -> Principal:
        """Who presents the key `text`. Raises NotAuthenticated `invalid_key`."""
        known = await self._known.find(self._lookup(text), self._presented)
        if known is None:
            raise _invalid_key()
        return self._opened(known)

    async def _presented(self, lookup: str) -> KnownKey[Principal] | None:
        return _known_key(await self._database.look(lambda db: db.execute(_PRESENTED, {"lookup": lookup}).first()))

    def _opened(self, known: KnownKey[Principal]) -> Principal:
        """A key counts as used when it opens something."""
        if _is_past(known.expires_at, self._clock.now()):
            raise _invalid_key()
        self.use.note(known.id)
        return known.opens

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
        if not key:
            return await self._target("tenant_uid", tenant, agent)
        form, asked = _called(agent)
        lookup = self._lookup(key)
        async with self._database.reading() as session:
            row = (await session.execute(_statement("lookup", form), {"lookup": lookup, "agent": asked})).first()
        known = _known_key(row)
        if known is None:
            raise _invalid_key()
        principal = self._opened(known)
        if principal.kind is not Kind.PUBLIC:
            raise NotAuthenticated("invalid_key", "This is not a public key; pages use voc_pk_ keys only.")
        if tenant and tenant != principal.tenant_uid:
            raise InvalidInput("config_mismatch", "The key and the tenant do not belong together.")
        return replace(_target_in(row), credential_uid=principal.credential_uid)

    async def resolve_framed(self, tenant: str, agent: str, credential_uid: str | None) -> WidgetTarget:
        """The target of a frame served for a public key, or for none. Raises `invalid_key`, `unknown_agent`."""
        if credential_uid is not None:
            async with self._database.reading() as session:
                is_good = _keys.c.revoked_at.is_(None)
                good = await session.scalar(select(_keys.c.id).where(_keys.c.uid == credential_uid, is_good))
            if good is None:
                raise _invalid_key()
        return replace(await self.resolve_widget(None, agent, tenant), credential_uid=credential_uid)

    async def public_key_of(self, tenant_id: int) -> str | None:
        """The tenant's newest public key."""
        async with self._database.reading() as session:
            return await session.scalar(
                select(CredentialRow.public_text)
                .where(
                    CredentialRow.tenant_id == tenant_id,
                    CredentialRow.kind == Kind.PUBLIC.value,
                    CredentialRow.opens_at(self._clock.now()),
                )
                .order_by(CredentialRow.id.desc())
            )

    async def target_of(self, tenant_id: int, agent_uid: str) -> WidgetTarget:
        """The target of a session that exists. Raises `unknown_agent` when the agent is gone."""
        return await self._target("tenant_id", tenant_id, agent_uid)

    async def agent_of_project(self, tenant_id: int, project_id: int, agent: str) -> WidgetTarget:
        """An agent that the project may use. Raises `unknown_agent`, NotAllowed `foreign_agent`."""
        try:
            target = await self.target_of(tenant_id, agent)
        except NotFound:
            if await self._is_agent(agent):
                raise _foreign_agent() from None
            raise
        if target.project_id not in (None, project_id):
            raise _foreign_agent()
        return target

    async def _is_agent(self, agent: str) -> bool:
        """Whether anybody has an agent of this integer id or uid."""
        form, asked = _called(agent)
        which = AgentRow.id == asked if form == "id" else AgentRow.uid == asked
        async with self._database.reading() as session:
            return await session.scalar(select(AgentRow.id).where(which)) is not None

    async def _target(self, by: "_By", tenant: str | int | None, agent: str | None) -> WidgetTarget:
        form, asked = _called(agent)
        async with self._database.reading() as session:
            row = (await session.execute(_statement(by, form), {by: tenant, "agent": asked})).first()
        return _target_in(row)

    def _lookup(self, text: str) -> str:
        """How the key `text` is found. Raises NotAuthenticated `invalid_key` for what cannot be one."""
        if not text.isascii() or not is_well_formed_secret(text):
            raise _invalid_key()
        return hmac.new(self._pepper, text.encode(), sha256).hexdigest()


# Put together once: every visitor's click runs these, and SQLAlchemy takes longer over them than the database.
_By = Literal["lookup", "tenant_uid", "tenant_id"]
_Form = Literal["any", "id", "name"]
_keys = cast("Table", CredentialRow.__table__)
_tenants = cast("Table", TenantRow.__table__)
_agents = cast("Table", AgentRow.__table__)
_KEY_COLUMNS = [
    _keys.c[name].label(f"key_{name}")
    for name in ("id", "uid", "project_id", "kind", "scopes", "livemode", "expires_at", "revoked_at")
]
_TENANT_COLUMNS = [
    _tenants.c.id.label("tenant"),
    _tenants.c.uid.label("tenant_uid"),
    _tenants.c.plan.label("tenant_plan"),
]
_KEYS_OF_TENANTS = _keys.join(_tenants, _tenants.c.id == _keys.c.tenant_id)
_PRESENTED = (
    select(*_KEY_COLUMNS, *_TENANT_COLUMNS).select_from(_KEYS_OF_TENANTS).where(_keys.c.lookup == bindparam("lookup"))
)


@functools.cache
def _statement(by: _By, form: _Form) -> Select[Any]:
    """The key (if found by it), tenant and agent: no row without the tenant, no agent's id without the agent."""
    is_called: Mapping[_Form, ColumnElement[bool]] = {
        "any": true(),
        "id": _agents.c.id == bindparam("agent"),
        "name": (_agents.c.slug == bindparam("agent")) | (_agents.c.uid == bindparam("agent")),
    }
    which: Mapping[_By, ColumnElement[bool]] = {
        "lookup": _keys.c.lookup == bindparam("lookup"),
        "tenant_uid": _tenants.c.uid == bindparam("tenant_uid"),
        "tenant_id": _tenants.c.id == bindparam("tenant_id"),
    }
    tenants: FromClause = _KEYS_OF_TENANTS if by == "lookup" else _tenants
    return (
        select(
            *(_KEY_COLUMNS if by == "lookup" else ()),
            *_TENANT_COLUMNS,
            *(column for column in _agents.c if column.name != "tenant_id"),
        )
        .select_from(tenants.outerjoin(_agents, (_agents.c.tenant_id == _tenants.c.id) & is_called[form]))
        .where(which[by])
        .order_by(_agents.c.id)
        .limit(1)
    )


def _called(agent: str | None) -> tuple[_Form, str | int | None]:
    """How a page names an agent of a tenant. No slug is a number, so the three names cannot be mixed up."""
    if not agent:
        return "any", None
    if not _NAME.fullmatch(agent):
        raise _unknown_agent()
    if agent.isdecimal():
        return "id", int(agent) if int(agent) < LARGEST_ID else 0  # 0 is nobody's
    return "name", agent


def _known_key(row: Row[Any] | None) -> KnownKey[Principal] | None:
    """Nobody's when it is revoked."""
    if row is None or row.key_revoked_at is not None:
        return None
    principal = Principal(
        tenant_id=row.tenant,
        tenant_uid=row.tenant_uid,
        project_id=row.key_project_id,
        kind=Kind(row.key_kind),
        scopes=frozenset(row.key_scopes),
        livemode=row.key_livemode,
        plan=plan_named(row.tenant_plan),
        credential_uid=row.key_uid,
    )
    return KnownKey(row.key_id, row.key_expires_at, principal)


def _target_in(row: Row[Any] | None) -> WidgetTarget:
    """Raises `invalid_key` without a tenant, `unknown_agent` without the agent."""
    if row is None:
        raise _invalid_key()
    if row.id is None:
        raise _unknown_agent()
    return WidgetTarget(
        tenant_id=row.tenant,
        tenant_uid=row.tenant_uid,
        plan=plan_named(row.tenant_plan),
        agent=profile_of(row),
        avatar_url=row.avatar_url,
        text_only=row.text_only,
        consent=ConsentPolicy(row.consent_required, row.consent_version, row.consent_text),
        keeping=Keeping(row.record_calls, row.transcribe_calls, row.analyse_calls),
        project_id=row.project_id,
    )


def profile_of(row: AgentRow | Row[Any]) -> AgentProfile:
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


def _foreign_agent() -> NotAllowed:
    return NotAllowed("foreign_agent", "This agent belongs to somebody else, or to another project.")


def _unknown_agent() -> NotFound:
    return NotFound("unknown_agent", "This tenant has no such agent.")


def _invalid_key() -> NotAuthenticated:
    return NotAuthenticated("invalid_key", "This key or tenant is not known.")
