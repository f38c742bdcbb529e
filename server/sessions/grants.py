"""Links that open a softphone or a player: each may be used once, for a session bound to one call and role."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import Conflict, Gone, NotAuthenticated
from server.kit.ids import new_uid
from server.media.leg import Role
from server.sessions.keys import SigningKeys
from server.sessions.signing import Purpose, Tokens
from server.sessions.tables import CallGrantRow
from server.storage import Database
from server.tenants.audit import record
from server.tenants.credentials import Principal
from server.tenants.revocations import opened_by_a_good_key

LINK_LIFETIME = timedelta(seconds=300)
SOFTPHONE_LIFETIME = timedelta(hours=12)  # who asks also looks whether the call is over
PLAYER_LIFETIME = timedelta(minutes=60)
_SPEAKERS = (Role.AGENT, Role.TALK)
RENEWED_FOR = timedelta(hours=12)  # since the link was opened; then somebody who may has to give a new one


@dataclass(frozen=True)
class Link:
    """A link just made. `token` goes into its address."""

    token: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True)
class Session:
    """A session just made."""

    token: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True)
class CallGrant:
    """What a link or the session it became allows: one call; the role in it, for softphones only."""

    uid: str
    call_id: int
    tenant_id: int
    role: Role | None
    credential_uid: str | None = None  # of the key that asked for the link


class CallGrants:
    """Links and sessions of one kind of page. A link of the other kind, and any other token, is refused."""

    def __init__(
        self,
        database: Database,
        keys: SigningKeys,
        clock: Clock,
        link_purpose: Purpose,
        session_purpose: Purpose,
        session_lifetime: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._purpose = link_purpose
        self._links = Tokens(link_purpose, LINK_LIFETIME, keys, clock)
        self._sessions = Tokens(session_purpose, session_lifetime, keys, clock)

    async def link(
        self,
        call_id: int,
        tenant_id: int,
        role: Role | None,
        origins: Sequence[str] = (),
        asked_by: Principal | None = None,
    ) -> Link:
        """A new link. `origins` narrow who may frame the page it opens; empty leaves it to the tenant's list.

        It opens nothing once the key of `asked_by` is revoked; None is the server itself.
        """
        uid, now = new_uid("emb"), self._clock.now()
        actor = asked_by.actor if asked_by else "server"
        async with self._database.transaction() as session:
            session.add(
                CallGrantRow(
                    uid=uid,
                    call_id=call_id,
                    tenant_id=tenant_id,
                    purpose=self._purpose.value,
                    role=role.value if role else None,
                    origins=list(origins),
                    credential_uid=asked_by.credential_uid if asked_by else None,
                    actor=actor,
                    created_at=now,
                    used_at=None,
                )
            )
            details = {"call": call_id, "link": uid} | ({"role": role.value} if role else {})
            await record(session, now, tenant_id, actor, f"{self._purpose.value}_link.issued", details)
        return Link(await self._links.sign(uid, {}), int(LINK_LIFETIME.total_seconds()))

    async def peek(self, token: str) -> tuple[int, list[str]] | None:
        """Tenant and narrowed origins of a link, used or not, for its page's headers; None if it is not ours."""
        try:
            claims = await self._links.verify(token)
        except NotAuthenticated:
            return None
        row, _ = await self._row(claims.subject)
        return None if row is None else (row.tenant_id, list(row.origins))

    async def exchange(self, token: str) -> CallGrant:
        """Use a link up. Raises `link_invalid`, `link_expired`, `link_used`."""
        try:
            claims = await self._links.verify(token)
        except NotAuthenticated as refusal:
            if refusal.code == "session_expired":
                raise Gone("link_expired", "This link is too old. Ask for a new one.") from None
            raise NotAuthenticated("link_invalid", "This link is not valid.") from None
        async with self._database.transaction() as session:
            won = await session.scalar(
                update(CallGrantRow)
                .where(
                    CallGrantRow.uid == claims.subject,
                    CallGrantRow.purpose == self._purpose.value,
                    CallGrantRow.used_at.is_(None),
                    opened_by_a_good_key(CallGrantRow.credential_uid),
                )
                .values(used_at=self._clock.now())
                .returning(CallGrantRow)
            )
            if won is not None:
                await self._record_opened(session, won)
                return _grant(won)
        row, is_good = await self._row(claims.subject)
        if row is None or not is_good:
            raise NotAuthenticated("link_invalid", "This link is not valid.")
        raise Conflict("link_used", "This link was opened already.")

    async def session(self, grant: CallGrant) -> Session:
        """A session for a link that was used; again for one that goes on."""
        return Session(await self._sessions.sign(grant.uid, {}), int(self._sessions.lifetime.total_seconds()))

    async def renew(self, token: str) -> Session:
        """A session that lives on after this one. Raises `session_invalid`, `session_expired`."""
        grant = await self.verify(token)
        row, _ = await self._row(grant.uid)
        if row is None or row.used_at is None or self._clock.now() - row.used_at > RENEWED_FOR:
            raise NotAuthenticated("session_expired", "This session is too old. Start again.")
        return await self.session(grant)

    async def verify(self, token: str) -> CallGrant:
        """The grant of a session. Raises `session_invalid`, `session_expired`.

        A revoked key ends what it opened, except for who speaks in a call: nobody is cut off in mid-sentence.
        """
        claims = await self._sessions.verify(token)
        row, is_good = await self._row(claims.subject)
        if row is None or row.purpose != self._purpose.value or not (is_good or row.role in _SPEAKERS):
            raise NotAuthenticated("session_invalid", "This session token is not valid here.")
        return _grant(row)

    async def _record_opened(self, session: AsyncSession, row: CallGrantRow) -> None:
        """In the audit: who may have listened to a call, or heard it again."""
        details: dict[str, object] = {"call": row.call_id, "link": row.uid}
        if row.role is None:
            action = "call.replayed"
        else:
            action = "call.listened_in" if row.role == Role.LISTEN else "softphone.opened"
            details["role"] = row.role
        await record(session, self._clock.now(), row.tenant_id, row.actor, action, details)

    async def _row(self, uid: str) -> tuple[CallGrantRow | None, bool]:
        """The row, and whether the key that asked for it is still good."""
        is_good = opened_by_a_good_key(CallGrantRow.credential_uid)
        async with self._database.reading() as session:
            found = (await session.execute(select(CallGrantRow, is_good).where(CallGrantRow.uid == uid))).first()
            return (found[0], bool(found[1])) if found else (None, False)


def softphone_grants(database: Database, keys: SigningKeys, clock: Clock) -> CallGrants:
    return CallGrants(database, keys, clock, Purpose.EMBED, Purpose.SOFTPHONE, SOFTPHONE_LIFETIME)


def player_grants(database: Database, keys: SigningKeys, clock: Clock) -> CallGrants:
    return CallGrants(database, keys, clock, Purpose.PLAYER, Purpose.REPLAY, PLAYER_LIFETIME)


def _grant(row: CallGrantRow) -> CallGrant:
    return CallGrant(row.uid, row.call_id, row.tenant_id, Role(row.role) if row.role else None, row.credential_uid)
