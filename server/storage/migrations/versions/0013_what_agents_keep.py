"""What is kept of the calls an agent makes, where their order does not say."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for column in ("record_calls", "transcribe_calls", "analyse_calls"):
        op.add_column("agents", sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for column in ("record_calls", "transcribe_calls", "analyse_calls"):
        op.drop_column("agents", column)
