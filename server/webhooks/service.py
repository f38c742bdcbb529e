"""Webhooks as one thing: made from a database and a policy, run as one loop, closed once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from server.egress import Egress, EgressPolicy
from server.kit.clock import Clock
from server.storage import Database
from server.storage.secret import MasterSecret
from server.webhooks.deliveries import Deliveries, Event
from server.webhooks.dispatcher import Dispatcher
from server.webhooks.endpoints import Endpoints
from server.webhooks.log import DeliveryLog
from server.webhooks.signing import DEFAULT_NAMES, HeaderNames

DISABLED = "webhook.disabled"


@dataclass(frozen=True)
class Webhooks:
    endpoints: Endpoints
    deliveries: Deliveries
    log: DeliveryLog
    dispatcher: Dispatcher

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        database: Database,
        secret: MasterSecret,
        policy: EgressPolicy,
        clock: Clock,
        names: HeaderNames = DEFAULT_NAMES,
    ) -> AsyncIterator["Webhooks"]:
        """Compose; what is under way at the end of the block is let arrive. dispatcher.run() is the caller's task."""
        endpoints = Endpoints(database, secret, policy, clock)
        deliveries = Deliveries(database, secret, clock, Random())  # noqa: S311  # jitter
        egress = Egress(policy)

        async def given_up(endpoint_id: int) -> None:
            """Tell the project's other endpoints."""
            lost = await endpoints.by_id(endpoint_id)
            if lost is None:
                return
            data = {"id": lost.id, "url": lost.url, "reason": lost.disabled_reason}
            cause = f"disabled:{lost.id}:{clock.now().isoformat()}"
            await deliveries.publish(lost.project_id, Event(DISABLED, data, clock.now(), cause))

        dispatcher = Dispatcher(deliveries, egress, clock, names, given_up)
        try:
            yield cls(endpoints, deliveries, DeliveryLog(database, clock), dispatcher)
        finally:
            await dispatcher.close()
            await egress.close()
