"""Telephone numbers of projects, and the short messages that come to them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "phone_numbers",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("project_id", BIG, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("agent_uid", sa.String(length=40), nullable=True),
        sa.Column("is_recorded", sa.Boolean(), nullable=False),
        sa.Column("is_transcribed", sa.Boolean(), nullable=False),
        sa.Column("is_analysed", sa.Boolean(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_phone_numbers_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_phone_numbers_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_numbers")),
        sa.UniqueConstraint("number", name=op.f("uq_phone_numbers_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_phone_numbers_uid")),
    )
    op.create_index(op.f("ix_phone_numbers_tenant_id"), "phone_numbers", ["tenant_id"])
    op.create_table(
        "text_messages",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("project_id", BIG, nullable=False),
        sa.Column("from_number", sa.String(length=20), nullable=False),
        sa.Column("to_number", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_text_messages_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_text_messages_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_messages")),
        sa.UniqueConstraint("uid", name=op.f("uq_text_messages_uid")),
    )
    op.create_index("ix_text_messages_tenant_id_id", "text_messages", ["tenant_id", "id"])


def downgrade() -> None:
    op.drop_table("text_messages")
    op.drop_table("phone_numbers")
