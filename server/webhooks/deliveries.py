"""Deliveries as they are kept: published once, claimed by one process, settled by how the attempt went."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.kit.clock import Clock
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.secret import MasterSecret
from server.webhooks.endpoints import SEALED_FOR, wants
from server.webhooks.schedule import next_wait, pause_after
from server.webhooks.tables import AttemptRow, DeliveryRow, EndpointRow

BODY_MAX = 256 * 1024
GIVEN_UP_AFTER = timedelta(hours=120)
GIVEN_UP_TRIES = 20
BREAKER_FAILURES = 5  # from then on one delivery at a time finds out whether the endpoint is back
PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
_GONE = 410

_Row = TypeVar("_Row", EndpointRow, DeliveryRow)


@dataclass(frozen=True)
class Event:
    """Something that happened in a project, as endpoints are told it.

    `cause` names it among everything that ever happens: publishing it again changes nothing. Events with the same
    `subject` reach an endpoint in order.
    """

    type: str
    data: Mapping[str, Any] = field(repr=False)
    at: datetime
    cause: str
    subject: str | None = None


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process may try until its lease ends."""

    id: int
    uid: str
    endpoint_id: int
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    keys: Sequence[str] = field(repr=False)  # the one the receiver is believed to have comes last
    is_careful: bool = False  # the endpoint fails: no second one beside it


@dataclass(frozen=True)
class Try:
    """One request and its answer."""

    at: datetime
    duration_ms: int
    status: int | None
    failure: str | None
    headers: Mapping[str, str] = field(repr=False)
    excerpt: str = field(repr=False)


@dataclass(frozen=True)
class Result:
    """How a claimed delivery went. `flipped`: the receiver took it only with the order of the keys turned round."""

    claimed: Claimed
    tries: Sequence[Try]
    delivered: bool
    retry_after_s: float | None = None
    is_final: bool = False  # the receiver asked us to stop
    flipped: bool = False

    @property
    def status(self) -> int | None:
        return self.tries[-1].status


def addressed(endpoint_id: int, event: Event, now: datetime) -> DeliveryRow:
    """The event on its way to one endpoint, due at once."""
    uid = new_uid("evt")
    return DeliveryRow(
        uid=uid,
        endpoint_id=endpoint_id,
        cause=event.cause,
        subject=event.subject,
        type=event.type,
        body=envelope(uid, event),
        state=PENDING,
        tries=0,
        next_at=now,
        created_at=now,
    )


class Deliveries:
    """The only writer of deliveries and attempts."""

    def __init__(self, database: Database, secret: MasterSecret, clock: Clock, chance: Random) -> None:
        self._database = database
        self._secret = secret
        self._clock = clock
        self._chance = chance

    async def publish(self, project_id: int, event: Event) -> int:
        """One delivery for every active endpoint that wants the event; how many are new."""
        async with self._database.transaction() as session:
            return await self.publish_in(session, project_id, event)

    async def publish_in(self, session: AsyncSession, project_id: int, event: Event) -> int:
        """As publish(), inside the caller's transaction."""
        endpoints = await session.scalars(
            select(EndpointRow).where(EndpointRow.project_id == project_id, EndpointRow.is_active)
        )
        wanting = [each.id for each in endpoints if wants(each.events, event.type)]
        known = set(
            await session.scalars(
                select(DeliveryRow.endpoint_id).where(
                    DeliveryRow.cause == event.cause, DeliveryRow.endpoint_id.in_(wanting)
                )
            )
        )
        now = self._clock.now()
        new = [addressed(endpoint_id, event, now) for endpoint_id in wanting if endpoint_id not in known]
        session.add_all(new)
        return len(new)

    async def claim(self, limit: int, busy: Mapping[int, int], per_endpoint: int, lease: timedelta) -> list[Claimed]:
        """Up to `limit` that are due, at most `per_endpoint` of one endpoint with those that are `busy` already."""
        now = self._clock.now()
        full = [endpoint_id for endpoint_id, count in busy.items() if count >= per_endpoint]
        async with self._database.transaction() as session:
            rows = await session.execute(_due(now, full, limit))
            claimed: list[Claimed] = []
            taken = dict(busy)
            for delivery, endpoint in rows:
                is_careful = endpoint.failures >= BREAKER_FAILURES
                if taken.get(endpoint.id, 0) >= (1 if is_careful else per_endpoint):
                    continue
                taken[endpoint.id] = taken.get(endpoint.id, 0) + 1
                delivery.next_at = now + lease
                claimed.append(self._claimed(delivery, endpoint, now, is_careful))
            return claimed

    def _claimed(self, delivery: DeliveryRow, endpoint: EndpointRow, now: datetime, is_careful: bool) -> Claimed:
        keys = [self._secret.unseal(endpoint.secret, SEALED_FOR).decode()]
        if endpoint.old_secret is not None and endpoint.old_secret_until and endpoint.old_secret_until > now:
            keys.append(self._secret.unseal(endpoint.old_secret, SEALED_FOR).decode())
            if endpoint.new_secret_is_known:
                keys.reverse()
        return Claimed(
            delivery.id, delivery.uid, endpoint.id, endpoint.url, delivery.body.encode(), tuple(keys), is_careful
        )

    async def settle(self, results: Sequence[Result]) -> list[int]:
        """Write down how these went, in one transaction. Ids of endpoints that were given up because of it."""
        given_up: list[int] = []
        async with self._database.transaction() as session:
            # Locked in one order everywhere, and without the lock of a row's key, which whoever publishes to it
            # shares: two processes that settle, or one that settles and one that publishes, never wait in a ring.
            endpoints = await _locked(session, EndpointRow, {one.claimed.endpoint_id for one in results})
            deliveries = await _locked(session, DeliveryRow, {one.claimed.id for one in results})
            for result in results:
                delivery = deliveries.get(result.claimed.id)
                endpoint = endpoints.get(result.claimed.endpoint_id)
                if delivery is None or endpoint is None:
                    continue  # deleted meanwhile
                session.add_all(_attempt(delivery, each) for each in result.tries)
                if result.delivered:
                    self._succeeded(delivery, endpoint, result)
                elif self._failed(delivery, endpoint, result):
                    given_up.append(endpoint.id)
        return given_up

    def _succeeded(self, delivery: DeliveryRow, endpoint: EndpointRow, result: Result) -> None:
        now = self._clock.now()
        delivery.state, delivery.done_at = DELIVERED, now
        delivery.tries += 1
        endpoint.failures, endpoint.failing_since, endpoint.paused_until = 0, None, None
        endpoint.last_success_at = now
        if result.flipped:
            endpoint.new_secret_is_known = not endpoint.new_secret_is_known

    def _failed(self, delivery: DeliveryRow, endpoint: EndpointRow, result: Result) -> bool:
        """True when the endpoint is given up now."""
        now = self._clock.now()
        delivery.tries += 1
        wait = None if result.is_final else next_wait(delivery.tries, result.retry_after_s, self._chance)
        if wait is None:
            delivery.state, delivery.done_at = FAILED, now
        else:
            delivery.next_at = now + wait
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or now
        pause = pause_after(result.status, result.retry_after_s)
        if pause is not None:
            endpoint.paused_until = now + pause
        is_gone = result.status == _GONE
        is_hopeless = endpoint.failures >= GIVEN_UP_TRIES and now - endpoint.failing_since >= GIVEN_UP_AFTER
        if not endpoint.is_active or not (is_gone or is_hopeless):
            return False
        endpoint.is_active, endpoint.disabled_reason = False, "gone" if is_gone else "failing"
        return True

    async def put_back(self, delivery_ids: Collection[int]) -> None:
        """Claimed, but not tried: due again at once."""
        async with self._database.transaction() as session:
            await session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.id.in_(delivery_ids), DeliveryRow.state == PENDING)
                .values(next_at=self._clock.now())
            )


def envelope(uid: str, event: Event) -> str:
    """P-087. Raises ValueError for data beyond BODY_MAX: whoever renders an event keeps it small."""
    at = event.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    whole = {"id": uid, "type": event.type, "created_at": at, "data": dict(event.data)}
    body = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > BODY_MAX:
        raise ValueError("an event is too large for a delivery")
    return body


async def _locked(session: AsyncSession, table: type[_Row], ids: Collection[int]) -> dict[int, _Row]:
    """These rows by id, ours until the transaction ends; those that are gone are left out."""
    which = select(table).where(table.id.in_(ids)).order_by(table.id).with_for_update(key_share=True)
    return {row.id: row for row in await session.scalars(which)}


def _due(now: datetime, full: Sequence[int], limit: int) -> Any:
    earlier = aliased(DeliveryRow)
    waits_for_another = exists().where(
        earlier.endpoint_id == DeliveryRow.endpoint_id,
        earlier.subject == DeliveryRow.subject,
        earlier.state == PENDING,
        earlier.tries == 0,  # one that waits for its retry holds nothing up
        earlier.id < DeliveryRow.id,
    )
    return (
        select(DeliveryRow, EndpointRow)
        .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
        .where(
            and_(DeliveryRow.state == PENDING, DeliveryRow.next_at <= now),
            EndpointRow.is_active,
            or_(EndpointRow.paused_until.is_(None), EndpointRow.paused_until <= now),
            EndpointRow.id.not_in(full),
            or_(DeliveryRow.tries > 0, ~waits_for_another),
        )
        .order_by(DeliveryRow.next_at, DeliveryRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=DeliveryRow)
    )


def _attempt(delivery: DeliveryRow, one: Try) -> AttemptRow:
    return AttemptRow(
        endpoint_id=delivery.endpoint_id,
        delivery_id=delivery.id,
        at=one.at,
        duration_ms=one.duration_ms,
        status=one.status,
        failure=one.failure,
        request_headers=dict(one.headers),
        excerpt=one.excerpt,
    )
