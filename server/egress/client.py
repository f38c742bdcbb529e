"""The one HTTP client for addresses that customers name: each address is judged before a socket is made for it."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.typedefs import LooseHeaders

from server.egress.targets import EgressPolicy

CONNECT_TIMEOUT_S = 5.0
EXCERPT_MAX = 4_096
_CONNECTIONS_MAX = 256
_PER_HOST_MAX = 32

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
SocketFactory = Callable[[AddressInfo], socket.socket]


class Unreachable(Exception):
    """No answer: refused, unresolved, timed out, broken off. `reason` is a word for a log, never an address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _NotPublic(OSError):
    """The guard's no. An OSError, so that the connector takes it for a connection that failed."""


@dataclass(frozen=True)
class Reply:
    """What a server answered. `excerpt` is the beginning of its body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    excerpt: str = field(repr=False)


def open_socket(info: AddressInfo) -> socket.socket:
    """A socket for a resolved address."""
    family, kind, protocol = info[:3]
    return socket.socket(family, kind, protocol)


class Egress:
    """Posts to customers' servers. Redirects are not followed, cookies not kept, proxies not asked."""

    def __init__(
        self,
        policy: EgressPolicy,
        resolver: AbstractResolver | None = None,
        socket_factory: SocketFactory = open_socket,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._socket_factory = socket_factory
        self._session: aiohttp.ClientSession | None = None

    @property
    def policy(self) -> EgressPolicy:
        return self._policy

    async def post(self, url: str, body: bytes, headers: LooseHeaders, timeout_s: float) -> Reply:
        """Send `body`. Raises Unreachable; every answer, whatever its status, is a Reply."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        try:
            async with self._open().post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                excerpt = await _beginning(answer)
                return Reply(answer.status, answer.headers, excerpt)
        except TimeoutError:
            raise Unreachable("timeout") from None
        except aiohttp.ClientConnectorDNSError:
            raise Unreachable("unresolved") from None
        except aiohttp.ClientConnectorCertificateError:
            raise Unreachable("certificate") from None
        except aiohttp.ClientConnectorError:  # a closed port and an address we refuse look the same from outside
            raise Unreachable("not_reachable") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Unreachable("broken_off") from None

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                socket_factory=self._guarded,
                resolver=self._resolver,
                use_dns_cache=False,
                limit=_CONNECTIONS_MAX,
                limit_per_host=_PER_HOST_MAX,
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            )
        return self._session

    def _guarded(self, info: AddressInfo) -> socket.socket:
        address = ip_address(str(info[4][0]).split("%", 1)[0])
        if not self._policy.lets_through(address, info[4][1]):
            raise _NotPublic("not on the public internet")
        return self._socket_factory(info)


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """At most EXCERPT_MAX bytes; a body that does not end is left unread."""
    read = b""
    async for piece in answer.content.iter_chunked(EXCERPT_MAX):
        read += piece
        if len(read) >= EXCERPT_MAX:
            answer.close()
            break
    return read[:EXCERPT_MAX].decode("utf-8", "replace").replace("\x00", "\ufffd")
