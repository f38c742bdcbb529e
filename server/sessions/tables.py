"""Rows of signing keys and of widget sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.storage import Base, BigId


class SigningKeyRow(Base):
    """A private key, sealed by the master secret. The newest signs; older ones verify until `verifies_until`."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kid: Mapped[str] = mapped_column(String(40), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    verifies_until: Mapped[datetime | None]


class WidgetSessionRow(Base):
    """A visitor's claim on one conversation. Alive while `ended_at` is empty and `lease_until` is ahead."""

    __tablename__ = "widget_sessions"
    __table_args__ = (Index("ix_widget_sessions_alive", "tenant_id", "ended_at", "lease_until"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    agent_uid: Mapped[str] = mapped_column(String(40))
    conversation_uid: Mapped[str] = mapped_column(String(40), unique=True)
    origin: Mapped[str] = mapped_column(String(300))
    language: Mapped[str] = mapped_column(String(8))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    generation: Mapped[int]
    created_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    credential_uid: Mapped[str | None] = mapped_column(String(40))
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None] = mapped_column(String(40))


class CallGrantRow(Base):
    """A link to a softphone or player, and the session it becomes when it is used."""

    __tablename__ = "call_grants"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(12))
    role: Mapped[str | None] = mapped_column(String(12))
    origins: Mapped[list[str]] = mapped_column(JSON)
    credential_uid: Mapped[str | None] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(120), server_default="server")
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
