"""What people hear before their call is kept and what they answer; without consent nothing is, and the call goes on."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.calls.notice import ANSWER_S
from server.calls.orders import AI, BRIDGE, PHONE, Order
from server.calls.state import CallState
from server.calls.store import Call, CallEvent, Consent
from server.kit.clock import SystemClock
from server.media.frame import SAMPLE_RATE_HZ, Frame, frames_of
from server.media.tones import tone
from server.storage import Database
from server.telephony.port import CallEnd
from server.telephony.providers.virtual import magic
from server.tenants.keeping import Notice
from server.tenants.projects import Projects
from tests.fakes.browser_page import RATE_HZ, loudest_hz
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Application, Running
from tests.fixtures.recordings import content, heard
from tests.fixtures.switchboard import Switchboard
from tests.flow.test_flow_calls_inbound import principal, settled, until
from tests.flow.test_flow_calls_people import COLLEAGUE, PHONE_HZ, Telephone
from tests.flow.test_flow_calls_relay import RELAY, Callee, Caller, ask

AGENT, CLIENT = "+33700000001", "+33612345678"
NOTICE_HZ, NOTICE_S = 300, 1.0
QUESTION_ENDS = sum(b"2.")  # the last word, as the voice of these tests says it


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The product on the system's clock."""
    async with Application(sqlite_url, tmp_path / "var", SystemClock()).running() as running:  # type: ignore[arg-type]
        yield running


async def says(sentence: str, language: str) -> Sequence[Frame]:
    return frames_of(tone(NOTICE_HZ, NOTICE_S, 0.3))


async def policy(projects: Projects, tenant_id: int, notice: Notice) -> None:
    await projects.set_notice(await projects.called(tenant_id, None), notice, "test")


async def of_server(server: Running, notice: Notice) -> None:
    await policy(Projects(server.parloir.database, SystemClock()), server.tenant.tenant_id, notice)


async def heard_all(*telephones: Callee | Caller, last: int = QUESTION_ENDS) -> None:
    async def is_told() -> bool:
        return all(any(np.all(frame == last) for frame in one.heard) for one in telephones)

    await until(is_told)


async def log(server: Running, call: Call) -> list[CallEvent]:
    return await server.parloir.calling.live._services.store.events(call.id)


async def bridged(server: Running) -> tuple[Call, Callee, Callee]:
    """A bridge by phone that is asked about: the call, our side's telephone, the client's."""
    await of_server(server, Notice.ASK)
    agent, client = Callee(server, AGENT), Callee(server, CLIENT)
    order = Order(kind=BRIDGE, mode=PHONE, to=CLIENT, agent_number=AGENT)
    call = await server.parloir.calling.calls.initiate(await principal(server), order)
    assert call.notice is Notice.ASK
    for one in (agent, client):
        (await one.until_ringing()).pick_up()
    return call, agent, client


async def test_who_presses_1_is_recorded_from_then_on(server: Running) -> None:
    call, agent, client = await bridged(server)
    agent.say(0.5)  # while they are asked
    keepsakes, recordings = server.parloir.calling.live._services.keepsakes, server.parloir.calling.recordings
    await heard_all(agent, client)
    agent.line.presses("1")  # it is not for our side to say
    live = server.parloir.calling.live.present(call.id)
    assert live is not None
    assert live.body_for(None)["recording_consent"] == "awaited"
    assert (await recordings.of(call.id)).state.value == "none"
    client.line.presses("5")  # answers nothing
    client.line.presses("1")

    async def is_recording() -> bool:
        return bool(keepsakes.states(live.call)["recording"] == "recording")

    async def is_transcribed() -> bool:
        return bool(await keepsakes.words_since(call.id, 0))

    await until(is_recording)
    client.say(1.5)
    await until(is_transcribed)
    await client.line.ends(CallEnd.REMOTE_HANGUP)
    await settled(server, call)
    given = next(one for one in await log(server, call) if one.type == "recording.given")
    customer = next(one.uid for one in live._scene.participants.values() if one.number == CLIENT)
    assert given.payload == {"leg": customer, "text": "1", "language": call.language, "key": "1"}
    assert {words["role"] for words in await keepsakes.words_since(call.id, 0)} == {"callee"}
    recorded = heard(await content(recordings, call.id))
    assert not recorded.spans(1)  # right: our side, who spoke too early
    assert abs(recorded.hertz(0, 0, recorded.seconds) - 500) < 10


async def test_who_presses_2_is_not_recorded_and_the_call_goes_on(server: Running) -> None:
    call, agent, client = await bridged(server)
    await heard_all(agent, client)
    client.line.presses("2")

    async def is_refused() -> bool:
        return "recording.refused" in [one.type for one in await log(server, call)]

    await until(is_refused)
    agent.heard.clear()
    client.say(1.5)

    async def talks_on() -> bool:
        loud = [frame for frame in agent.heard if np.any(frame)]
        return len(loud) > 50 and abs(loudest_hz(np.concatenate(loud), SAMPLE_RATE_HZ) - 500) < 10

    await until(talks_on)
    await client.line.ends(CallEnd.REMOTE_HANGUP)
    await settled(server, call)
    calling = server.parloir.calling
    assert (await calling.recordings.of(call.id)).state.value == "none"
    assert not [one for one in await log(server, call) if one.type == "transcript.segment"]
    shown = await ask(server, "GET", f"/api/v1/phone_calls/{call.id}")
    assert (shown["status"], shown["recording_url"], shown["transcription"]) == ("completed", None, None)
    stored = await calling.calls.find(await principal(server), str(call.id))
    assert (stored.is_recorded, stored.is_transcribed, stored.is_analysed) == (False, False, False)
    assert stored.consent is Consent.REFUSED


async def test_an_agent_that_calls_asks_before_it_greets_and_talks_unrecorded(server: Running) -> None:
    await of_server(server, Notice.ASK)
    client = Callee(server, CLIENT)
    order = Order(kind=AI, to=CLIENT, agent="support", recording=True, transcription=True, language="en")
    call = await server.parloir.calling.calls.initiate(await principal(server), order)
    (await client.until_ringing()).pick_up()
    await heard_all(client)
    live = server.parloir.calling.live.present(call.id)
    assert live is not None
    assert [one.role.value for one in live._scene.participants.values()] == ["callee"]
    client.line.presses("2")
    client.heard.clear()

    async def is_greeted() -> bool:
        return sum(bool(np.any(frame)) for frame in client.heard) > 20

    await until(is_greeted)
    await client.line.ends(CallEnd.REMOTE_HANGUP)
    events = await settled(server, call)
    assert "recording.refused" in events
    assert "transcript.segment" not in events
    assert (await server.parloir.calling.recordings.of(call.id)).state.value == "none"


async def test_a_keys_answer_does_not_reach_the_other_side_of_a_relay(server: Running) -> None:
    await of_server(server, Notice.ASK)
    await ask(server, "POST", "/api/v1/relay_numbers", {"phone_number": RELAY, "forward_to": CLIENT})
    callee, caller = Callee(server, CLIENT), Caller().call(server, RELAY)
    (await callee.until_ringing()).pick_up()
    await heard_all(callee, caller)
    caller.line.presses("1")

    async def is_recording() -> bool:
        calls, _ = await server.parloir.calling.calls.latest(await principal(server))
        return calls[0].consent is Consent.GIVEN

    await until(is_recording)
    caller.line.presses("7")

    async def is_pressed() -> bool:
        return callee.pressed != ""

    await until(is_pressed)
    assert callee.pressed == "7"
    await caller.line.ends(CallEnd.REMOTE_HANGUP)


async def test_by_browser_both_hear_it_and_who_comes_later_hears_it_too(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database, say=says) as board:
        await policy(Projects(sqlite_database, SystemClock()), board.principal.tenant_id, Notice.ANNOUNCE)
        client, colleague = Telephone(board, CLIENT), Telephone(board, COLLEAGUE)
        call = await board.bridge(CLIENT)
        agent = await board.softphone(call, "agent", hz=700)
        await client.answers()
        await agent.until(lambda message: shows(message, "announced"))
        assert seconds_of(NOTICE_HZ, client.heard) > 0.9 * NOTICE_S

        async def is_heard() -> bool:
            return seconds_of(NOTICE_HZ, agent.page.heard, RATE_HZ) > 0.5 * NOTICE_S  # a busy machine loses some of it

        async def is_recorded() -> bool:
            return call.id in board.keepsakes.recorders

        await until(is_heard)
        await until(is_recorded)
        recorder = board.keepsakes.recorders[call.id]
        agent.say({"type": "transfer", "to": COLLEAGUE})
        await colleague.answers()
        await agent.until(lambda message: message == {"type": "left", "reason": "transferred"})

        async def is_kept() -> bool:
            return seconds_of(PHONE_HZ, recorder.ours) > 0

        await until(is_kept)
        assert seconds_of(NOTICE_HZ, colleague.heard) > 0.9 * NOTICE_S  # it was told before, though it spoke all along
        await agent.close()


def shows(message: dict[str, Any], consent: str) -> bool:
    return bool(message["type"] == "call" and message["call"]["recording_consent"] == consent)


def seconds_of(hz: float, frames: Sequence[Frame], rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """How long a tone is there, also among others: of windows of 100 ms."""
    sound = np.concatenate(frames) if frames else np.zeros(0)
    windows = sound[: len(sound) // (rate_hz // 10) * (rate_hz // 10)].reshape(-1, rate_hz // 10)
    wave = np.exp(-2j * np.pi * hz * np.arange(rate_hz // 10) / rate_hz)
    return float(np.sum(np.abs(windows @ wave) / (rate_hz // 20) > 2_000)) / 10


@pytest.mark.parametrize("has_voice", [True, False])
async def test_no_answer_and_no_voice_are_no_consent(sqlite_database: Database, has_voice: bool) -> None:
    clock = FakeClock()
    async with Switchboard.over(sqlite_database, clock, SystemClock(), says if has_voice else None) as board:
        await policy(Projects(sqlite_database, clock), board.principal.tenant_id, Notice.ASK)
        agent = Telephone(board, COLLEAGUE)
        call = await board.calls.initiate(
            board.principal, Order(kind=BRIDGE, mode=PHONE, to=magic.ECHO, agent_number=COLLEAGUE)
        )
        await agent.answers()
        wanted = Consent.UNANSWERED if has_voice else Consent.UNSPOKEN

        async def is_decided() -> bool:
            stored = await board.store.by_id(call.id)
            await clock.advance(0.1 if stored.answered_at is None else ANSWER_S)  # nobody is rung for ever
            return stored.consent is wanted

        await until(is_decided)
        stored = await board.store.by_id(call.id)
        assert stored.position.state is CallState.IN_PROGRESS
        assert not stored.is_recorded
        assert call.id not in board.keepsakes.recorders
