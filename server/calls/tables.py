"""Rows of calls, who took part, what happened, what is still to be told, of short messages, and of what was dialled."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.storage import Base, BigId


class CallRow(Base):
    """One call. `version` counts its changes; while it goes on, its process keeps `lease_until` ahead."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_tenant_id_id", "tenant_id", "id"), Index("ix_calls_state", "state"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(12))
    direction: Mapped[str] = mapped_column(String(10))
    mode: Mapped[str | None] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str | None] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(60))
    version: Mapped[int]
    lease_until: Mapped[datetime]
    events_count: Mapped[int]
    from_number: Mapped[str | None] = mapped_column(String(20))
    to_number: Mapped[str | None] = mapped_column(String(20))
    agent_number: Mapped[str | None] = mapped_column(String(20))
    relay_number: Mapped[str | None] = mapped_column(String(20), index=True)
    agent_uid: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8))
    telephony_ref: Mapped[str] = mapped_column(String(40))
    is_recorded: Mapped[bool]
    is_transcribed: Mapped[bool]
    is_analysed: Mapped[bool]
    notice: Mapped[str] = mapped_column(String(10), default="off", server_default="off")
    consent: Mapped[str | None] = mapped_column(String(16))
    livemode: Mapped[bool]
    context: Mapped[dict[str, Any]] = mapped_column(JSON)
    wrap_up: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CallLegRow(Base):
    """One participant, from when it was invited until it left."""

    __tablename__ = "call_legs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    transport: Mapped[str] = mapped_column(String(10))
    number: Mapped[str | None] = mapped_column(String(20))
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    left_reason: Mapped[str | None] = mapped_column(String(40))


class CallEventRow(Base):
    """Append-only: what happened to a call, numbered from 1."""

    __tablename__ = "call_events"
    __table_args__ = (UniqueConstraint("call_id", "seq"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class TextMessageRow(Base):
    """A short message that came to a number of a project. Append-only."""

    __tablename__ = "text_messages"
    __table_args__ = (Index("ix_text_messages_tenant_id_id", "tenant_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    from_number: Mapped[str] = mapped_column(String(20))
    to_number: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class DialRow(Base):
    """A number that was dialled within the last hour. `mark` tells numbers apart, and is none."""

    __tablename__ = "dials"
    __table_args__ = (Index("ix_dials_tenant_id_at", "tenant_id", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    mark: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class OutboxRow(Base):
    """Something committed that others have still to be told. Written with what it tells, in one transaction."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_done_at_id", "done_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    topic: Mapped[str] = mapped_column(String(60))
    event_id: Mapped[int] = mapped_column(ForeignKey("call_events.id", ondelete="CASCADE"))
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
