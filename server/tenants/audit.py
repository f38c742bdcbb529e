"""The audit log: who changed what, each tenant's entries chained by hashes so that a changed row shows."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage import Database
from server.tenants.tables import AuditChainRow, AuditEntryRow

_FIRST = ""  # what the first entry of a chain follows
SERVER = 0
"""The chain of what belongs to no tenant: the server's own keys."""
_AT_ONCE = 500  # rows in memory while a chain is verified

_BEGIN = text("INSERT INTO audit_chains (tenant_id, entries, head) VALUES (:of, 0, '') ON CONFLICT DO NOTHING")
# Taking the next place locks the chain until the transaction ends: two writers at once cannot both follow one row.
_TAKE_PLACE = (
    update(AuditChainRow)
    .where(AuditChainRow.tenant_id == bindparam("of"))
    .values(entries=AuditChainRow.entries + 1)
    .returning(AuditChainRow.entries, AuditChainRow.head)
)
_SET_HEAD = update(AuditChainRow).where(AuditChainRow.tenant_id == bindparam("of")).values(head=bindparam("new_head"))


@dataclass(frozen=True)
class AuditEntry:
    """`place` counts from 1 within the tenant's chain; `hash` covers the entry and the hash before it."""

    place: int
    at: datetime
    actor: str
    action: str
    details: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class ChainReport:
    """What verifying one chain found. `broken_at` is the place of the first wrong row, None for a whole chain.

    `head` is the last hash: whoever keeps it elsewhere notices even a chain that was written anew from a point on.
    """

    tenant_id: int
    entries: int
    head: str
    broken_at: int | None
    problem: str = ""


async def record(
    session: AsyncSession, at: datetime, tenant_id: int, actor: str, action: str, details: dict[str, Any]
) -> None:
    """Add an entry in the caller's transaction. Do it last: other writers of this tenant's log wait from here on."""
    await session.execute(_BEGIN, {"of": tenant_id})
    place, previous = (await session.execute(_TAKE_PLACE, {"of": tenant_id})).one()
    entry_hash = chained(previous, tenant_id, place, at, actor, action, details)
    session.add(
        AuditEntryRow(
            tenant_id=tenant_id,
            place=place,
            actor=actor,
            action=action,
            details=details,
            at=at,
            previous_hash=previous,
            hash=entry_hash,
        )
    )
    await session.execute(_SET_HEAD, {"of": tenant_id, "new_head": entry_hash})


def chained(
    previous: str, tenant_id: int, place: int, at: datetime, actor: str, action: str, details: dict[str, Any]
) -> str:
    """SHA-256, in hex, of an entry's canonical JSON with the hash before it."""
    content = [previous, tenant_id, place, at.astimezone(UTC).isoformat(timespec="microseconds")]
    canonical = json.dumps([*content, actor, action, details], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class AuditLog:
    """Reads the log, checks its chains, and adds what no other transaction comes with."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, at: datetime, tenant_id: int, actor: str, action: str, details: dict[str, Any]) -> None:
        """An entry of its own."""
        async with self._database.transaction() as session:
            await record(session, at, tenant_id, actor, action, details)

    async def of(self, tenant_id: int, limit: int) -> list[AuditEntry]:
        """The tenant's newest `limit` entries, oldest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(AuditEntryRow)
                .where(AuditEntryRow.tenant_id == tenant_id)
                .order_by(AuditEntryRow.place.desc())
                .limit(limit)
            )
            return [_entry(row) for row in rows][::-1]

    async def verify(self) -> list[ChainReport]:
        """Every chain, whole or broken; also chains whose tenant or whose head is gone."""
        async with self._database.snapshot() as session:
            kept = await session.scalars(select(AuditChainRow.tenant_id))
            written = await session.scalars(select(AuditEntryRow.tenant_id).distinct())
            return [await self._verify(session, tenant_id) for tenant_id in sorted({*kept, *written})]

    async def _verify(self, session: AsyncSession, tenant_id: int) -> ChainReport:
        chain = await session.get(AuditChainRow, tenant_id)
        previous, place = _FIRST, 0
        async for row in _rows(session, tenant_id):
            place += 1
            if problem := _problem(row, place, previous):
                return ChainReport(tenant_id, place - 1, previous, place, problem)
            previous = row.hash
        if chain is None:
            return ChainReport(tenant_id, place, previous, place, "the chain's head is missing")
        if (chain.entries, chain.head) != (place, previous):
            count = await session.scalar(
                select(func.count()).select_from(AuditEntryRow).where(AuditEntryRow.tenant_id == tenant_id)
            )
            return ChainReport(tenant_id, place, previous, place + 1, f"{count} of {chain.entries} rows are there")
        return ChainReport(tenant_id, place, previous, None)


async def _rows(session: AsyncSession, tenant_id: int) -> AsyncIterator[AuditEntryRow]:
    """The chain's rows in order, some at a time."""
    after = 0
    while True:
        rows = list(
            await session.scalars(
                select(AuditEntryRow)
                .where(AuditEntryRow.tenant_id == tenant_id, AuditEntryRow.place > after)
                .order_by(AuditEntryRow.place)
                .limit(_AT_ONCE)
            )
        )
        for row in rows:
            yield row
            session.expunge(row)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].place


def _problem(row: AuditEntryRow, place: int, previous: str) -> str:
    if row.place != place:
        return "a row is missing"
    if row.previous_hash != previous:
        return "it does not follow the row before it"
    if row.hash != chained(previous, row.tenant_id, place, row.at, row.actor, row.action, row.details):
        return "its content is not what was written"
    return ""


def _entry(row: AuditEntryRow) -> AuditEntry:
    return AuditEntry(row.place, row.at, row.actor, row.action, row.details, row.hash)
