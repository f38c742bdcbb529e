"""Where browsers reach us: bind addresses, ports, the public address, and what gathering.py relies on in aioice."""

import inspect

import pytest
from aioice import Candidate, Connection
from aioice.ice import StunProtocol
from aiortc import RTCIceGatherer, RTCIceTransport

from server.browser import BrowserPeer, MediaNetwork, gathering
from server.kit.clock import SystemClock
from server.kit.errors import Unavailable
from tests.fakes.browser_page import Page
from tests.fixtures.servers import free_port


def candidates(answer: str) -> list[tuple[str, int]]:
    lines = [line.split() for line in answer.split("m=application")[0].splitlines() if "candidate:" in line]
    return [(line[4], int(line[5])) for line in lines]


async def answered(network: MediaNetwork) -> list[tuple[str, int]]:
    page = Page()
    peer = await BrowserPeer.answer(await page.offer(), leg_id="visitor", network=network, clock=SystemClock())
    found = candidates(peer.answer_sdp)
    await peer.close()
    await page.close()
    return found


async def test_only_the_bind_addresses_are_offered_loopback_included() -> None:
    found = await answered(MediaNetwork(bind_addresses=("127.0.0.1", "127.0.0.2")))
    assert [address for address, _ in found] == ["127.0.0.1", "127.0.0.2"]


async def test_ports_come_from_the_range_and_a_full_range_is_unavailable() -> None:
    port = free_port()
    network = MediaNetwork(bind_addresses=("127.0.0.1",), port_min=port, port_max=port)
    page, second = Page(), Page()
    peer = await BrowserPeer.answer(await page.offer(), leg_id="a", network=network, clock=SystemClock())
    assert candidates(peer.answer_sdp) == [("127.0.0.1", port)]
    with pytest.raises(Unavailable):
        await BrowserPeer.answer(await second.offer(), leg_id="b", network=network, clock=SystemClock())
    await peer.close()
    assert await answered(network) == [("127.0.0.1", port)]  # closing gave the port back
    await page.close()
    await second.close()


@pytest.mark.parametrize(
    ("address", "shown"), [("10.0.0.5", "203.0.113.9"), ("127.0.0.1", "127.0.0.1"), ("fd00::5", "fd00::5")]
)
def test_the_public_address_is_shown_for_the_private_one(address: str, shown: str) -> None:
    assert MediaNetwork(public_address="203.0.113.9").shown(address) == shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"port_min": 2, "port_max": 1},
        {"port_max": 70_000},
        {"bind_addresses": ("example.com",)},
        {"public_address": "example.com"},
    ],
)
def test_a_network_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        MediaNetwork(**wrong)


def test_what_is_overridden_is_still_there() -> None:
    gather = inspect.getsource(Connection.gather_candidates)
    assert "self.get_component_candidates(component=component, addresses=addresses)" in gather
    assert list(inspect.signature(Connection.get_component_candidates).parameters) == [
        "self",
        "component",
        "addresses",
        "timeout",
    ]
    assert "self._queue.put_nowait((data, component))" in inspect.getsource(Connection.data_received)
    assert "self.receiver.data_received(data, self.local_candidate.component)" in inspect.getsource(
        StunProtocol.datagram_received
    )
    assert "mdns.is_mdns_hostname" in inspect.getsource(Connection.add_remote_candidate)


async def test_mdns_names_are_left_out_and_the_number_of_candidates_is_bounded() -> None:
    transport = RTCIceTransport(RTCIceGatherer(iceServers=[]))
    bound = gathering.bind(transport, MediaNetwork(), SystemClock())
    await bound.add_remote_candidate(_candidate("0a1b2c3d-0000-4000-8000-000000000000.local", 1))
    assert bound.remote_candidates == []
    for port in range(1, 100):
        await bound.add_remote_candidate(_candidate("192.0.2.7", port))
    assert len(bound.remote_candidates) == gathering.REMOTE_CANDIDATES_MAX
    await bound.close()


async def test_datagrams_nobody_looks_at_are_dropped_and_counted() -> None:
    transport = RTCIceTransport(RTCIceGatherer(iceServers=[]))
    bound = gathering.bind(transport, MediaNetwork(), SystemClock())
    bound.take_at_once = lambda data: data == b"sound"
    for _ in range(gathering.DATAGRAMS_MAX + 7):
        bound.data_received(b"sound", 1)
        bound.data_received(b"other", 1)
    assert bound.datagrams_dropped == 7
    await bound.close()


def _candidate(host: str, port: int) -> Candidate:
    return Candidate("1", 1, "udp", 1, host, port, "host")
