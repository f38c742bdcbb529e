"""People: sign-ups, users, memberships, their tokens and sign-ins, attempts, mails that nobody sends."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
START_MIN, START_MAX = 10_000_000, 1_000_000_000  # as in 0010: a user's id tells nobody how many there are


def upgrade() -> None:
    _people()
    _what_they_hold()
    op.create_table(
        "attempts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("subject", name=op.f("uq_attempts_subject")),
    )
    op.create_index(op.f("ix_attempts_since"), "attempts", ["since"])
    op.create_table(
        "outbox_mails",
        sa.Column("id", BIG, nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mails")),
    )


def _people() -> None:
    op.create_table(
        "sign_ups",
        sa.Column("id", BIG, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("tries_left", BIG, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sign_ups_email_id", "sign_ups", ["email", "id"])
    op.create_index(op.f("ix_sign_ups_expires_at"), "sign_ups", ["expires_at"])
    start = START_MIN + secrets.randbelow(START_MAX - START_MIN)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER SEQUENCE sign_ups_id_seq RESTART WITH {start}")
    else:
        op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('sign_ups', {start - 1})")  # noqa: S608
    op.create_table(
        "users",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("confirmed_at", AT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("uid", name=op.f("uq_users_uid")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_memberships_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("user_id", "tenant_id", name=op.f("uq_memberships_user_id_tenant_id")),
    )
    op.create_index(op.f("ix_memberships_tenant_id"), "memberships", ["tenant_id"])


def _what_they_hold() -> None:
    op.create_table(
        "user_tokens",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("shown_as", sa.String(length=40), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("last_used_at", AT, nullable=True),
        sa.Column("revoked_at", AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_tokens")),
        sa.UniqueConstraint("uid", name=op.f("uq_user_tokens_uid")),
        sa.UniqueConstraint("lookup", name=op.f("uq_user_tokens_lookup")),
    )
    op.create_index(op.f("ix_user_tokens_user_id"), "user_tokens", ["user_id"])
    op.create_table(
        "sign_ins",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=40), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("seen_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("uid", name=op.f("uq_sign_ins_uid")),
        sa.UniqueConstraint("lookup", name=op.f("uq_sign_ins_lookup")),
    )
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"])
    op.create_index(op.f("ix_sign_ins_expires_at"), "sign_ins", ["expires_at"])


def downgrade() -> None:
    for table in ("outbox_mails", "attempts", "sign_ins", "user_tokens", "memberships", "users", "sign_ups"):
        op.drop_table(table)
