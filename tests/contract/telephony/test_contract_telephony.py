"""What every carrier promises: how a call rings, is answered, sounds and ends, whoever ends it."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from server.kit.errors import Unavailable
from server.media.frame import FRAME_SAMPLES, Frame
from server.media.leg import Role
from server.telephony.port import Answered, CallEnd, Dtmf, Ended, IncomingCall, PhoneLeg, Ringing
from tests.contract.telephony.far_side import Carrier, Told
from tests.contract.telephony.virtual_carrier import VirtualCarrier

RING_S = 30.0
OURS = "+33170000001"
CARRIERS = {"virtual": VirtualCarrier}


@pytest.fixture(params=sorted(CARRIERS))
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    made = CARRIERS[request.param]()
    await made.driver.start()
    yield made
    await made.driver.stop(0)


async def dial(carrier: Carrier, to: str) -> tuple[PhoneLeg, Told]:
    told = Told()
    leg = await carrier.driver.dial(to, OURS, leg_id="leg_1", role=Role.CALLEE, ring_timeout_s=RING_S, on_event=told)
    assert told.events == []  # never from inside dial
    return leg, told


async def only_end(carrier: Carrier, told: Told) -> CallEnd:
    """How it ended, once it is sure that nothing comes after that."""
    ended = await told.until(Ended)
    await carrier.wait(2 * RING_S)
    assert [event for event in told.events if isinstance(event, Ended)] == [ended]
    assert told.events[-1] is ended
    assert isinstance(ended, Ended)
    return ended.end


def loud(level: int) -> Frame:
    return np.full(FRAME_SAMPLES, level, np.int16)


async def test_a_call_rings_is_answered_and_sounds_both_ways(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    leg, told = await dial(carrier, phone.number)
    await phone.rang()
    await told.until(Ringing)
    assert not any(isinstance(event, Answered) for event in told.events)
    await phone.pick_up()
    await told.until(Answered)
    assert (leg.id, leg.role, leg.number) == ("leg_1", Role.CALLEE, phone.number)
    phone.say(loud(1_000))
    said = leg.read()
    assert said is not None
    assert said.mean() == pytest.approx(1_000, rel=0.1)
    leg.write(loud(-2_000))
    heard = phone.heard()
    assert heard is not None
    assert heard.mean() == pytest.approx(-2_000, rel=0.1)


async def test_the_other_end_hangs_up(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    leg, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.pick_up()
    await told.until(Answered)
    await phone.hang_up()
    assert await only_end(carrier, told) == CallEnd.REMOTE_HANGUP
    assert leg.read() is None


async def test_our_end_hangs_up_as_often_as_it_likes(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    leg, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.pick_up()
    await told.until(Answered)
    await leg.hangup()
    await leg.hangup()
    await leg.close()
    await leg.close()
    assert await only_end(carrier, told) == CallEnd.LOCAL_HANGUP
    assert phone.left == [CallEnd.REMOTE_HANGUP]


async def test_busy(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    _, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.say_busy()
    assert await only_end(carrier, told) == CallEnd.BUSY


async def test_declined(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    _, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.decline()
    assert await only_end(carrier, told) == CallEnd.DECLINED


async def test_nobody_answers_in_time(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    _, told = await dial(carrier, phone.number)
    await phone.rang()
    await carrier.wait(RING_S - 1)
    assert not any(isinstance(event, Ended) for event in told.events)
    await carrier.wait(2)
    assert await only_end(carrier, told) == CallEnd.NO_ANSWER


async def test_an_answered_call_outlives_the_time_it_may_ring(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    _, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.pick_up()
    await carrier.wait(2 * RING_S)
    assert not any(isinstance(event, Ended) for event in told.events)


async def test_a_number_nobody_has_is_unreachable(carrier: Carrier) -> None:
    _, told = await dial(carrier, carrier.nobody)
    assert await only_end(carrier, told) == CallEnd.UNREACHABLE
    assert len(told.events) == 1


async def test_giving_up_while_it_rings_wins_over_a_late_answer(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    leg, told = await dial(carrier, phone.number)
    await phone.rang()
    await leg.hangup()
    await phone.pick_up()
    assert await only_end(carrier, told) == CallEnd.CANCELED
    assert not any(isinstance(event, Answered) for event in told.events)


async def test_keys_both_ways(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    leg, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.pick_up()
    await told.until(Answered)
    await leg.send_dtmf("12#*")
    await phone.press("7")
    assert await told.until(Dtmf) == Dtmf("7")
    await carrier.wait(2)
    assert phone.pressed == "12#*"


async def test_sound_that_nobody_fetches_is_bounded(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    leg, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.pick_up()
    await told.until(Answered)
    for _ in range(1_000):
        phone.say(loud(1))
        leg.write(loud(1))
    waiting = 0
    while leg.read() is not None:
        waiting += 1
    assert 0 < waiting <= 100


async def incoming(carrier: Carrier) -> tuple[list[IncomingCall], Told]:
    calls: list[IncomingCall] = []
    told = Told()

    def take(call: IncomingCall) -> None:
        call.listen(told)
        calls.append(call)

    carrier.driver.on_incoming(take)
    return calls, told


async def test_a_call_that_comes_in_is_answered(carrier: Carrier) -> None:
    calls, told = await incoming(carrier)
    phone = await carrier.telephone()
    await phone.call(OURS)
    await carrier.wait(1)
    [call] = calls
    assert (call.to, call.caller_id, call.leg.number) == (OURS, phone.number, phone.number)
    call.leg.write(loud(500))
    assert phone.heard() is None  # nothing is heard before the answer
    await call.leg.answer()
    await call.leg.answer()
    await told.until(Answered)
    call.leg.write(loud(500))
    assert phone.heard() is not None
    phone.say(loud(600))
    assert call.leg.read() is not None
    await phone.hang_up()
    assert await only_end(carrier, told) == CallEnd.REMOTE_HANGUP
    assert len([event for event in told.events if isinstance(event, Answered)]) == 1


@pytest.mark.parametrize("end", [CallEnd.BUSY, CallEnd.DECLINED])
async def test_a_call_that_comes_in_is_refused(carrier: Carrier, end: CallEnd) -> None:
    calls, told = await incoming(carrier)
    phone = await carrier.telephone()
    await phone.call(OURS)
    await carrier.wait(1)
    await calls[0].leg.reject(end)
    assert await only_end(carrier, told) == end
    assert phone.left == [end]


async def test_a_caller_gives_up_before_the_answer(carrier: Carrier) -> None:
    calls, told = await incoming(carrier)
    phone = await carrier.telephone()
    await phone.call(OURS)
    await carrier.wait(1)
    await phone.hang_up()
    await calls[0].leg.answer()
    assert await only_end(carrier, told) == CallEnd.CANCELED


async def test_without_anybody_to_take_it_a_caller_is_told_unreachable(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    await phone.call(OURS)
    await carrier.wait(1)
    assert phone.left == [CallEnd.UNREACHABLE]


async def test_stopping_ends_every_call_and_takes_no_more(carrier: Carrier) -> None:
    phone = await carrier.telephone()
    _, told = await dial(carrier, phone.number)
    await phone.rang()
    await phone.pick_up()
    await told.until(Answered)
    await carrier.driver.stop(0)
    await carrier.driver.stop(0)
    assert await only_end(carrier, told) == CallEnd.LOCAL_HANGUP
    with pytest.raises(Unavailable):
        await dial(carrier, phone.number)
