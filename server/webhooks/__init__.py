"""Webhooks: a project's events, signed and delivered at least once to the addresses it names."""

from server.webhooks.deliveries import Deliveries, Event
from server.webhooks.dispatcher import Dispatcher
from server.webhooks.endpoints import Endpoint, Endpoints, NewEndpoint
from server.webhooks.log import DeliveryLog
from server.webhooks.service import Webhooks

__all__ = ["Deliveries", "DeliveryLog", "Dispatcher", "Endpoint", "Endpoints", "Event", "NewEndpoint", "Webhooks"]
