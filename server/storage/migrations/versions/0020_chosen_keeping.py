"""Numbers for which nobody chose what is kept of their calls: they follow where the calls go."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # Numbers that exist stay as they are, as though somebody had chosen.
    op.add_column(
        "phone_numbers", sa.Column("is_keeping_chosen", sa.Boolean(), server_default=sa.true(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("phone_numbers", "is_keeping_chosen")
