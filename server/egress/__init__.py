"""Requests to addresses that customers name: only to the public internet, decided before a socket exists."""

from server.egress.client import Egress, Reply, Unreachable
from server.egress.targets import EgressPolicy

__all__ = ["Egress", "EgressPolicy", "Reply", "Unreachable"]
