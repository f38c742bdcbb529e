"""Chains each tenant's audit entries by hashes, and says when a key was last used."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
NOBODY = 0  # entries that belonged to no tenant make a chain of their own

_entries = sa.table(
    "audit_entries",
    sa.column("id", BIG),
    sa.column("tenant_id", BIG),
    sa.column("place", BIG),
    sa.column("actor", sa.String),
    sa.column("action", sa.String),
    sa.column("details", sa.JSON),
    sa.column("at", AT),
    sa.column("previous_hash", sa.String),
    sa.column("hash", sa.String),
)


def upgrade() -> None:
    op.add_column("credentials", sa.Column("last_used_at", AT, nullable=True))
    chains = op.create_table(
        "audit_chains",
        sa.Column("tenant_id", BIG, nullable=False, autoincrement=False),
        sa.Column("entries", BIG, nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_audit_chains")),
    )
    op.add_column("audit_entries", sa.Column("place", BIG, nullable=True))
    op.add_column("audit_entries", sa.Column("previous_hash", sa.String(length=64), nullable=True))
    op.add_column("audit_entries", sa.Column("hash", sa.String(length=64), nullable=True))
    op.execute(sa.update(_entries).where(_entries.c.tenant_id.is_(None)).values(tenant_id=NOBODY))
    if heads := _chain_what_is_there():
        op.bulk_insert(chains, heads)
    with op.batch_alter_table("audit_entries") as table:
        table.alter_column("tenant_id", existing_type=BIG, nullable=False)
        table.alter_column("place", existing_type=BIG, nullable=False)
        table.alter_column("previous_hash", existing_type=sa.String(length=64), nullable=False)
        table.alter_column("hash", existing_type=sa.String(length=64), nullable=False)
        table.create_unique_constraint(op.f("uq_audit_entries_tenant_id_place"), ["tenant_id", "place"])


def _chain_what_is_there() -> list[dict[str, Any]]:
    """Give every entry its place and hash; returns the rows of audit_chains."""
    connection = op.get_bind()
    heads: dict[int, tuple[int, str]] = {}
    for row in connection.execute(sa.select(_entries).order_by(_entries.c.id)).all():
        place, previous = heads.get(row.tenant_id, (0, ""))
        place += 1
        entry_hash = _chained(previous, row.tenant_id, place, row.at, row.actor, row.action, row.details)
        connection.execute(
            sa.update(_entries)
            .where(_entries.c.id == row.id)
            .values(place=place, previous_hash=previous, hash=entry_hash)
        )
        heads[row.tenant_id] = (place, entry_hash)
    return [{"tenant_id": tenant, "entries": place, "head": head} for tenant, (place, head) in heads.items()]


def _chained(
    previous: str, tenant_id: int, place: int, at: datetime, actor: str, action: str, details: dict[str, Any]
) -> str:
    moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="microseconds")
    content = [previous, tenant_id, place, moment, actor, action, details]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def downgrade() -> None:
    with op.batch_alter_table("audit_entries") as table:
        table.drop_constraint("uq_audit_entries_tenant_id_place", type_="unique")
        for column in ("hash", "previous_hash", "place"):
            table.drop_column(column)
        table.alter_column("tenant_id", existing_type=BIG, nullable=True)
    op.execute(sa.update(_entries).where(_entries.c.tenant_id == NOBODY).values(tenant_id=None))
    op.drop_table("audit_chains")
    op.drop_column("credentials", "last_used_at")
