"""Our UDP transport keeps asyncio's promises to a protocol: told of each datagram, of errors, and once of the end."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from server.browser.datagrams import DATAGRAM_MAX_BYTES, SocketTransport


class Heard(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self.datagrams: asyncio.Queue[tuple[bytes, Any]] = asyncio.Queue()
        self.failures: asyncio.Queue[Exception] = asyncio.Queue()
        self.ends = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.datagrams.put_nowait((data, addr))

    def error_received(self, exc: Exception) -> None:
        self.failures.put_nowait(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ends += 1


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with udp() as opened:
        yield opened


def udp() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.setblocking(False)
    return opened


async def test_every_datagram_arrives_whole_in_order_with_its_sender(peer: socket.socket) -> None:
    heard = Heard()
    transport = SocketTransport(udp(), heard)
    assert heard.transport is transport
    sent = [bytes([number]) * size for number, size in enumerate([1, 0, 300, DATAGRAM_MAX_BYTES])]
    for datagram in sent:
        peer.sendto(datagram, transport.get_extra_info("sockname"))
    async with asyncio.timeout(30):
        came = [await heard.datagrams.get() for _ in sent]
    assert came == [(datagram, peer.getsockname()) for datagram in sent]
    transport.close()


async def test_what_is_sent_arrives_and_what_cannot_be_sent_is_reported(peer: socket.socket) -> None:
    heard = Heard()
    transport = SocketTransport(udp(), heard)
    transport.sendto(b"hello", peer.getsockname())
    async with asyncio.timeout(30):
        assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"hello"
        transport.sendto(b"x" * 70_000, peer.getsockname())
        assert isinstance(await heard.failures.get(), OSError)
    transport.close()


async def test_a_port_nobody_listens_on_does_not_end_it(peer: socket.socket) -> None:
    heard = Heard()
    transport = SocketTransport(udp(), heard)
    with udp() as gone:
        nobody = gone.getsockname()
    for _ in range(3):
        transport.sendto(b"anybody?", nobody)
    peer.sendto(b"here", transport.get_extra_info("sockname"))
    async with asyncio.timeout(30):
        assert (await heard.datagrams.get())[0] == b"here"
    transport.close()


async def test_closing_tells_once_frees_the_port_and_forgets_what_comes_later(peer: socket.socket) -> None:
    heard = Heard()
    transport = SocketTransport(udp(), heard)
    here = transport.get_extra_info("sockname")
    transport.close()
    transport.abort()
    transport.sendto(b"late", peer.getsockname())
    await asyncio.sleep(0)
    assert (heard.ends, transport.is_closing(), transport.get_extra_info("sockname")) == (1, True, None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(here)
    with pytest.raises(BlockingIOError):
        peer.recv(100)
