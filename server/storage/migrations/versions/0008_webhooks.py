"""Webhooks: endpoints, deliveries and attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _endpoints()
    _deliveries()
    _attempts()


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("project_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("style", sa.String(length=12), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=20), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", AT, nullable=True),
        sa.Column("new_secret_is_known", sa.Boolean(), nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("failing_since", AT, nullable=True),
        sa.Column("paused_until", AT, nullable=True),
        sa.Column("last_success_at", AT, nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_endpoints_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_webhook_endpoints_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("uid", name=op.f("uq_webhook_endpoints_uid")),
    )
    op.create_index(op.f("ix_webhook_endpoints_tenant_id"), "webhook_endpoints", ["tenant_id"])
    op.create_index(op.f("ix_webhook_endpoints_project_id"), "webhook_endpoints", ["project_id"])


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("endpoint_id", BIG, nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=True),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("tries", BIG, nullable=False),
        sa.Column("next_at", AT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("done_at", AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("uid", name=op.f("uq_webhook_deliveries_uid")),
        sa.UniqueConstraint("endpoint_id", "cause", name=op.f("uq_webhook_deliveries_endpoint_id_cause")),
    )
    op.create_index(op.f("ix_webhook_deliveries_state_next_at"), "webhook_deliveries", ["state", "next_at"])
    op.create_index(op.f("ix_webhook_deliveries_endpoint_id_subject"), "webhook_deliveries", ["endpoint_id", "subject"])


def _attempts() -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("endpoint_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("duration_ms", BIG, nullable=False),
        sa.Column("status", BIG, nullable=True),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("request_headers", sa.JSON(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_attempts_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_attempts_delivery_id_webhook_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index(op.f("ix_webhook_attempts_delivery_id"), "webhook_attempts", ["delivery_id"])
    op.create_index(op.f("ix_webhook_attempts_endpoint_id_id"), "webhook_attempts", ["endpoint_id", "id"])


def downgrade() -> None:
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
