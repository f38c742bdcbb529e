"""Numbers that forward their calls, calls that were forwarded, and the countries a tenant may call."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("tenants", sa.Column("allowed_countries", sa.JSON(), nullable=True))
    op.add_column("calls", sa.Column("relay_number", sa.String(length=20), nullable=True))
    op.add_column("phone_numbers", sa.Column("type", sa.String(length=12), server_default="local", nullable=False))
    op.add_column("phone_numbers", sa.Column("provider", sa.String(length=20), nullable=True))
    op.add_column("phone_numbers", sa.Column("forward_to", sa.String(length=20), nullable=True))
    op.add_column(
        "phone_numbers", sa.Column("is_relay_enabled", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.create_index(op.f("ix_phone_numbers_forward_to"), "phone_numbers", ["forward_to"])


def downgrade() -> None:
    op.drop_index(op.f("ix_phone_numbers_forward_to"), "phone_numbers")
    for column in ("is_relay_enabled", "forward_to", "provider", "type"):
        op.drop_column("phone_numbers", column)
    op.drop_column("calls", "relay_number")
    op.drop_column("tenants", "allowed_countries")
