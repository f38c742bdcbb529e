"""A live call, from order to end: over the virtual network, with softphones that really connect."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.calls.absence import PATIENCE_S, RETURN_S, RINGING_PATIENCE_S
from server.calls.state import CallState, Outcome
from server.kit.clock import SystemClock
from server.kit.errors import Conflict
from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.storage import Database
from server.telephony.providers.virtual import magic
from tests.fakes.browser_page import Page, loudest_hz
from tests.fakes.clock import FakeClock
from tests.fixtures.switchboard import Softphone, Switchboard
from tests.flow.test_flow_calls_people import COLLEAGUE, Telephone

WAIT_S = 30.0


@pytest.fixture
async def board(sqlite_database: Database) -> AsyncIterator[Switchboard]:
    async with Switchboard.over(sqlite_database) as board:
        yield board


async def test_the_client_is_dialled_when_the_agents_sound_is_there_and_hears_it(board: Switchboard) -> None:
    call = await board.bridge(magic.ECHO)
    live = board.live.present(call.id)
    assert live is not None
    assert live.state is CallState.WAITING_AGENT
    agent = await board.softphone(call, "agent", hz=700)
    await agent.until_state("in_progress")
    await agent.until_hears(700)  # the echo gives it back
    agent.say({"type": "hangup"})
    await agent.until_state("ended")
    assert (agent.call["outcome"], agent.call["reason"]) == ("completed", "agent_hung_up")
    async with asyncio.timeout(WAIT_S):
        await live.closed.wait()
    stored = await board.store.by_id(call.id)
    assert (stored.position.state, stored.position.outcome) == (CallState.ENDED, Outcome.COMPLETED)
    events = [event.type for event in await board.store.events(call.id)]
    assert [event for event in events if event.startswith("call.")] == [
        "call.created",
        "call.agent_awaited",
        "call.dialed",
        "call.ringing",
        "call.answered",
        "call.ended",
        "call.settled",
    ]
    assert events.count("leg.joined") == 2
    await agent.close()


@pytest.mark.parametrize(
    ("number", "outcome", "reason"),
    [
        (magic.BUSY, "busy", "busy"),
        (magic.DECLINED, "busy", "declined"),
        (magic.FAILED, "failed", "failed"),
        (magic.UNREACHABLE, "failed", "unreachable"),
        ("+33612345678", "failed", "unreachable"),
    ],
)
async def test_a_client_that_cannot_be_had_ends_the_call_and_says_why(
    board: Switchboard, number: str, outcome: str, reason: str
) -> None:
    call = await board.bridge(number)
    agent = await board.softphone(call, "agent")
    ended = await agent.until_state("ended")
    assert (ended["outcome"], ended["reason"], ended["duration_s"]) == (outcome, reason, 0)
    await agent.close()


async def test_a_supervisor_hears_and_is_never_heard_whatever_its_page_sends(board: Switchboard) -> None:
    call = await board.bridge(magic.SPEAKS)
    agent = await board.softphone(call, "agent", hz=700)
    await agent.until_state("in_progress")
    supervisor = await board.softphone(call, "listen", hz=1_500)  # its page sends sound, as a modified one would
    await supervisor.until_hears(440, 700)
    assert abs(await agent.hears_hz() - 1_500) > 100
    supervisor.say({"type": "mute", "on": False, "id": "m1"})
    refusal = await supervisor.until(lambda message: message["type"] == "error")
    assert (refusal["code"], refusal["re"]) == ("wrong_role", "m1")
    recorder = board.keepsakes.recorders[call.id]
    assert loudest(recorder.channel(recorder.ours, 50)) == pytest.approx(700, abs=20)
    for phone in (agent, supervisor):
        await phone.close()


async def test_mute_and_hold_are_done_by_the_server(board: Switchboard) -> None:
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=700)
    await agent.until_state("in_progress")
    await agent.until_hears(700)
    agent.say({"type": "mute", "on": True})
    await agent.until(lambda message: message["type"] == "call" and mine(message["call"])["muted"])
    await agent.hears_hz()  # what was on its way comes back first
    await agent.until_hears(0)
    agent.say({"type": "mute", "on": False})
    agent.say({"type": "hold", "on": True})
    await agent.until(lambda message: message["type"] == "call" and message["call"]["held"])
    await agent.hears_hz()
    await agent.until_hears(0)  # who holds does not hear the music
    agent.say({"type": "hold", "on": False})
    await agent.until(lambda message: message["type"] == "call" and not message["call"]["held"])
    await agent.until_hears(700)
    await agent.close()


async def test_one_softphone_controls_a_call_and_a_second_is_refused(board: Switchboard) -> None:
    call = await board.bridge(magic.NO_ANSWER)
    agent = await board.softphone(call, "agent")
    with pytest.raises(Conflict) as refused:
        await board.softphone(call, "agent")
    assert refused.value.code == "agent_already_present"
    talker = await board.softphone(call, "talk", hz=900)
    talker.say({"type": "hangup", "id": "h"})
    assert (await talker.until(lambda message: message["type"] == "error"))["code"] == "wrong_role"
    for phone in (agent, talker):
        await phone.close()


async def test_a_reconnected_softphone_is_the_same_participant(board: Switchboard) -> None:
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=700)
    await agent.until_state("in_progress")
    me = mine(agent.call)["id"]
    again = Softphone(board, agent.token, Page(800))
    await again.connect()
    await again.until_state("in_progress")
    assert mine(again.call)["id"] == me
    await again.until_hears(800)
    for phone in (agent, again):
        await phone.close()


@pytest.mark.parametrize("says_so", [True, False])
async def test_an_agent_whose_page_is_gone_ends_the_call_for_the_other(board: Switchboard, says_so: bool) -> None:
    """One that says nothing closed its connection in due form, as browsers do when a page is left."""
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent")
    await agent.until_state("in_progress")
    live = board.live.present(call.id)
    assert live is not None
    if says_so:
        board.calls.leave(await board.calls.softphone(agent.token))
    else:
        await agent.close()
    async with asyncio.timeout(PATIENCE_S - 5):  # a lost connection is waited for longer
        await live.ended.wait()
    assert live.call.position.reason == "agent_left"
    await agent.close()


async def test_an_agent_whose_page_is_loaded_anew_has_time_to_connect(sqlite_database: Database) -> None:
    clock = FakeClock()
    async with Switchboard.over(sqlite_database, clock, SystemClock()) as board:
        Telephone(board, COLLEAGUE)
        call = await board.bridge(COLLEAGUE)
        agent = await board.softphone(call, "agent")
        await agent.until_state("ringing")
        grant = await board.calls.softphone(agent.token)
        board.calls.leave(grant)
        await clock.advance(RETURN_S - 1)
        assert (await board.calls.seen(grant))["state"] == "ringing"
        await clock.advance(RINGING_PATIENCE_S - 1)
        again = Softphone(board, agent.token, Page(800))
        await again.connect()
        assert mine(again.call)["state"] == "joined"
        for phone in (agent, again):
            await phone.close()


async def test_hanging_up_by_the_api_ends_it_for_everybody_and_again_changes_nothing(board: Switchboard) -> None:
    call = await board.bridge(magic.NO_ANSWER)
    agent = await board.softphone(call, "agent")
    await agent.until_state("ringing")
    for _ in range(2):
        ended = await board.calls.hang_up(board.principal, call.uid)
        assert (ended.position.outcome, ended.position.reason) == (Outcome.CANCELED, "hung_up_by_api")
    await agent.until_state("ended")
    await agent.close()


async def test_a_call_found_open_at_start_up_ends_as_an_error(board: Switchboard, sqlite_database: Database) -> None:
    call = await board.bridge(magic.NO_ANSWER)
    async with Switchboard.over(sqlite_database) as restarted:
        recovered = await restarted.live.recover(all_of_them=True)
        assert [(one.id, one.position.outcome, one.position.reason) for one in recovered] == [
            (call.id, Outcome.ERROR, "server_restarted")
        ]
        assert await restarted.live.recover(all_of_them=True) == []


def mine(call: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in call["participants"] if one["is_you"])


def loudest(sound: Samples) -> float:
    return loudest_hz(sound, SAMPLE_RATE_HZ)
