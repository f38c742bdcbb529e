"""What those who talk are told before their call is kept, by project; and what became of it, by call."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    for table, column in (("projects", "recording_notice"), ("calls", "notice")):
        op.add_column(table, sa.Column(column, sa.String(10), server_default="off", nullable=False))
    op.add_column("calls", sa.Column("consent", sa.String(16), nullable=True))
    op.execute("UPDATE calls SET notice = 'announce', consent = 'announced' WHERE is_announced")
    op.drop_column("calls", "is_announced")


def downgrade() -> None:
    op.add_column("calls", sa.Column("is_announced", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE calls SET is_announced = (notice <> 'off')")
    for table, column in (("calls", "consent"), ("calls", "notice"), ("projects", "recording_notice")):
        op.drop_column(table, column)
