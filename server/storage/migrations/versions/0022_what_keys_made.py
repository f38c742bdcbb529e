"""What a request with an Idempotency-Key made, written with it: a lost answer makes nothing twice."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("made", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("idempotency_keys", "made")
