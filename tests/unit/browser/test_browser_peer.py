"""A page and a BrowserPeer over loopback: sound and messages both ways, states, limits, and nothing left behind."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
import uvloop

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.browser.control import QUEUED_MAX
from server.kit.clock import Clock, SystemClock
from server.media.frame import SAMPLE_RATE_HZ, Frame, frames_of
from server.media.leg import Role
from tests.fakes.browser_page import RATE_HZ, Page, loudest_hz

LOOPBACK = MediaNetwork(bind_addresses=("127.0.0.1",))
PATIENCE_S = 60


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - states of aiortc have no event to wait for
            await asyncio.sleep(0.01)


class Met:
    """A page and its peer, connected."""

    def __init__(self, page: Page, clock: Clock | None = None) -> None:
        self.page = page
        self.clock = clock or SystemClock()
        self.states: list[PeerState] = []
        self.messages: list[str] = []
        self.peer: BrowserPeer

    async def connect(self) -> None:
        self.peer = await BrowserPeer.answer(
            await self.page.offer(),
            leg_id="visitor",
            network=LOOPBACK,
            clock=self.clock,
            on_control=self.messages.append,
            on_state=self.states.append,
        )
        await self.page.take(self.peer.answer_sdp)
        await until(lambda: self.peer.state is PeerState.CONNECTED)
        async with asyncio.timeout(PATIENCE_S):
            await self.page.is_open.wait()


@asynccontextmanager
async def connected() -> AsyncIterator[Met]:
    before = asyncio.all_tasks()
    met = Met(Page())
    try:
        await met.connect()
        yield met
    finally:
        await met.peer.close()
        await met.page.close()
    await until(lambda: asyncio.all_tasks() <= before)


async def speak_and_hear(met: Met) -> tuple[float, float]:
    """(what the server hears, what the page hears) in Hz, paced as a room would."""
    leg = met.peer.leg
    spoken = frames_of(
        (8_000 * np.sin(2 * np.pi * 1_000 * np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)).astype(np.int16)
    )
    heard: list[Frame] = []
    for frame in spoken:
        leg.write(frame)
        if (came := leg.read()) is not None:
            heard.append(came)
        await asyncio.sleep(0.02)
    await until(lambda: len(met.page.heard) >= 60)
    ours = np.concatenate(heard[-50:])
    assert np.abs(ours).max() > 2_000
    return loudest_hz(ours, SAMPLE_RATE_HZ), loudest_hz(np.concatenate(met.page.heard[-40:]), RATE_HZ)


async def both_ways() -> None:
    async with connected() as met:
        ours, theirs = await speak_and_hear(met)
        assert ours == pytest.approx(440, abs=3)
        assert theirs == pytest.approx(1_000, abs=3)
        stats = await met.peer.stats()
        assert stats.packets_received >= 90
        assert stats.malformed_packets == stats.dropped_messages == 0
        assert met.peer.leg.role is Role.VISITOR
        assert met.states == [PeerState.CONNECTED]
    assert met.states == [PeerState.CONNECTED, PeerState.CLOSED]


async def test_sound_goes_both_ways() -> None:
    await both_ways()


@pytest.mark.slow
def test_sound_goes_both_ways_on_uvloop_too() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(both_ways())


async def test_messages_go_both_ways_and_wait_for_the_channel() -> None:
    met = Met(Page())
    offer = await met.page.offer()
    met.peer = await BrowserPeer.answer(
        offer, leg_id="visitor", network=LOOPBACK, clock=SystemClock(), on_control=met.messages.append
    )
    met.peer.send_control('{"type":"early"}')
    await met.page.take(met.peer.answer_sdp)
    async with asyncio.timeout(PATIENCE_S):
        assert await met.page.messages.get() == '{"type":"early"}'
        met.page.control.send('{"type":"hello","since":0}')
        met.page.control.send(b"bytes are not part of the protocol")
        met.page.control.send("x" * 20_000)
        met.page.control.send('{"type":"ping"}')
        await until(lambda: len(met.messages) == 2)
    assert met.messages == ['{"type":"hello","since":0}', '{"type":"ping"}']
    await met.peer.close()
    await met.page.close()


async def test_no_decoder_thread_lives_on_our_side() -> None:
    async with connected() as met:
        await until(lambda: met.peer.leg.read() is not None)
        decoders = [thread for thread in threading.enumerate() if thread.name == "audio-decoder"]
        assert len(decoders) <= 1  # the page's own


async def test_a_page_that_hangs_up_closes_its_peer() -> None:
    async with connected() as met:
        await met.page.close()
        await until(lambda: met.peer.state is PeerState.CLOSED)
        assert met.states[-1] is PeerState.CLOSED
        met.peer.send_control("to nobody")
        met.peer.leg.write(np.zeros(320, np.int16))
        assert met.peer.leg.read() is None


async def test_closing_again_and_at_once_changes_nothing() -> None:
    async with connected() as met:
        await asyncio.gather(met.peer.close(), met.peer.close())
        await met.peer.close()
        assert met.states.count(PeerState.CLOSED) == 1


@pytest.mark.slow
async def test_coming_back_is_a_new_peer_beside_the_old_one() -> None:
    async with connected() as first, connected() as second:
        await first.peer.close()
        ours, _ = await speak_and_hear(second)
        assert ours == pytest.approx(440, abs=3)


async def test_a_page_that_never_comes_fails_and_is_closed() -> None:
    clock = FastClock()
    page = Page()
    states: list[PeerState] = []
    peer = await BrowserPeer.answer(
        await page.offer(), leg_id="visitor", network=LOOPBACK, clock=clock, on_state=states.append
    )
    await until(lambda: peer.state is PeerState.CLOSED)
    assert states == [PeerState.FAILED, PeerState.CLOSED]
    assert clock.passed_s >= 15
    await page.close()


async def test_a_silent_network_shows_and_so_does_its_return() -> None:
    clock = ShiftedClock()
    met = Met(Page(), clock)
    await met.connect()
    met.page.microphone.pause()
    await until(lambda: met.peer.leg.read() is None)

    def is_missed() -> bool:
        clock.shift_s += 6  # reports of the page's own still come now and then: let time pass faster than they do
        return met.states[-1] is PeerState.DISCONNECTED

    await until(is_missed)
    met.page.microphone.resume()
    await until(lambda: met.states[-1] is PeerState.CONNECTED)
    await met.peer.close()
    await met.page.close()


async def test_droppable_messages_go_first_and_a_page_that_cannot_keep_up_is_closed() -> None:
    page = Page()
    states: list[PeerState] = []
    peer = await BrowserPeer.answer(
        await page.offer(), leg_id="visitor", network=LOOPBACK, clock=SystemClock(), on_state=states.append
    )
    for number in range(QUEUED_MAX):
        peer.send_control(f"partial {number}", droppable=True)
    for number in range(QUEUED_MAX):
        peer.send_control(f"final {number}")
    assert states == []
    assert (await peer.stats()).dropped_messages == QUEUED_MAX
    peer.send_control("one too many")
    assert states == [PeerState.FAILED]
    await until(lambda: peer.state is PeerState.CLOSED)
    await page.close()


async def test_the_answer_asks_for_mono_speech_and_offers_only_opus() -> None:
    page = Page()
    peer = await BrowserPeer.answer(await page.offer(), leg_id="visitor", network=LOOPBACK, clock=SystemClock())
    audio = peer.answer_sdp.split("m=audio")[1].split("m=")[0]
    assert "stereo=0" in audio
    assert "useinbandfec=1" in audio
    assert "usedtx=1" not in audio
    assert [line for line in audio.splitlines() if line.startswith("a=rtpmap")] == ["a=rtpmap:96 opus/48000/2"]
    assert "127.0.0.1" in audio
    await peer.close()
    await page.close()


class FastClock(SystemClock):
    """A clock on which every sleep is over at once."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.passed_s += seconds
        await asyncio.sleep(0)


class ShiftedClock(SystemClock):
    """The machine's clock, moved ahead by hand."""

    shift_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.shift_s


async def test_a_page_that_hangs_up_without_a_word_leaves_no_message_on_its_way() -> None:
    failed: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(str(context)))
    async with connected() as met:
        hanging_up = asyncio.ensure_future(met.page.connection.sctp.transport.stop())
        while met.peer.state is not PeerState.CLOSED:  # at every turn of the loop
            met.peer.send_control("still there?", droppable=True)
            await asyncio.sleep(0)
        await hanging_up
    gc.collect()
    await asyncio.sleep(0)
    assert failed == []


async def test_messages_to_a_page_whose_path_is_gone_are_lost_without_a_word() -> None:
    failed: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(str(context)))
    async with connected() as met:
        path = met.peer._ice._connection  # as aioice does when the page no longer answers its checks
        losing = asyncio.ensure_future(path.close())
        for _ in range(50):
            met.peer.send_control("still there?", droppable=True)
            await asyncio.sleep(0)
        await losing
    gc.collect()
    await asyncio.sleep(0)
    assert failed == []
