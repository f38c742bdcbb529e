"""What an endpoint was sent and how it went, and sending it again: replay, recovery, a test."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from server.kit.clock import Clock
from server.kit.errors import FieldProblem, InvalidInput, NotFound
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.idempotency import UNCLAIMED, Claim
from server.webhooks.deliveries import FAILED, PENDING, Event, addressed
from server.webhooks.signing import MASKED
from server.webhooks.tables import AttemptRow, DeliveryRow

SHOWN_MAX = 50
RECOVER_MAX = timedelta(days=14)
_SECRET_FIELD = re.compile(r'("cable_token":")[^"]*"')


@dataclass(frozen=True)
class Logged:
    """One attempt, as its owner may see it: no signature, no token."""

    id: int
    delivery_uid: str
    type: str
    state: str
    at: datetime
    duration_ms: int
    status: int | None
    failure: str | None
    headers: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)
    excerpt: str = field(repr=False)


class DeliveryLog:
    """The last attempts of an endpoint. Whether it is the asker's endpoint was decided before."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def latest(self, endpoint_id: int) -> list[Logged]:
        """The last SHOWN_MAX attempts, newest first (P-085)."""
        async with self._database.reading() as session:
            rows = await session.execute(
                select(AttemptRow, DeliveryRow)
                .join(DeliveryRow, DeliveryRow.id == AttemptRow.delivery_id)
                .where(AttemptRow.endpoint_id == endpoint_id)
                .order_by(AttemptRow.id.desc())
                .limit(SHOWN_MAX)
            )
            return [_logged(attempt, delivery) for attempt, delivery in rows]

    async def replay(self, endpoint_id: int, delivery_uid: str) -> str:
        """Send it once more, under the same id (A-16). Raises NotFound `unknown_delivery`."""
        async with self._database.transaction() as session:
            uid = await session.scalar(
                update(DeliveryRow)
                .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.uid == delivery_uid[:40])
                .values(state=PENDING, tries=1, next_at=self._clock.now(), done_at=None)
                .returning(DeliveryRow.uid)
            )
        if uid is None:
            raise NotFound("unknown_delivery", "There is no such delivery.")
        return str(uid)

    async def recover(self, endpoint_id: int, since: datetime) -> int:
        """Send again everything that failed since then; how many. Raises InvalidInput beyond RECOVER_MAX."""
        now = self._clock.now()
        if now - since > RECOVER_MAX:
            problem = FieldProblem("since", f"At most {RECOVER_MAX.days} days ago.")
            raise InvalidInput("invalid_request", "A field of the request is wrong.", [problem])
        async with self._database.transaction() as session:
            changed = await session.scalars(
                update(DeliveryRow)
                .where(
                    DeliveryRow.endpoint_id == endpoint_id,
                    DeliveryRow.state == FAILED,
                    DeliveryRow.created_at >= since,
                )
                .values(state=PENDING, tries=1, next_at=now, done_at=None)
                .returning(DeliveryRow.id)
            )
            return len(list(changed))

    async def test(self, endpoint_id: int, claim: Claim = UNCLAIMED) -> str:
        """Send a test event, whatever the endpoint listens to; the delivery's id, which `claim` is told."""
        now = self._clock.now()
        event = Event("webhook.test", {"message": "It works."}, now, cause=f"test:{new_uid('evt')}")
        async with self._database.transaction() as session:
            sent = addressed(endpoint_id, event, now)
            session.add(sent)
            await session.flush()
            await claim.made(session, sent.uid)
        return sent.uid


def _logged(attempt: AttemptRow, delivery: DeliveryRow) -> Logged:
    return Logged(
        id=attempt.id,
        delivery_uid=delivery.uid,
        type=delivery.type,
        state=delivery.state,
        at=attempt.at,
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        failure=attempt.failure,
        headers=attempt.request_headers,
        body=_SECRET_FIELD.sub(rf'\1{MASKED}"', delivery.body),
        excerpt=attempt.excerpt,
    )


def body_of(one: Logged) -> dict[str, Any]:
    """The log's own JSON for an attempt."""
    return {
        "id": one.id,
        "event_id": one.delivery_uid,
        "type": one.type,
        "state": one.state,
        "at": one.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "duration_ms": one.duration_ms,
        "response_status": one.status,
        "failure": one.failure,
        "request_headers": dict(one.headers),
        "request_body": json.loads(one.body),
        "response_excerpt": one.excerpt,
    }
