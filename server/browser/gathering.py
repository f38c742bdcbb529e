"""Which addresses and ports browsers reach us at, in place of aioice's own choice.

aioice binds port 0 on every address but 127.0.0.1, and resolves mDNS names while the answer waits. Its Connection is
made deep inside aiortc, so it is given our class after the fact; tests/unit/browser/test_browser_gathering.py fails
when what is overridden here changes.
"""

import asyncio
import contextlib
import ipaddress
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, server_reflexive_candidate
from aioice.mdns import is_mdns_hostname
from aiortc import RTCIceServer, RTCIceTransport

from server.browser.datagrams import SocketTransport
from server.kit.clock import Clock

LOOPBACK = "127.0.0.1"
SERVER_WAIT_S = 1  # for a STUN server, when there is one: the answer waits for it
DATAGRAMS_MAX = 256  # received and not yet looked at: five seconds of sound
REMOTE_CANDIDATES_MAX = 16
RECEIVE_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True)
class MediaNetwork:
    """Where sound comes in. No bind address means every interface; ports 0 to 0 means any port.

    `public_address` is shown to browsers in place of our own (1:1 NAT, same ports); loopback stays as it is.
    `stun_urls`: like "stun:host:3478", asked for our own address. A relay is the browsers' business alone: it must be
    able to reach us.
    """

    bind_addresses: tuple[str, ...] = ()
    port_min: int = 0
    port_max: int = 0
    public_address: str | None = None
    stun_urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port_min <= self.port_max <= 65_535:
            raise ValueError("the media port range is not a range of ports")
        for address in (*self.bind_addresses, *([self.public_address] if self.public_address else [])):
            ipaddress.ip_address(address)

    def shown(self, address: str) -> str:
        """The address a browser is told to use for `address`."""
        ours = ipaddress.ip_address(address)
        if self.public_address is None or ours.is_loopback:
            return address
        return self.public_address if ipaddress.ip_address(self.public_address).version == ours.version else address

    def open_socket(self, address: str) -> socket.socket:
        """A UDP socket on `address` and a port of the range, any free one. Raises OSError when there is none."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        ports = range(self.port_min, self.port_max + 1)
        first = random.randrange(len(ports))  # noqa: S311 - spreads the load, keeps no secret
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        for step in range(len(ports)):
            with contextlib.suppress(OSError):
                opened.bind((address, ports[(first + step) % len(ports)]))
                return opened
        opened.close()
        raise OSError(f"no free UDP port from {self.port_min} to {self.port_max}")

    def aiortc_servers(self) -> list[RTCIceServer]:
        return [RTCIceServer(url) for url in self.stun_urls]


class BoundConnection(Connection):
    """aioice's connection, bound where the MediaNetwork says and with a bounded queue."""

    network: MediaNetwork
    clock: Clock
    heard_at: float
    datagrams_dropped: int
    take_at_once: Callable[[bytes], bool]  # sees every datagram first; what it takes is not queued
    settled: asyncio.Event | None

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = SERVER_WAIT_S,  # noqa: ASYNC109 - aioice's own signature
    ) -> list[Candidate]:
        """Bind host candidates; ask a STUN server only when there is one."""
        wanted = list(self.network.bind_addresses) or addresses or [LOOPBACK]
        hosts = [host for address in wanted if (host := self._bind(component, address)) is not None]
        self._protocols += hosts
        candidates = [host.local_candidate for host in hosts]
        if self.stun_server:
            candidates += await self._ask_stun(hosts, self.stun_server)
        return candidates

    async def add_remote_candidate(self, remote_candidate: Candidate | None) -> None:
        """Leave mDNS names out: resolving takes seconds, and such a browser is found by its own first packet."""
        if remote_candidate is not None and (
            is_mdns_hostname(remote_candidate.host) or len(self._remote_candidates) >= REMOTE_CANDIDATES_MAX
        ):
            return
        await super().add_remote_candidate(remote_candidate)

    @property
    def active_pair(self) -> CandidatePair | None:
        """The addresses sound takes; None while not connected."""
        return self._nominated.get(1)

    async def connect(self) -> None:
        self.settled = asyncio.Event()
        try:
            await super().connect()
        finally:
            self.settled.set()

    async def close(self) -> None:
        """Also wait for connect() to notice, so that nothing outlives the connection."""
        await super().close()
        if self.settled is not None:
            await self.settled.wait()

    def request_received(self, message: object, addr: tuple[str, int], protocol: StunProtocol) -> None:
        self.heard_at = self.clock.monotonic()
        super().request_received(message, addr, protocol)  # type: ignore[arg-type]  # passed on as it came

    def data_received(self, data: bytes, component: int) -> None:
        """Take sound at once, queue anything else; when nobody keeps up the newest is dropped, and counted."""
        self.heard_at = self.clock.monotonic()
        if self.take_at_once(data):
            return
        if self._queue.qsize() >= DATAGRAMS_MAX:
            self.datagrams_dropped += 1
            return
        super().data_received(data, component)

    def _bind(self, component: int, address: str) -> StunProtocol | None:
        try:
            bound = self.network.open_socket(address)
        except OSError:
            return None
        port: int = bound.getsockname()[1]
        protocol = _MediaFirst(self)
        SocketTransport(bound, protocol)
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", address),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=self.network.shown(address),
            port=port,
            type="host",
        )
        return protocol

    async def _ask_stun(self, hosts: list[StunProtocol], server: tuple[str, int]) -> list[Candidate]:
        asking = [
            asyncio.wait_for(server_reflexive_candidate(host, server), SERVER_WAIT_S)
            for host in hosts
            if ":" not in host.local_candidate.host
        ]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        return [answer[0] for answer in answers if not isinstance(answer, BaseException)]


class _MediaFirst(StunProtocol):
    """Media is told from STUN by its first byte (RFC 7983), without trying to parse each packet as STUN."""

    def datagram_received(self, data: bytes | str, addr: tuple[object, ...]) -> None:
        if isinstance(data, bytes) and data and 20 <= data[0] <= 191:
            self.receiver.data_received(data, self.local_candidate.component)
        else:
            super().datagram_received(data, addr)


def bind(transport: RTCIceTransport, network: MediaNetwork, clock: Clock) -> BoundConnection:
    """Make `transport`, which has not gathered yet, gather by `network`."""
    connection = transport.iceGatherer._connection
    connection.__class__ = BoundConnection
    assert isinstance(connection, BoundConnection)
    connection.network = network
    connection.clock = clock
    connection.heard_at = clock.monotonic()
    connection.datagrams_dropped = 0
    connection.take_at_once = _take_nothing
    connection.settled = None
    return connection


def _take_nothing(data: bytes) -> bool:
    return False
