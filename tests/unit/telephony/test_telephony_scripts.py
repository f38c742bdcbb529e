"""What the virtual network does for a call ends with the call, whoever ends it and when."""

import asyncio
from collections.abc import Sequence

import pytest

from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Role
from server.telephony.providers import VirtualDriver, VirtualExchange
from server.telephony.providers.virtual import magic
from tests.fakes.clock import FakeClock


async def say(sentence: str) -> Sequence[Frame]:
    return []


@pytest.mark.parametrize("number", [magic.NO_ANSWER, magic.SPEAKS, magic.VOICEMAIL, magic.ECHO, magic.DECLINED])
@pytest.mark.parametrize("after_s", [0, 1, 10])
async def test_nothing_lingers_after_a_hang_up(number: str, after_s: float) -> None:
    clock, scripts = FakeClock(), TaskScope("scripts")
    driver = VirtualDriver(VirtualExchange(), magic.magic_numbers(clock, scripts, say), clock)
    leg = await driver.dial(
        number, None, leg_id="leg_1", role=Role.CALLEE, ring_timeout_s=45, on_event=lambda event: None
    )
    await clock.advance(after_s)
    await leg.hangup()
    async with asyncio.timeout(30):
        while len(scripts) or len(driver._tasks):  # noqa: ASYNC110  # a task that ends tells nobody
            await asyncio.sleep(0)
    await driver.stop(0)
    await scripts.close()
