"""A handset on the virtual network: a bridge rings it, both hear each other, and either may end it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from server.browser import MediaNetwork
from server.calls.handsets import Handset, HandsetParts
from server.kit.clock import SystemClock
from server.kit.errors import Conflict, InvalidInput
from server.media.leg import Role
from server.storage import Database
from server.telephony.port import Answered, CallEnd, Dtmf, Ended, PhoneEvent, PhoneLeg
from server.telephony.providers import VirtualDriver, VirtualExchange
from tests.fakes.browser_page import RATE_HZ, Page, loudest_hz
from tests.fixtures.switchboard import Switchboard

NUMBER = "+33612345678"
CALLER = "+33159133354"
WAIT_S = 30.0


class Held:
    """A handset, and what its page was told."""

    def __init__(self, exchange: VirtualExchange, driver: VirtualDriver | None = None, number: str = NUMBER) -> None:
        driver = driver or VirtualDriver(exchange, {}, SystemClock())
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        media = MediaNetwork(bind_addresses=("127.0.0.1",))
        parts = HandsetParts(exchange.subscribe, driver.call_in, driver.text_in, media, SystemClock())
        self.handset = Handset(parts, number, self.told.put_nowait)

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_S):
            while (message := await self.told.get())["type"] != kind:
                pass
        return message

    async def pick_up(self, page: Page) -> None:
        await self.until("ring")
        await self.handset.take({"type": "answer", "sdp": await page.offer()})
        await page.take((await self.until("answer"))["sdp"])
        await self.until("connected")


class Caller:
    """Somebody who dials the handset, and what became of it."""

    leg: PhoneLeg

    def __init__(self) -> None:
        self.events: asyncio.Queue[PhoneEvent] = asyncio.Queue()

    async def dial(self, driver: VirtualDriver, leg_id: str = "call-1") -> None:
        self.leg = await driver.dial(
            NUMBER, CALLER, leg_id=leg_id, role=Role.CALLEE, ring_timeout_s=30, on_event=self.events.put_nowait
        )

    async def until(self, wished: Callable[[PhoneEvent], bool]) -> PhoneEvent:
        async with asyncio.timeout(WAIT_S):
            while not wished(event := await self.events.get()):
                pass
        return event

    async def end(self) -> CallEnd:
        event = await self.until(lambda event: isinstance(event, Ended))
        assert isinstance(event, Ended)
        return event.end


@asynccontextmanager
async def network() -> AsyncIterator[tuple[Held, VirtualDriver]]:
    exchange = VirtualExchange()
    driver = VirtualDriver(exchange, {}, SystemClock())
    held = Held(exchange, driver)
    try:
        yield held, driver
    finally:
        await held.handset.close()
        await driver.stop(0)


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Held, Caller]]:
    async with network() as (held, driver):
        caller, page = Caller(), Page(700)
        try:
            await caller.dial(driver)
            await held.pick_up(page)
            await caller.until(lambda event: isinstance(event, Answered))
            yield held, caller
        finally:
            await page.close()


async def hears(page: Page, hz: float) -> None:
    """Until the latest of what it hears is that tone; fails when it never is."""
    async with asyncio.timeout(WAIT_S):
        while not _is_heard(page, hz):  # noqa: ASYNC110  # frames come by themselves
            await asyncio.sleep(0.1)


def _is_heard(page: Page, hz: float) -> bool:
    return len(page.heard) >= 40 and abs(loudest_hz(np.concatenate(page.heard[-40:]), RATE_HZ) - hz) < 20


async def test_it_rings_with_the_callers_number_and_declines() -> None:
    async with network() as (held, driver):
        caller = Caller()
        await caller.dial(driver)
        assert (await held.until("ring"))["from"] == CALLER
        await held.handset.take({"type": "decline"})
        assert await caller.end() is CallEnd.DECLINED
        await held.until("cancelled")


async def test_a_caller_who_gives_up_stops_the_ringing_and_it_can_ring_again() -> None:
    async with network() as (held, driver):
        for leg_id in ("first", "second"):
            caller = Caller()
            await caller.dial(driver, leg_id)
            assert (await held.until("ring"))["call"] == leg_id
            await caller.leg.hangup()
            await held.until("cancelled")
            assert await caller.end() is CallEnd.CANCELED


async def test_a_second_caller_finds_it_busy() -> None:
    async with network() as (held, driver):
        first, second = Caller(), Caller()
        await first.dial(driver, "first")
        await held.until("ring")
        await second.dial(driver, "second")
        assert await second.end() is CallEnd.BUSY


@pytest.mark.slow
async def test_a_bridge_lets_both_hear_each_other(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        held, page = Held(board.exchange), Page(700)
        agent = None
        try:
            agent = await board.softphone(await board.bridge(NUMBER), "agent", hz=440)
            await held.pick_up(page)
            await agent.until_state("in_progress")
            await agent.until_hears(700)
            await hears(page, 440)
        finally:
            await held.handset.close()
            await page.close()
            if agent is not None:
                await agent.close()


async def test_it_hangs_up() -> None:
    async with talking() as (held, caller):
        await held.handset.take({"type": "hangup"})
        assert await caller.end() is CallEnd.REMOTE_HANGUP
        await held.until("ended")


async def test_the_other_end_hangs_up() -> None:
    async with talking() as (held, caller):
        await caller.leg.hangup()
        assert (await held.until("ended"))["reason"] == "hangup"


async def test_keys_go_both_ways() -> None:
    async with talking() as (held, caller):
        await held.handset.take({"type": "dtmf", "digit": "5"})
        assert await caller.until(lambda event: isinstance(event, Dtmf)) == Dtmf("5")
        await caller.leg.send_dtmf("#")
        assert (await held.until("dtmf"))["digit"] == "#"


async def test_a_page_that_goes_takes_its_call_and_its_number_along() -> None:
    async with talking() as (held, caller):
        await held.handset.close()
        assert await caller.end() is CallEnd.MEDIA_LOST


async def test_a_number_rings_at_one_handset_only() -> None:
    exchange = VirtualExchange()
    first = Held(exchange)
    with pytest.raises(Conflict, match="Another handset"):
        Held(exchange)
    await first.handset.close()
    await Held(exchange).handset.close()


@pytest.mark.parametrize("junk", [{}, {"type": "dtmf", "digit": "55"}, {"type": "mute", "on": 1}, {"type": "answer"}])
async def test_what_is_no_message_is_refused(junk: dict[str, object]) -> None:
    async with network() as (held, _):
        with pytest.raises(InvalidInput):
            await held.handset.take(junk)
