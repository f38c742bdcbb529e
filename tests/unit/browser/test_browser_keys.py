"""Keys as RTP events between a page and its peer: offered, answered, told once, and sent packet by packet."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiortc.rtp import RtpPacket

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.browser.leg import UNSENT_MAX
from server.browser.offer import read_offer
from server.kit.clock import SystemClock
from server.media.dtmf import EventPacket, key_packets, read_event
from server.media.frame import FRAME_SAMPLES
from tests.fakes.browser_page import Page

PATIENCE_S = 60
EVENTS_TYPE = 110
SOURCE = 4_321


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - states of aiortc have no event to wait for
            await asyncio.sleep(0.01)


class KeyedPage(Page):
    """A page whose browser knows keys as events, as Chromium does and aiortc does not."""

    def __init__(self, clocks_hz: tuple[int, ...] = (48_000, 8_000)) -> None:
        super().__init__()
        self._clocks_hz = clocks_hz
        self.came: list[tuple[RtpPacket, EventPacket]] = []
        self.transport = self.connection.getSenders()[0].transport
        self._sound_came = self.transport._handle_rtp_data
        self.transport._handle_rtp_data = self._take

    async def offer(self) -> str:
        sdp = await super().offer()
        kinds = [EVENTS_TYPE + place for place, _ in enumerate(self._clocks_hz)]
        described = [f"a=rtpmap:{kind} telephone-event/{hz}" for kind, hz in zip(kinds, self._clocks_hz, strict=True)]
        head, line, rest = sdp.partition("m=audio ")
        formats, connection, attributes = rest.split("\r\n", 2)
        return "\r\n".join([f"{head}{line}{formats} {' '.join(map(str, kinds))}", connection, *described, attributes])

    async def press(self, key: str, first_sequence: int, timestamp: int) -> None:
        for place, packet in enumerate(key_packets(key, 48_000)):
            sent = RtpPacket(
                payload_type=EVENTS_TYPE,
                marker=packet.is_first,
                sequence_number=first_sequence + place,
                timestamp=timestamp,
                ssrc=SOURCE,
                payload=packet.payload(),
            )
            await self.transport._send_rtp(sent.serialize())

    async def _take(self, data: bytes, arrival_time_ms: int) -> None:
        packet = RtpPacket.parse(data)
        event = read_event(packet.payload)
        if packet.payload_type == EVENTS_TYPE and event is not None:
            self.came.append((packet, event))
        else:
            await self._sound_came(data, arrival_time_ms)


@asynccontextmanager
async def connected(page: Page) -> AsyncIterator[tuple[BrowserPeer, list[str]]]:
    keys: list[str] = []
    peer = await BrowserPeer.answer(
        await page.offer(), leg_id="page", network=MediaNetwork(bind_addresses=("127.0.0.1",)), clock=SystemClock()
    )
    peer.take_keys(keys.append)
    try:
        await page.take(peer.answer_sdp)
        await until(lambda: peer.state is PeerState.CONNECTED)
        yield peer, keys
    finally:
        await peer.close()
        await page.close()


async def test_what_is_offered_is_answered_at_the_clock_of_the_sound() -> None:
    async with connected(KeyedPage((8_000, 48_000))) as (peer, _):
        [line] = [line for line in peer.answer_sdp.splitlines() if line.startswith("m=audio")]
        assert line.split()[-1] == "111"
        assert "a=rtpmap:111 telephone-event/48000\r\na=fmtp:111 0-15\r\n" in peer.answer_sdp
        assert read_offer(peer.answer_sdp).key_events is not None


async def test_a_page_that_knows_no_events_is_offered_none() -> None:
    async with connected(Page()) as (peer, _):
        assert "telephone-event" not in peer.answer_sdp
        assert peer.press("1") is False


@pytest.mark.parametrize("clock", ["90000", "0", "16000"])
async def test_an_odd_clock_is_left_unanswered(clock: str) -> None:
    async with connected(KeyedPage((int(clock),))) as (peer, _):
        assert "telephone-event" not in peer.answer_sdp


async def test_keys_of_the_page_are_told_once_and_leave_no_hole_in_the_sound() -> None:
    page = KeyedPage()
    page.microphone.pause()
    async with connected(page) as (peer, keys):
        for place, key in enumerate("159#"):
            await page.press(key, 1_000 + place * 7, 50_000 + place * 7_680)
        await until(lambda: len(keys) == 4)
        heard = [frame for _ in range(60) if (frame := peer.leg.read()) is not None]
        assert keys == list("159#")
        assert (await peer.stats()).malformed_packets == 0
        assert sum(not frame.any() for frame in heard) >= 15  # what was pressed is silence, not guesses


async def test_keys_for_the_page_take_the_place_of_sound() -> None:
    page = KeyedPage()
    async with connected(page) as (peer, _):
        await until(lambda: peer.leg._sender.is_ready)
        assert peer.press("07")
        for _ in range(40):
            peer.leg.write(np.full(FRAME_SAMPLES, 500, np.int16))
            await asyncio.sleep(0.005)
        await until(lambda: len(page.came) == 14)
        for place, key in enumerate("07"):
            packets = page.came[place * 7 : place * 7 + 7]
            assert [event.key for _, event in packets] == [key] * 7
            assert [event.duration for _, event in packets] == [960, 1920, 2880, 3840, 4800, 4800, 4800]
            assert len({packet.timestamp for packet, _ in packets}) == 1
            assert [bool(packet.marker) for packet, _ in packets] == [True] + [False] * 6
        numbers = [packet.sequence_number for packet, _ in page.came]
        assert numbers[7] - numbers[6] == 4  # three frames of sound between two keys


async def test_far_too_many_keys_are_refused() -> None:
    async with connected(KeyedPage()) as (peer, _):
        assert peer.press("1" * UNSENT_MAX) is False
        assert len(peer.leg._unsent) <= UNSENT_MAX + 10
