"""Recordings of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("started_at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("duration_ms", BIG, nullable=False),
        sa.Column("lost_ms", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("failure", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_recordings_call_id_calls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("call_id", name=op.f("uq_recordings_call_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_recordings_uid")),
    )
    op.create_index(op.f("ix_recordings_state"), "recordings", ["state"])


def downgrade() -> None:
    op.drop_table("recordings")
