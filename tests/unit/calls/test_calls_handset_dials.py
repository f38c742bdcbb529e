"""A handset that calls: answered, refused, given up; and short messages, delivered or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from server.kit.clock import SystemClock
from server.kit.errors import Conflict, InvalidInput, NotFound
from server.media.frame import SAMPLE_RATE_HZ, frames_of
from server.telephony.port import Answered, CallEnd, Dtmf, Ended, IncomingCall, PhoneEvent
from server.telephony.providers import VirtualDriver, VirtualExchange
from tests.fakes.browser_page import RATE_HZ, Page, loudest_hz
from tests.unit.calls.test_calls_handset import NUMBER, WAIT_S, Caller, Held, hears

OURS, FRIEND = "+33159133354", "+33699000003"


class Switch:
    """Our end: calls that came in, what became of them, and messages."""

    def __init__(self, driver: VirtualDriver) -> None:
        self.calls: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self.events: asyncio.Queue[PhoneEvent] = asyncio.Queue()
        self.texts: list[tuple[str, str, str]] = []
        driver.on_incoming(self._take)
        driver.on_text(self._keep)

    def _take(self, call: IncomingCall) -> None:
        call.listen(self.events.put_nowait)
        self.calls.put_nowait(call)

    async def _keep(self, from_number: str, to: str, text: str) -> None:
        if to != OURS:
            raise NotFound("unknown_phone_number", "Nobody has this telephone number.")
        self.texts.append((from_number, to, text))

    async def call(self) -> IncomingCall:
        return await asyncio.wait_for(self.calls.get(), WAIT_S)

    async def event(self) -> PhoneEvent:
        return await asyncio.wait_for(self.events.get(), WAIT_S)


async def connect(held: Held, page: Page) -> None:
    """Until sound could go: aiortc does not let go of a connection that never came about."""
    await page.take((await held.until("answer"))["sdp"])
    async with asyncio.timeout(WAIT_S):
        await page.is_open.wait()


@asynccontextmanager
async def dialled(to: str = "+33 1 59 13 33 54") -> AsyncIterator[tuple[Held, Switch, Page, VirtualDriver]]:
    """A handset whose page has dialled, connected to the server's sound."""
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, {}, SystemClock())
    switch, held, page = Switch(driver), Held(exchange, driver), Page(700)
    try:
        await held.handset.take({"type": "dial", "to": to, "sdp": await page.offer()})
        await connect(held, page)
        yield held, switch, page, driver
    finally:
        await held.handset.close()
        await page.close()
        await driver.stop(0)


async def test_both_hear_each_other_once_it_is_answered() -> None:
    async with dialled() as (held, switch, page, _):
        call = await switch.call()
        assert (call.caller_id, call.to) == (NUMBER, OURS)
        assert call.leg.read() is None  # nobody is heard before the answer
        await call.leg.answer()
        await held.until("connected")
        assert await switch.event() == Answered()
        heard = []
        line = (8_000 * np.sin(2 * np.pi * 440 * np.arange(60 * 320) / SAMPLE_RATE_HZ)).astype(np.int16)
        async with asyncio.timeout(WAIT_S):
            while sum(map(len, page.heard)) < RATE_HZ or len(heard) < 50:
                for frame in frames_of(line):
                    call.leg.write(frame)
                    if (said := call.leg.read()) is not None:
                        heard.append(said)
                    await asyncio.sleep(0.02)
        assert abs(loudest_hz(np.concatenate(page.heard[-40:]), RATE_HZ) - 440) < 20
        assert abs(loudest_hz(np.concatenate(heard[-40:]), SAMPLE_RATE_HZ) - 700) < 20
        await held.handset.take({"type": "dtmf", "digit": "9"})
        assert await switch.event() == Dtmf("9")
        await call.leg.hangup()
        assert (await held.until("ended"))["reason"] == "hangup"


@pytest.mark.parametrize("end", [CallEnd.BUSY, CallEnd.DECLINED, CallEnd.UNREACHABLE, CallEnd.FAILED])
async def test_who_is_refused_is_told_why_and_may_dial_again(end: CallEnd) -> None:
    async with dialled() as (held, switch, page, _):
        await (await switch.call()).leg.reject(end)
        assert (await held.until("ended"))["reason"] == end.value
        again = Page(700)
        await held.handset.take({"type": "dial", "to": OURS, "sdp": await again.offer()})
        await connect(held, again)
        await (await switch.call()).leg.answer()
        await held.until("connected")
        await again.close()


async def test_giving_up_before_the_answer_cancels() -> None:
    async with dialled() as (held, switch, _, __):
        await switch.call()
        await held.handset.take({"type": "hangup"})
        assert await switch.event() == Ended(CallEnd.CANCELED)
        await held.until("ended")


async def test_hanging_up_after_the_answer_ends_the_call() -> None:
    async with dialled() as (held, switch, _, __):
        await (await switch.call()).leg.answer()
        await held.until("connected")
        await held.handset.take({"type": "hangup"})
        assert [await switch.event(), await switch.event()] == [Answered(), Ended(CallEnd.REMOTE_HANGUP)]


async def test_a_page_that_goes_while_it_calls_gives_up() -> None:
    async with dialled() as (held, switch, _, __):
        await switch.call()
        await held.handset.close()
        assert await switch.event() == Ended(CallEnd.CANCELED)


async def test_who_calls_is_busy_to_others_and_calls_nobody_else() -> None:
    async with dialled() as (held, switch, page, driver):
        await switch.call()
        caller = Caller()
        await caller.dial(driver)
        assert await caller.end() is CallEnd.BUSY
        with pytest.raises(Conflict, match="already"):
            await held.handset.take({"type": "dial", "to": OURS, "sdp": await page.offer()})


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "dial", "to": "12", "sdp": "v=0"}, "invalid_phone_number"),
        ({"type": "dial", "to": OURS, "sdp": "nonsense"}, "invalid_sdp"),
        ({"type": "dial", "to": OURS}, "invalid_message"),
        ({"type": "sms", "id": "", "to": OURS, "text": "Hello"}, "invalid_message"),
        ({"type": "sms", "id": "1" * 65, "to": OURS, "text": "Hello"}, "invalid_message"),
    ],
)
async def test_what_cannot_be_dialled_is_refused_and_the_handset_stays_free(
    message: dict[str, object], code: str
) -> None:
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, {}, SystemClock())
    held, page = Held(exchange, driver), Page()
    switch = Switch(driver)
    try:
        with pytest.raises(InvalidInput) as refused:
            await held.handset.take(message)
        assert refused.value.code == code
        await held.handset.take({"type": "dial", "to": OURS, "sdp": await page.offer()})
        await connect(held, page)
        await switch.call()
    finally:
        await held.handset.close()
        await page.close()
        await driver.stop(0)


async def test_on_a_network_that_stops_nobody_can_be_called_and_the_connection_is_closed() -> None:
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, {}, SystemClock())
    held, page = Held(exchange, driver), Page()
    await driver.stop(0)
    await held.handset.take({"type": "dial", "to": OURS, "sdp": await page.offer()})
    await page.take((await held.until("answer"))["sdp"])
    assert (await held.until("error"))["code"] == "server_stopping"
    await held.until("ended")
    await held.handset.close()
    await page.close()


async def test_a_short_message_is_sent_or_said_to_have_failed() -> None:
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, {}, SystemClock())
    switch, held = Switch(driver), Held(exchange, driver)
    await held.handset.take({"type": "sms", "id": "a", "to": OURS, "text": "Salut 👋"})
    assert await held.until("sms_sent") == {"type": "sms_sent", "id": "a"}
    await held.handset.take({"type": "sms", "id": "b", "to": "+33199999999", "text": "Salut"})
    assert await held.until("sms_failed") == {"type": "sms_failed", "id": "b", "code": "unknown_phone_number"}
    await held.handset.take({"type": "sms", "id": "c", "to": OURS, "text": "Salut"})
    assert (await held.until("sms_failed"))["code"] == "too_many_messages"
    assert switch.texts == [(NUMBER, OURS, "Salut 👋")]
    await held.handset.close()


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Held, Held, Page, Page]]:
    """Two handsets on one network, and their pages; the first has dialled the second."""
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, {}, SystemClock())
    one, other, page, page2 = Held(exchange, driver), Held(exchange, driver, FRIEND), Page(700), Page(440)
    try:
        await one.handset.take({"type": "dial", "to": FRIEND, "sdp": await page.offer()})
        await connect(one, page)
        yield one, other, page, page2
    finally:
        for held in (one, other):
            await held.handset.close()
        for shut in (page, page2):
            await shut.close()
        await driver.stop(0)


async def test_a_handset_calls_another_both_hear_each_other_and_either_hangs_up() -> None:
    async with two() as (one, other, page, page2):
        await other.pick_up(page2)
        await one.until("connected")
        await hears(page, 440)
        await hears(page2, 700)
        await one.handset.take({"type": "dtmf", "digit": "7"})
        assert (await other.until("dtmf"))["digit"] == "7"
        await other.handset.take({"type": "dtmf", "digit": "#"})
        assert (await one.until("dtmf"))["digit"] == "#"
        await other.handset.take({"type": "hangup"})
        assert (await one.until("ended"))["reason"] == "hangup"
        await other.until("ended")


async def test_a_handset_that_declines_another_or_is_given_up_by_it_says_so() -> None:
    async with two() as (one, other, _, __):
        assert (await other.until("ring"))["from"] == NUMBER
        await other.handset.take({"type": "decline"})
        assert (await one.until("ended"))["reason"] == "declined"
    async with two() as (one, other, _, __):
        await other.until("ring")
        await one.handset.take({"type": "hangup"})
        await other.until("cancelled")
        await one.until("ended")


async def test_a_handset_that_dials_itself_finds_it_busy() -> None:
    async with dialled(NUMBER) as (held, _, __, ___):
        assert (await held.until("ended"))["reason"] == "busy"
