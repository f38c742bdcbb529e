"""Which key made a link or opened a visitor's session, and who a link was made for."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("call_grants", sa.Column("credential_uid", sa.String(length=40), nullable=True))
    op.add_column("call_grants", sa.Column("actor", sa.String(length=120), server_default="server", nullable=False))
    op.add_column("widget_sessions", sa.Column("credential_uid", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("widget_sessions", "credential_uid")
    op.drop_column("call_grants", "actor")
    op.drop_column("call_grants", "credential_uid")
