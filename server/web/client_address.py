"""Who is asking: the peer's address, or what a trusted reverse proxy says it is."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address


class ClientAddresses:
    """Reads `X-Forwarded-For` from the right, past every trusted proxy, and no further."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        """`trusted_proxies`: addresses or networks. Raises ValueError for anything else."""
        self._trusted: list[_Network] = [ip_network(text, strict=False) for text in trusted_proxies]

    def of(self, peer: str | None, forwarded_for: str | None) -> str:
        """The client's address as text; "unknown" when the peer has none (a local socket)."""
        address = _parse(peer or "")
        if address is None:
            return "unknown"
        hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
        while hops and self._is_trusted(address):
            earlier = _parse(hops.pop())
            if earlier is None:
                break
            address = earlier
        return str(address)

    def _is_trusted(self, address: _Address) -> bool:
        return any(address.version == network.version and address in network for network in self._trusted)


def _parse(text: str) -> _Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
