"""Which IP addresses are the public internet: IANA's special-purpose registries, as our own table.

`ipaddress.is_global` is not asked: CPython 3.11 calls 192.0.0.192, 64:ff9b::7f00:1 and 2002:7f00:1:: global.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' shared space
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/128",  # unspecified
        "::1/128",  # loopback
        "64:ff9b::/96",  # NAT64: reaches any IPv4 address behind a gateway
        "64:ff9b:1::/48",  # NAT64, local
        "100::/64",  # discard
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: holds any IPv4 address
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)


def is_public(address: Address) -> bool:
    """Whether `address` is on the public internet. IPv4 in IPv6 clothes is judged as what it is."""
    return not is_in(address, _NOT_PUBLIC)


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of `networks` holds `address`, or the IPv4 address that ::ffff:a.b.c.d or ::a.b.c.d stands for."""
    bare = _unwrapped(address)
    return any(bare in network for network in networks)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if 1 < int(address) < 2**32:  # the deprecated IPv4-compatible form
        return IPv4Address(int(address))
    return address
