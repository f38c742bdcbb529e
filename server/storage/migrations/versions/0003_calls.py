"""Calls: their rows, legs, event log and outbox, and the links that open softphones and players."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _calls()
    _call_legs()
    _call_events()
    _outbox()
    _call_grants()


def downgrade() -> None:
    op.drop_table("call_grants")
    op.drop_table("outbox")
    op.drop_table("call_events")
    op.drop_table("call_legs")
    op.drop_table("calls")


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("project_id", BIG, nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.Column("lease_until", AT, nullable=False),
        sa.Column("events_count", BIG, nullable=False),
        sa.Column("from_number", sa.String(length=20), nullable=True),
        sa.Column("to_number", sa.String(length=20), nullable=True),
        sa.Column("agent_number", sa.String(length=20), nullable=True),
        sa.Column("agent_uid", sa.String(length=40), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("telephony_ref", sa.String(length=40), nullable=False),
        sa.Column("is_recorded", sa.Boolean(), nullable=False),
        sa.Column("is_transcribed", sa.Boolean(), nullable=False),
        sa.Column("is_analysed", sa.Boolean(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("wrap_up", sa.JSON(), nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_calls_tenant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_calls_project_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("uid", name=op.f("uq_calls_uid")),
    )
    op.create_index("ix_calls_tenant_id_id", "calls", ["tenant_id", "id"], unique=False)
    op.create_index("ix_calls_state", "calls", ["state"], unique=False)


def _call_legs() -> None:
    op.create_table(
        "call_legs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("transport", sa.String(length=10), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("joined_at", AT, nullable=True),
        sa.Column("left_at", AT, nullable=True),
        sa.Column("left_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_legs_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_legs")),
        sa.UniqueConstraint("uid", name=op.f("uq_call_legs_uid")),
    )
    op.create_index(op.f("ix_call_legs_call_id"), "call_legs", ["call_id"], unique=False)


def _call_events() -> None:
    op.create_table(
        "call_events",
        sa.Column("id", BIG, nullable=False),
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_events_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_events")),
        sa.UniqueConstraint("call_id", "seq", name=op.f("uq_call_events_call_id_seq")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", BIG, nullable=False),
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_outbox_call_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["event_id"], ["call_events.id"], name=op.f("fk_outbox_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_call_id"), "outbox", ["call_id"], unique=False)
    op.create_index("ix_outbox_done_at_id", "outbox", ["done_at", "id"], unique=False)


def _call_grants() -> None:
    op.create_table(
        "call_grants",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=True),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_grants_call_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_call_grants_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_grants")),
        sa.UniqueConstraint("uid", name=op.f("uq_call_grants_uid")),
    )
    op.create_index(op.f("ix_call_grants_call_id"), "call_grants", ["call_id"], unique=False)
