"""The widget's sessions: opened within limits, bound to tenant, agent, origin and conversation."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import Conflict, Gone, NotAllowed, NotAuthenticated, TooMany
from server.kit.ids import new_uid
from server.sessions.keys import SigningKeys
from server.sessions.signing import Purpose, Tokens
from server.sessions.tables import WidgetSessionRow
from server.storage import Database
from server.storage.rate import Rate, Rates
from server.tenants.credentials import Credentials, WidgetTarget
from server.tenants.revocations import opened_by_a_good_key
from server.tenants.tables import TenantRow

LIFETIME = timedelta(hours=1)
PER_ADDRESS = Rate(per_minute=30)
PER_TENANT = Rate(per_minute=300)
REAP_GRACE = timedelta(seconds=60)  # a server that lost its database for a moment still touches what it serves
_RETRY_WHEN_BUSY_S = 10
_IPV6_NETWORK_BITS = 64  # what one visitor has at the least

# Put together once: every visitor's click runs these, and SQLAlchemy takes longer over them than the database.
_sessions = cast("Table", WidgetSessionRow.__table__)
_tenants = cast("Table", TenantRow.__table__)
_LOCK_TENANT = select(_tenants.c.id).where(_tenants.c.id == bindparam("tenant_id")).with_for_update()
_COUNT_ALIVE = (
    select(func.count())
    .select_from(_sessions)
    .where(
        _sessions.c.tenant_id == bindparam("tenant_id"),
        _sessions.c.ended_at.is_(None),
        _sessions.c.lease_until > bindparam("now"),
    )
)
_INSERT = insert(_sessions)


BeginConversation = Callable[[AsyncSession, str], Awaitable[None]]
"""Stores the conversation of this uid with the session's own transaction: there is never one without the other."""


@dataclass(frozen=True)
class OpenedSession:
    """A session just opened or renewed: what its page keeps."""

    uid: str
    conversation_uid: str
    token: str = field(repr=False)
    expires_at: datetime
    resume_s: int


@dataclass(frozen=True)
class WidgetSession:
    """A verified session."""

    uid: str
    conversation_uid: str
    tenant_id: int
    target: WidgetTarget
    origin: str
    language: str
    metadata: dict[str, str] = field(repr=False)
    generation: int


class WidgetSessions:
    def __init__(
        self,
        database: Database,
        keys: SigningKeys,
        credentials: Credentials,
        rates: Rates,
        clock: Clock,
        resume_s: int = 60,
        per_address: Rate = PER_ADDRESS,
        per_tenant: Rate = PER_TENANT,
    ) -> None:
        self._database = database
        self._tokens = Tokens(Purpose.WIDGET, LIFETIME, keys, clock)
        self._credentials = credentials
        self._rates = rates
        self._clock = clock
        self._resume_s = resume_s
        self._per_address = per_address
        self._per_tenant = per_tenant

    async def open(
        self,
        target: WidgetTarget,
        *,
        origin: str,
        client_ip: str,
        consent_version: str | None,
        language: str,
        metadata: dict[str, str],
        begin: BeginConversation | None = None,
    ) -> OpenedSession:
        """A new session for a page of `origin` (normalised, allowed), and by `begin` its conversation.

        Raises `consent_required`, `rate_limit_exceeded`, `concurrency_limit_reached`.
        """
        if target.consent.required and consent_version != target.consent.version:
            raise Conflict("consent_required", "The visitor has to agree to the current terms first.")
        await self._take(f"widget/address/{network_of(client_ip)}", self._per_address)
        await self._take(f"widget/tenant/{target.tenant_id}", self._per_tenant)
        now = self._clock.now()
        uid, conversation_uid, generation = new_uid("wses"), new_uid("conv"), 1
        row = {
            "uid": uid,
            "tenant_id": target.tenant_id,
            "agent_uid": target.agent.uid,
            "conversation_uid": conversation_uid,
            "origin": origin,
            "language": language,
            "details": {"metadata": metadata},
            "credential_uid": target.credential_uid,
            "generation": generation,
            "created_at": now,
            "lease_until": now + self._lease,
        }
        async with self._database.transaction() as session:
            # The tenant's row is the lock: of two sessions opened at once only one may be the last.
            await session.execute(_LOCK_TENANT, {"tenant_id": target.tenant_id})
            alive = await session.scalar(_COUNT_ALIVE, {"tenant_id": target.tenant_id, "now": now})
            if (alive or 0) >= target.plan.concurrent_conversations:
                raise TooMany(
                    "concurrency_limit_reached",
                    "Every line is taken right now. Try again in a moment.",
                    _RETRY_WHEN_BUSY_S,
                )
            await session.execute(_INSERT, row)
            if begin is not None:
                await begin(session, conversation_uid)
        return await self._opened(uid, conversation_uid, generation)

    async def verify(self, token: str, origin: str | None, may_be_over: bool = False) -> WidgetSession:
        """The session of `token`, asked for by a page of `origin` (its Origin header, normalised by the caller).

        Raises `session_invalid` (also when the public key that opened it was revoked), `session_expired`,
        `origin_not_allowed`, `session_ended` (unless `may_be_over`).
        """
        claims = await self._tokens.verify(token)
        async with self._database.reading() as session:
            row = await session.scalar(
                select(WidgetSessionRow).where(
                    WidgetSessionRow.uid == claims.subject, opened_by_a_good_key(WidgetSessionRow.credential_uid)
                )
            )
        if row is None or claims.own.get("gen") != row.generation:
            raise NotAuthenticated("session_invalid", "This session token is not valid here.")
        if origin != row.origin:
            raise NotAllowed("origin_not_allowed", "This session belongs to another site.")
        is_over = row.ended_at is not None or row.lease_until <= self._clock.now()
        if is_over and not may_be_over:
            raise Gone("session_ended", "This conversation is over.")
        return WidgetSession(
            uid=row.uid,
            conversation_uid=row.conversation_uid,
            tenant_id=row.tenant_id,
            target=await self._credentials.target_of(row.tenant_id, row.agent_uid),
            origin=row.origin,
            language=row.language,
            metadata=_metadata(row.details),
            generation=row.generation,
        )

    async def renew(self, session: WidgetSession) -> OpenedSession:
        """A new token for a session that goes on; the old one lives until it expires."""
        await self.touch(session.uid)
        return await self._opened(session.uid, session.conversation_uid, session.generation)

    async def touch(self, session_uid: str) -> None:
        """The conversation is alive: its lease starts anew."""
        async with self._database.transaction() as session:
            await session.execute(
                update(WidgetSessionRow)
                .where(WidgetSessionRow.uid == session_uid, WidgetSessionRow.ended_at.is_(None))
                .values(lease_until=self._clock.now() + self._lease)
            )

    async def end(self, session_uid: str, reason: str) -> None:
        """Give the lease back. Idempotent."""
        async with self._database.transaction() as session:
            await session.execute(
                update(WidgetSessionRow)
                .where(WidgetSessionRow.uid == session_uid, WidgetSessionRow.ended_at.is_(None))
                .values(ended_at=self._clock.now(), ended_reason=reason)
            )

    async def reap(self, reason: str) -> list[str]:
        """End every session whose lease ran out REAP_GRACE ago or more: whoever served it is gone, nobody came back.

        Returns the uids of their conversations, each to one caller only.
        """
        now = self._clock.now()
        async with self._database.transaction() as session:
            reaped = await session.scalars(
                update(WidgetSessionRow)
                .where(WidgetSessionRow.ended_at.is_(None), WidgetSessionRow.lease_until <= now - REAP_GRACE)
                .values(ended_at=now, ended_reason=reason)
                .returning(WidgetSessionRow.conversation_uid)
            )
            return list(reaped)

    async def revoke(self, session_uid: str) -> None:
        """Refuse every token issued so far for this session."""
        async with self._database.transaction() as session:
            await session.execute(
                update(WidgetSessionRow)
                .where(WidgetSessionRow.uid == session_uid)
                .values(generation=WidgetSessionRow.generation + 1)
            )

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._resume_s)

    async def _take(self, key: str, rate: Rate) -> None:
        retry_after_s = await self._rates.take(key, rate)
        if retry_after_s is not None:
            raise TooMany("rate_limit_exceeded", "Too many new conversations this minute.", retry_after_s)

    async def _opened(self, uid: str, conversation_uid: str, generation: int) -> OpenedSession:
        token = await self._tokens.sign(uid, {"gen": generation})
        return OpenedSession(uid, conversation_uid, token, self._clock.now() + self._tokens.lifetime, self._resume_s)


def network_of(client_ip: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network, of which one visitor has every address."""
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), _IPV6_NETWORK_BITS), strict=False))
    return str(address)


def _metadata(details: dict[str, Any]) -> dict[str, str]:
    return dict(details.get("metadata", {}))
