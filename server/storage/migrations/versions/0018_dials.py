"""What was dialled for a tenant in the last hour, so that it is not dialled too often."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dials",
        sa.Column("id", BIG, nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dials_tenant_id_at", "dials", ["tenant_id", "at"])
    op.create_index("ix_calls_relay_number", "calls", ["relay_number"])


def downgrade() -> None:
    op.drop_index("ix_calls_relay_number", "calls")
    op.drop_index("ix_dials_tenant_id_at", "dials")
    op.drop_table("dials")
