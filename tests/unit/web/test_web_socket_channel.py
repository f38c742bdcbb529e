"""The way out of one socket: in order, bounded, and closed for a page that does not read."""

import asyncio
import json

import pytest

from server.calls.allowance import Allowance
from server.web.client_address import ClientAddresses
from server.web.widget_socket import QUEUE_MAX, SocketChannel


class FakeSocket:
    """A Websocket whose page reads, or does not."""

    def __init__(self, reads: bool = True) -> None:
        self.sent: list[str] = []
        self._reads = reads

    async def send(self, text: str) -> None:
        if not self._reads:
            await asyncio.Event().wait()
        self.sent.append(text)


async def code_of(channel: SocketChannel, socket: FakeSocket) -> int:
    """With which code the channel gives up."""
    with pytest.raises(Exception, match=r"too slow|ended") as closing:
        await asyncio.wait_for(channel.pump(socket), 30)  # type: ignore[arg-type]
    code: int = closing.value.code  # type: ignore[attr-defined]
    return code


async def test_messages_leave_in_order_until_the_end() -> None:
    channel, socket = SocketChannel(1), FakeSocket()
    for number in range(QUEUE_MAX - 1):
        channel.send({"type": "message", "seq": number})
    channel.send({"type": "ended", "reason": "visitor"})
    assert await code_of(channel, socket) == 4410
    assert [json.loads(text).get("seq") for text in socket.sent] == [*range(QUEUE_MAX - 1), None]


async def test_more_than_the_queue_holds_closes_it() -> None:
    channel = SocketChannel(1)
    for number in range(QUEUE_MAX + 1):
        channel.send({"type": "message", "seq": number})
    assert await code_of(channel, FakeSocket()) == 1013


async def test_a_page_that_does_not_read_loses_its_socket() -> None:
    channel = SocketChannel(0.01)
    channel.send({"type": "pong"})
    assert await code_of(channel, FakeSocket(reads=False)) == 1013


@pytest.mark.parametrize("turns", range(8))
async def test_whatever_it_is_doing_it_stops_when_told_to(turns: int) -> None:
    channel, socket = SocketChannel(1), FakeSocket()
    pumping = asyncio.create_task(channel.pump(socket))  # type: ignore[arg-type]
    for _ in range(4):
        channel.send({"type": "pong"})
    for _ in range(turns):
        await asyncio.sleep(0)
    pumping.cancel()
    done, _ = await asyncio.wait({pumping}, timeout=30)
    assert done, "the cancellation was lost"
    assert pumping.cancelled()


def test_an_allowance_is_a_seconds_worth_and_grows_back() -> None:
    now = [0.0]
    allowance = Allowance(50, lambda: now[0])
    assert sum(allowance.take() for _ in range(80)) == 50
    now[0] += 0.5
    assert sum(allowance.take() for _ in range(80)) == 25
    now[0] += 60
    assert sum(allowance.take() for _ in range(80)) == 50


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not a proxy of ours: not believed
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # what the client itself wrote is not believed
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        (None, "198.51.100.7", "unknown"),
        ("<local>", None, "unknown"),
    ],
)
def test_forwarded_headers_count_from_trusted_proxies_only(
    peer: str | None, forwarded: str | None, client: str
) -> None:
    assert ClientAddresses(["10.0.0.0/8"]).of(peer, forwarded) == client
