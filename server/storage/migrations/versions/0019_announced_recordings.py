"""Numbers whose callers are told that the call is kept, and calls in which they were."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for table in ("phone_numbers", "calls"):
        op.add_column(table, sa.Column("is_announced", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for table in ("calls", "phone_numbers"):
        op.drop_column(table, "is_announced")
