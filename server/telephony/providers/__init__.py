"""The carriers: each implements server.telephony.port; only the composition root knows them."""

from server.telephony.providers.virtual.catalogue import VirtualNumbers
from server.telephony.providers.virtual.driver import VirtualDriver
from server.telephony.providers.virtual.exchange import VirtualExchange

__all__ = ["VirtualDriver", "VirtualExchange", "VirtualNumbers"]
