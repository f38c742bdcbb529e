"""Rows of tenants, projects, credentials, allowed origins, agents and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, false, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from server.storage import Base, BigId


class TenantRow(Base):
    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    plan: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8))
    allowed_countries: Mapped[list[str] | None] = mapped_column(JSON)
    created_at: Mapped[datetime]


class ProjectRow(Base):
    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    recording_notice: Mapped[str] = mapped_column(String(10), default="off", server_default="off")
    created_at: Mapped[datetime]


class CredentialRow(Base):
    """A key. Found by `lookup`, an HMAC of its text; the text itself is kept only for public keys."""

    __tablename__ = "credentials"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    lookup: Mapped[str] = mapped_column(String(64), unique=True)
    shown_as: Mapped[str] = mapped_column(String(40))
    public_text: Mapped[str | None] = mapped_column(String(120))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    livemode: Mapped[bool]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def opens_at(cls, now: datetime) -> ColumnElement[bool]:
        """Whether a key still works: neither revoked nor expired."""
        return cls.revoked_at.is_(None) & or_(cls.expires_at.is_(None), cls.expires_at > now)


class AllowedOriginRow(Base):
    __tablename__ = "allowed_origins"
    __table_args__ = (UniqueConstraint("tenant_id", "origin"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    origin: Mapped[str] = mapped_column(String(300), index=True)
    created_at: Mapped[datetime]


class AgentRow(Base):
    """An AI agent: of one project, or of every one of its tenant."""

    __tablename__ = "agents"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    project_id: Mapped[int | None]
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8))
    engine: Mapped[str] = mapped_column(String(40))
    voice: Mapped[str | None] = mapped_column(String(80))
    greeting: Mapped[str | None] = mapped_column(Text)
    instructions: Mapped[str] = mapped_column(Text)
    handoff_label: Mapped[str | None] = mapped_column(String(200))
    handoff_url: Mapped[str | None] = mapped_column(String(500))
    avatar_url: Mapped[str | None] = mapped_column(String(500))
    text_only: Mapped[bool]
    consent_required: Mapped[bool]
    consent_version: Mapped[str] = mapped_column(String(40))
    consent_text: Mapped[str | None] = mapped_column(Text)
    record_calls: Mapped[bool] = mapped_column(default=False, server_default=false())
    transcribe_calls: Mapped[bool] = mapped_column(default=False, server_default=false())
    analyse_calls: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class PhoneNumberRow(Base):
    """A telephone number of a project: calls to it go to `forward_to`, or its agent answers, the tenant's first
    unless it names one. `provider`: where it was bought. `is_keeping_chosen`: somebody said what is kept."""

    __tablename__ = "phone_numbers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(20), unique=True)
    agent_uid: Mapped[str | None] = mapped_column(String(40))
    is_recorded: Mapped[bool]
    is_transcribed: Mapped[bool]
    is_analysed: Mapped[bool]
    is_keeping_chosen: Mapped[bool] = mapped_column(default=True, server_default=true())
    type: Mapped[str] = mapped_column(String(12), default="local", server_default="local")
    provider: Mapped[str | None] = mapped_column(String(20))
    forward_to: Mapped[str | None] = mapped_column(String(20), index=True)
    is_relay_enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_announced: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_sms_enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]


class AuditEntryRow(Base):
    """Who changed what. Append-only; `hash` covers the row and the hash of the tenant's row before it."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_tenant_id_at", "tenant_id", "at"),
        UniqueConstraint("tenant_id", "place"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    place: Mapped[int]
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(80))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditChainRow(Base):
    """How far a tenant's audit log goes, and its last hash. It stays when the tenant goes."""

    __tablename__ = "audit_chains"

    tenant_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entries: Mapped[int]
    head: Mapped[str] = mapped_column(String(64))
