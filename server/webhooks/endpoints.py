"""A project's webhook endpoints: made, changed, given a new secret, deleted. The secret is told once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.egress.targets import EgressPolicy, check_url
from server.kit.clock import Clock
from server.kit.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound, TooMany
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.idempotency import UNCLAIMED, Claim
from server.storage.reference import refers_to
from server.storage.secret import MasterSecret
from server.storage.text import storable
from server.tenants.audit import record
from server.tenants.tables import ProjectRow
from server.webhooks.signing import new_signing_secret
from server.webhooks.tables import EndpointRow

EVERY_EVENT = "*"
ENDPOINTS_MAX = 20  # of one project
NAME_MAX = 120
EVENTS_MAX = 40
OVERLAP_MAX_H = 168
SEALED_FOR = "webhook secrets"
_EVENT = re.compile(r"(phone_call|sms|webhook)\.[a-z_-]{1,40}|\*")
_RETRY_S = 3_600


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as its owner sees it: never its secret."""

    id: int
    uid: str
    project_id: int
    name: str
    url: str = field(repr=False)
    events: Sequence[str]
    style: str
    is_active: bool
    disabled_reason: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class NewEndpoint:
    url: str = field(repr=False)
    events: Sequence[str] = (EVERY_EVENT,)
    name: str = ""
    style: str = "phonevoice"


class Endpoints:
    """Everything an owner does with endpoints. `project_id` is whose token asks."""

    def __init__(self, database: Database, secret: MasterSecret, policy: EgressPolicy, clock: Clock) -> None:
        self._database = database
        self._secret = secret
        self._policy = policy
        self._clock = clock

    async def create(
        self, project_id: int, new: NewEndpoint, actor: str, claim: Claim = UNCLAIMED
    ) -> tuple[Endpoint, str]:
        """The endpoint, whose uid `claim` is told, and its secret.

        Raises InvalidInput `url_refused` or `invalid_request`, TooMany.
        """
        secret, now = new_signing_secret(), self._clock.now()
        async with self._database.transaction() as session:
            project = await session.get_one(ProjectRow, project_id, with_for_update=True)
            await _refuse_too_many(session, project_id)
            row = EndpointRow(
                uid=new_uid("we"),
                tenant_id=project.tenant_id,
                project_id=project_id,
                name=_name(new.name),
                url=check_url(new.url, self._policy),
                events=_events(new.events),
                style=new.style,
                is_active=True,
                secret=self._secret.seal(secret.encode(), SEALED_FOR),
                new_secret_is_known=True,
                failures=0,
                created_at=now,
            )
            session.add(row)
            await session.flush()
            await claim.made(session, row.uid)
            await _audit(session, row, "webhook.created", actor, now)
        return _endpoint(row), secret

    async def with_secret(self, project_id: int, reference: str) -> tuple[Endpoint, str]:
        """As create() or rotate() gave it, for who never got that answer. Raises as find()."""
        async with self._database.reading() as session:
            row = await _owned(session, project_id, reference)
        return _endpoint(row), self._secret.unseal(row.secret, SEALED_FOR).decode()

    async def list(self, project_id: int) -> list[Endpoint]:
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(EndpointRow).where(EndpointRow.project_id == project_id).order_by(EndpointRow.id)
            )
            return [_endpoint(row) for row in rows]

    async def find(self, project_id: int, reference: str) -> Endpoint:
        """By integer id or uid. Raises NotFound `unknown_webhook`, NotAllowed `foreign_webhook`."""
        async with self._database.reading() as session:
            return _endpoint(await _owned(session, project_id, reference))

    async def by_id(self, endpoint_id: int) -> Endpoint | None:
        """Whosever it is; None when it was deleted."""
        async with self._database.reading() as session:
            row = await session.get(EndpointRow, endpoint_id)
        return None if row is None else _endpoint(row)

    async def change(self, project_id: int, reference: str, changes: Mapping[str, Any], actor: str) -> Endpoint:
        """Set `url`, `name`, `events` or `active`; the others stay. Making it active forgets why it was not."""
        async with self._database.transaction() as session:
            row = await _owned(session, project_id, reference)
            if "url" in changes:
                row.url = check_url(changes["url"], self._policy)
            if "name" in changes:
                row.name = _name(changes["name"])
            if "events" in changes:
                row.events = _events(changes["events"])
            if "active" in changes:
                row.is_active = bool(changes["active"])
                if row.is_active:
                    row.disabled_reason, row.failing_since, row.paused_until, row.failures = None, None, None, 0
            await _audit(session, row, "webhook.changed", actor, self._clock.now(), sorted(changes))
        return _endpoint(row)

    async def rotate(
        self,
        project_id: int,
        reference: str,
        overlap_h: int,
        actor: str,
        *,
        force: bool = False,
        claim: Claim = UNCLAIMED,
    ) -> tuple[Endpoint, str]:
        """A new secret; the old one signs beside it for `overlap_h` hours. `claim` is told the endpoint's uid.

        Raises Conflict `rotation_in_progress` while the last one's overlap lasts, unless forced.
        """
        if not 0 <= overlap_h <= OVERLAP_MAX_H:
            problem = FieldProblem("overlap_hours", f"It is 0 to {OVERLAP_MAX_H}.")
            raise InvalidInput("invalid_request", "A field of the request is wrong.", [problem])
        secret, now = new_signing_secret(), self._clock.now()
        async with self._database.transaction() as session:
            row = await _owned(session, project_id, reference)
            if row.old_secret_until is not None and row.old_secret_until > now and not force:
                raise Conflict("rotation_in_progress", "The secret was changed lately and both still sign.")
            row.old_secret = row.secret if overlap_h else None
            row.old_secret_until = now + timedelta(hours=overlap_h) if overlap_h else None
            row.secret = self._secret.seal(secret.encode(), SEALED_FOR)
            row.new_secret_is_known = not overlap_h
            await claim.made(session, row.uid)
            await _audit(session, row, "webhook.secret_rotated", actor, now)
        return _endpoint(row), secret

    async def delete(self, project_id: int, reference: str, actor: str) -> None:
        """Delete it with its deliveries and log."""
        async with self._database.transaction() as session:
            row = await _owned(session, project_id, reference)
            await session.delete(row)
            await _audit(session, row, "webhook.deleted", actor, self._clock.now())


def wants(events: Sequence[str], event_type: str) -> bool:
    return EVERY_EVENT in events or event_type in events


async def _owned(session: AsyncSession, project_id: int, reference: str) -> EndpointRow:
    row = await session.scalar(select(EndpointRow).where(refers_to(EndpointRow, reference)).with_for_update())
    if row is None:
        raise NotFound("unknown_webhook", "There is no such webhook.")
    if row.project_id != project_id:
        raise NotAllowed("foreign_webhook", "This webhook belongs to somebody else.")
    return row


async def _refuse_too_many(session: AsyncSession, project_id: int) -> None:
    count = await session.scalar(
        select(func.count()).select_from(EndpointRow).where(EndpointRow.project_id == project_id)
    )
    if (count or 0) >= ENDPOINTS_MAX:
        raise TooMany("too_many_webhooks", f"A project has at most {ENDPOINTS_MAX} webhooks.", _RETRY_S)


def _name(text: str) -> str:
    return storable(text).strip()[:NAME_MAX]


def _events(asked: Sequence[str]) -> list[str]:
    """Raises InvalidInput `invalid_request` naming what is no event."""
    kept = list(dict.fromkeys(asked)) or [EVERY_EVENT]
    wrong = [each for each in kept if not _EVENT.fullmatch(each)]
    if wrong or len(kept) > EVENTS_MAX:
        problem = FieldProblem("events", "Each is an event like phone_call.completed, or * for all of them.")
        raise InvalidInput("invalid_request", "A field of the request is wrong.", [problem])
    return kept


async def _audit(
    session: AsyncSession, row: EndpointRow, action: str, actor: str, at: datetime, changed: Sequence[str] = ()
) -> None:
    details = {"webhook": row.uid, **({"changed": list(changed)} if changed else {})}
    await record(session, at, row.tenant_id, actor, action, details)


def _endpoint(row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        uid=row.uid,
        project_id=row.project_id,
        name=row.name,
        url=row.url,
        events=tuple(row.events),
        style=row.style,
        is_active=row.is_active,
        disabled_reason=row.disabled_reason,
        failing_since=row.failing_since,
        last_success_at=row.last_success_at,
        created_at=row.created_at,
    )
