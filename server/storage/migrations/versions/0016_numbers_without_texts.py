"""Which numbers take text messages: toll-free ones never did, and say so themselves from now on."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("phone_numbers", sa.Column("is_sms_enabled", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(sa.text("UPDATE phone_numbers SET is_sms_enabled = false WHERE type = 'toll_free'"))


def downgrade() -> None:
    op.drop_column("phone_numbers", "is_sms_enabled")
