"""More than two in a call: the agent's own telephone, supervisors by telephone, transfers; and a page that floods."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from server.calls.call import LiveCall
from server.calls.orders import BRIDGE, PHONE, Order
from server.calls.scene import PARTICIPANTS_MAX
from server.calls.state import CallState, Outcome
from server.calls.store import Call
from server.kit.errors import Gone, InvalidInput, NotAuthenticated
from server.media.frame import SAMPLE_RATE_HZ, Frame, Samples
from server.storage import Database
from server.telephony.port import CallEnd
from server.telephony.providers.virtual import magic
from server.telephony.providers.virtual.line import VirtualLine
from tests.fakes.browser_page import loudest_hz
from tests.fixtures.recordings import tone
from tests.fixtures.switchboard import Softphone, Switchboard

WAIT_S = 30.0
AGENT_HZ, PHONE_HZ = 700, 1_500
BOSS, COLLEAGUE = "+33699000001", "+33699000002"
TALKING = {"agent": "joined", "callee": "joined"}
QUIET = 300  # of 32768
JUNK_BYTES, PIECE_BYTES = 200_000, 4_000  # our own client needs seconds for it


class Telephone:
    """Rings, answers when it is told to, says a tone, and remembers what it hears."""

    def __init__(self, board: Switchboard, number: str) -> None:
        self.heard: list[Frame] = []
        self.rang = asyncio.Event()
        self.left = asyncio.Event()
        self.caller_id: str | None = None
        self._line: VirtualLine | None = None
        self._ticks = 0
        board.exchange.subscribe(number, self)

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        self._line, self.caller_id = line, caller_id
        line.rings()
        self.rang.set()

    async def answers(self) -> None:
        (await self._ringing()).answers(self)

    async def declines(self) -> None:
        await (await self._ringing()).ends(CallEnd.DECLINED)

    async def _ringing(self) -> VirtualLine:
        async with asyncio.timeout(WAIT_S):
            await self.rang.wait()
        assert self._line is not None
        return self._line

    async def hangs_up(self) -> None:
        assert self._line is not None
        await self._line.ends(CallEnd.REMOTE_HANGUP)

    async def hears_hz(self) -> float:
        """The loudest frequency of the next half second; 0 for silence."""
        self.heard.clear()
        async with asyncio.timeout(WAIT_S):
            while len(self.heard) < 25:  # noqa: ASYNC110  # frames come by themselves
                await asyncio.sleep(0.02)
        return loudest(np.concatenate(self.heard))

    async def until_hears(self, hz: float) -> None:
        """Until it is the loudest of half a second."""
        async with asyncio.timeout(WAIT_S):
            while abs(await self.hears_hz() - hz) > 50:
                pass

    def read(self) -> Frame | None:
        self._ticks += 1
        return tone(PHONE_HZ, self._ticks)

    def write(self, frame: Frame) -> None:
        self.heard.append(frame)

    @property
    def has_keys(self) -> bool:
        return False

    def picked_up(self) -> None:
        """It never calls."""

    def press(self, digit: str) -> None:
        """It has no menu."""

    async def leave(self, end: CallEnd) -> None:
        self.left.set()


@pytest.fixture
async def board(sqlite_database: Database) -> AsyncIterator[Switchboard]:
    async with Switchboard.over(sqlite_database) as board:
        yield board


async def test_by_phone_the_agents_line_rings_first_and_the_client_only_when_it_answered(board: Switchboard) -> None:
    agent = Telephone(board, COLLEAGUE)
    call = await _by_phone(board, COLLEAGUE, magic.ECHO)
    async with asyncio.timeout(WAIT_S):
        await agent.rang.wait()
    assert agent.caller_id == "+33159133354"
    assert _live(board, call).state is CallState.WAITING_AGENT
    assert "call.dialed" not in await _events(board, call)
    await agent.answers()
    await _until_state(board, call, CallState.IN_PROGRESS)
    await agent.until_hears(PHONE_HZ)  # the echo of the client gives it back
    events = await _events(board, call)
    assert events.index("leg.joined") < events.index("call.dialed") < events.index("call.answered")
    await agent.hangs_up()
    assert await _end_of(board, call) == (Outcome.COMPLETED, "agent_hung_up")


@pytest.mark.parametrize(
    ("number", "reason"),
    [(magic.BUSY, "agent_busy"), (magic.DECLINED, "agent_declined"), (magic.FAILED, "agent_failed")],
)
async def test_by_phone_nobody_calls_the_client_when_the_agents_line_does_not_answer(
    board: Switchboard, number: str, reason: str
) -> None:
    client = Telephone(board, COLLEAGUE)
    call = await _by_phone(board, number, COLLEAGUE)
    assert await _end_of(board, call) == (Outcome.CANCELED, reason)
    assert not client.rang.is_set()


async def test_a_supervisors_telephone_hears_everybody_and_is_never_heard(board: Switchboard) -> None:
    boss = Telephone(board, BOSS)
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=AGENT_HZ)
    await agent.until_state("in_progress")
    _, participant = await board.calls.add_monitor(board.principal, str(call.id), BOSS)
    assert participant.role == "monitor"
    heard = (await board.tenancy.audit.of(call.tenant_id, 1))[0]
    assert (heard.action, heard.details["role"], heard.details["call"]) == ("call.listened_in", "monitor", call.id)
    assert BOSS[1:] not in repr(heard)
    await boss.answers()
    await boss.until_hears(AGENT_HZ)
    agent.say({"type": "mute", "on": True})
    await agent.until(lambda message: message["type"] == "call" and _me(message["call"])["muted"])
    await agent.hears_hz()  # what was on its way comes back first
    await agent.until_hears(0)  # the boss says a tone all the while
    recorder = board.keepsakes.recorders[call.id]
    assert loudest(recorder.channel(recorder.ours, 25)) == 0.0
    assert loudest(recorder.channel(recorder.customer, 25)) == 0.0
    await boss.hangs_up()
    assert _live(board, call).state is CallState.IN_PROGRESS  # who only listens ends nothing
    await agent.close()


async def test_a_revoked_key_takes_its_listeners_out_and_leaves_who_talks(board: Switchboard) -> None:
    boss = Telephone(board, BOSS)
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=AGENT_HZ)
    await agent.until_state("in_progress")
    listener = await board.softphone(call, "listen")
    await board.calls.add_monitor(board.principal, str(call.id), BOSS)
    await boss.answers()
    await agent.until(lambda _: _presences(agent) == TALKING | {"listen": "joined", "monitor": "joined"})
    uid = board.principal.credential_uid
    assert uid is not None
    await board.tenancy.keyring.revoke(board.principal.tenant_id, uid)
    await agent.until(lambda _: _presences(agent) == TALKING | {"listen": "left", "monitor": "left"})
    async with asyncio.timeout(WAIT_S):
        await boss.left.wait()
    with pytest.raises(NotAuthenticated) as refused:
        await board.calls.softphone(listener.token)
    assert refused.value.code == "session_invalid"
    await agent.until_hears(AGENT_HZ)  # the client's echo: they talk on
    for softphone in (agent, listener):
        await softphone.close()


def _presences(softphone: Softphone) -> dict[str, str]:
    return {each["role"]: each["state"] for each in softphone.call["participants"]}


async def test_a_transfer_hands_the_client_over_and_the_agent_may_not_come_back(board: Switchboard) -> None:
    colleague = Telephone(board, COLLEAGUE)
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=AGENT_HZ)
    await agent.until_state("in_progress")
    agent.say({"type": "transfer", "to": COLLEAGUE})
    await agent.until_state("transferring")
    await agent.until_hears(AGENT_HZ)  # one talks on until the other answers
    await colleague.answers()
    await agent.until(lambda message: message == {"type": "left", "reason": "transferred"})
    await _until_state(board, call, CallState.IN_PROGRESS)
    await colleague.until_hears(PHONE_HZ)  # itself alone, from the client
    again = Softphone(board, agent.token, agent.page)
    with pytest.raises(Gone) as refused:
        await board.calls.connect(await board.calls.softphone(again.token), "v=0")
    assert refused.value.code == "call_transferred"
    wrapped = await board.calls.wrap_up(await board.calls.softphone(again.token), "interested", "Passed on.")
    assert wrapped["wrap_up"] == {"outcome": "interested", "note": "Passed on."}
    await colleague.hangs_up()
    assert (await _end_of(board, call))[0] is Outcome.COMPLETED
    await agent.close()


async def test_a_transfer_that_fails_leaves_everything_as_it_was(board: Switchboard) -> None:
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=AGENT_HZ)
    await agent.until_state("in_progress")
    agent.say({"type": "transfer", "to": "0612", "id": "t1"})
    refusal = await agent.until(lambda message: message["type"] == "error")
    assert (refusal["code"], refusal["re"]) == ("invalid_phone_number", "t1")
    agent.say({"type": "transfer", "to": "+870773111632"})
    assert (await agent.until(lambda message: message["type"] == "error"))["code"] == "destination_not_allowed"
    with pytest.raises(InvalidInput) as costly:
        await board.calls.add_monitor(board.principal, str(call.id), "+33899123456")
    assert costly.value.code == "destination_not_allowed"
    colleague = Telephone(board, COLLEAGUE)
    agent.say({"type": "transfer", "to": COLLEAGUE})
    await agent.until_state("transferring")
    await colleague.declines()  # not before the page was told: it is told how things stand, not how they stood
    await agent.until_state("in_progress")
    await agent.until_hears(AGENT_HZ)
    await agent.close()


async def test_a_transfer_that_finds_no_place_leaves_everything_as_it_was(board: Switchboard) -> None:
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=AGENT_HZ)
    await agent.until_state("in_progress")
    for _ in range(PARTICIPANTS_MAX - len(TALKING)):
        _live(board, call).add_monitor(magic.NO_ANSWER)
    agent.say({"type": "transfer", "to": COLLEAGUE})
    assert (await agent.until(lambda message: message["type"] == "error"))["code"] == "call_full"
    assert _live(board, call).state is CallState.IN_PROGRESS
    assert "call.transfer_began" not in await _events(board, call)
    await agent.close()


async def test_a_flood_of_junk_from_a_page_disturbs_nobody(board: Switchboard) -> None:
    call = await board.bridge(magic.ECHO)
    agent = await board.softphone(call, "agent", hz=AGENT_HZ)
    await agent.until_state("in_progress")
    flooder = await board.softphone(call, "talk", hz=AGENT_HZ)
    flooder.page.microphone.stop()
    channel = flooder.page.control
    async with asyncio.timeout(60):
        for _ in range(JUNK_BYTES // PIECE_BYTES):
            channel.send(os.urandom(PIECE_BYTES // 2).hex())
            while channel.bufferedAmount > 4 * PIECE_BYTES:  # noqa: ASYNC110  # as the network takes it
                await asyncio.sleep(0.01)
    await agent.until_hears(AGENT_HZ)
    agent.say({"type": "hold", "on": True})
    await agent.until(lambda message: message["type"] == "call" and message["call"]["held"])
    agent.say({"type": "hangup"})
    await agent.until_state("ended")
    for phone in (agent, flooder):
        await phone.close()


def loudest(sound: Samples) -> float:
    return loudest_hz(sound, SAMPLE_RATE_HZ) if np.abs(sound).max() > QUIET else 0.0


def _me(call: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in call["participants"] if one["is_you"])


async def _by_phone(board: Switchboard, agent: str, to: str) -> Call:
    return await board.calls.initiate(board.principal, Order(kind=BRIDGE, mode=PHONE, to=to, agent_number=agent))


def _live(board: Switchboard, call: Call) -> LiveCall:
    live = board.live.present(call.id)
    assert live is not None
    return live


async def _events(board: Switchboard, call: Call) -> list[str]:
    return [event.type for event in await board.store.events(call.id)]


async def _until_state(board: Switchboard, call: Call, state: CallState) -> None:
    async with asyncio.timeout(WAIT_S):
        while (await board.store.by_id(call.id)).position.state is not state:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the state is in the database


async def _end_of(board: Switchboard, call: Call) -> tuple[Outcome | None, str | None]:
    await _until_state(board, call, CallState.ENDED)
    position = (await board.store.by_id(call.id)).position
    return position.outcome, position.reason
