"""Ids that customers see start at a random number in every new deployment, so that they tell nobody its volume.

A table that already has rows goes on from them. On SQLite a batch migration of one of these tables would lose the
start: it copies no AUTOINCREMENT.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = ("agents", "calls", "phone_numbers", "webhook_endpoints")
START_MIN, START_MAX = 10_000_000, 1_000_000_000  # a customer's 32-bit column has room for as many again


def upgrade() -> None:
    connection = op.get_bind()
    for table in TABLES:
        if connection.scalar(sa.text(f"SELECT 1 FROM {table} LIMIT 1")) is not None:  # noqa: S608  # a name of ours
            continue
        start = START_MIN + secrets.randbelow(START_MAX - START_MIN)
        if connection.dialect.name == "postgresql":
            op.execute(f"ALTER SEQUENCE {table}_id_seq RESTART WITH {start}")
        else:
            _start_on_sqlite(connection, table, start)


def _start_on_sqlite(connection: sa.Connection, table: str, start: int) -> None:
    """Make the empty `table` anew with AUTOINCREMENT. Foreign keys to it are by name and have nothing to follow."""
    statements = list(
        connection.scalars(
            sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL ORDER BY type DESC"),
            {"table": table},
        )
    )
    made = statements.pop(0)  # "table" sorts after "index"
    numbered = made.replace("PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)")
    if numbered == made:
        raise RuntimeError(f"{table} has no primary key of its own to number")
    for statement in (f"DROP TABLE {table}", numbered, *statements):
        connection.exec_driver_sql(statement)
    connection.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :seq)"), {"table": table, "seq": start - 1}
    )


def downgrade() -> None:
    pass
