"""A call that ends while something of it is still on its way: nothing of that comes to the call any more."""

import asyncio
from typing import Any

import pytest

from server.calls.aftermath import SETTLED
from server.calls.call import LiveCall
from server.calls.call_services import AiVoice
from server.calls.ledger import ENTRIES_MAX
from server.calls.orders import AI, RELAY, Order
from server.calls.participants import Presence
from server.calls.state import Outcome
from server.calls.store import Call, CallStore, NewCall
from server.kit.clock import Clock
from server.kit.errors import Gone, InvalidInput
from server.media.leg import Leg, Role
from server.media.tones import LoopLeg, ringback
from server.storage import Database
from server.telephony.port import CallEnd, IncomingCall
from server.telephony.providers.virtual import magic
from server.telephony.providers.virtual.line import VirtualLine
from tests.fakes.browser_page import Page
from tests.fixtures.switchboard import WAIT_S, Switchboard
from tests.flow.test_flow_calls_people import COLLEAGUE, Telephone


class SlowAgent:
    """An agent's voice that is ready when it is told to be."""

    def __init__(self) -> None:
        self.leg: Leg = LoopLeg("agent", ringback())
        self.is_asked, self.is_ready, self.is_closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.has_begun = False

    async def open(self, *_: object) -> AiVoice:
        self.is_asked.set()
        await self.is_ready.wait()
        return self

    def start(self) -> None:
        self.has_begun = True

    async def close(self) -> None:
        self.is_closed.set()


async def test_an_agent_that_is_ready_after_the_end_is_closed_and_never_begins(sqlite_database: Database) -> None:
    agent = SlowAgent()
    async with Switchboard.over(sqlite_database, open_ai=agent.open) as board:
        live = await _by_agent(board, magic.ECHO)
        async with asyncio.timeout(WAIT_S):
            await agent.is_asked.wait()
            live.hang_up("api")
            agent.is_ready.set()
            await agent.is_closed.wait()
            await live.closed.wait()
    assert not agent.has_begun


class SlowTelephone(Telephone):
    """It was dialled, and does not ring yet."""

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        self.line = line
        self.rang.set()


async def test_a_telephone_that_rings_and_answers_as_the_call_ends_changes_nothing(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        late = SlowTelephone(board, COLLEAGUE)
        live = await _by_agent(board, COLLEAGUE)
        async with asyncio.timeout(WAIT_S):
            await late.rang.wait()
            live.hang_up("api")
            late.line.rings()
            late.line.answers(late)
            await live.closed.wait()
            await late.left.wait()
        happened = [event.type for event in await board.store.events(live.id)]
        assert happened == ["call.created", "call.dialed", "call.ended", SETTLED]
        assert not board.refused


async def test_a_softphone_that_connects_as_the_call_ends_is_refused_and_not_left_open(
    sqlite_database: Database,
) -> None:
    async with Switchboard.over(sqlite_database) as board:
        call = await board.bridge(magic.ECHO)
        live, page = board.live.present(call.id), Page()
        assert live is not None
        connecting = asyncio.create_task(live.connect("grant", Role.AGENT, await page.offer()))
        await asyncio.sleep(0)
        live.hang_up("api")
        async with asyncio.timeout(WAIT_S):
            with pytest.raises(Gone) as refused:
                await connecting
            await live.closed.wait()
        assert refused.value.code == "call_ended"
        await page.close()


async def test_a_softphone_that_is_taken_out_while_it_connects_is_not_left_open(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        call = await board.bridge(magic.ECHO)
        live, page = board.live.present(call.id), Page()
        assert live is not None
        connecting = asyncio.create_task(live.connect("grant", Role.LISTEN, await page.offer()))
        await asyncio.sleep(0)
        line = live.softphone("grant")
        assert line is not None
        line.dismiss()
        with pytest.raises(Gone) as refused:
            await asyncio.wait_for(connecting, WAIT_S)
        assert refused.value.code == "left_call"
        await page.close()


class SlowStore(CallStore):
    """A call is committed a while before it is answered that it is."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.has_stored, self.may_answer = asyncio.Event(), asyncio.Event()

    async def create(self, *asked: Any) -> Call:
        call = await super().create(*asked)
        self.has_stored.set()
        await self.may_answer.wait()
        return call


async def test_a_call_that_is_stored_is_begun_although_who_asked_for_it_is_gone(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database, new_store=SlowStore) as board:
        assert isinstance(store := board.store, SlowStore)
        asking = asyncio.create_task(board.bridge(magic.ECHO))
        await asyncio.wait_for(store.has_stored.wait(), WAIT_S)
        asking.cancel()  # as Quart does it
        await asyncio.wait({asking})
        assert len(board.live) == 0
        store.may_answer.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(board.live) == 1


async def test_nobody_is_rung_for_a_caller_who_hung_up_while_the_call_was_stored(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        phone, caller = Telephone(board, COLLEAGUE), VirtualLine("leg_1", Role.CALLER, "+33612345678")
        new = NewCall(board.tenant.tenant_id, None, RELAY, "inbound", None, "en", caller.number, COLLEAGUE)
        call = await board.store.create(new, limit=5)
        await caller.ends(CallEnd.REMOTE_HANGUP)
        live = board.live.begin(call, IncomingCall(caller, "+33199000042", caller.number, caller.listen))
        await asyncio.wait_for(live.closed.wait(), WAIT_S)
        assert live.call.position.outcome is Outcome.CANCELED
        assert not phone.rang.is_set()


async def test_a_softphone_whose_last_words_are_cut_short_is_not_left_open(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        call = await board.bridge(magic.ECHO)
        listener = await board.softphone(call, "listen")
        live, is_closed = board.live.present(call.id), asyncio.Event()
        assert live is not None
        line = live.softphone((await board.calls.softphone(listener.token)).uid)
        assert line is not None
        connection = listener.page.connection
        connection.on(
            "connectionstatechange", lambda: is_closed.set() if connection.connectionState == "closed" else None
        )
        closing = asyncio.create_task(line.close(transferred=True))
        await asyncio.sleep(0)  # it waits until the page has heard it
        closing.cancel()
        await asyncio.wait({closing})
        assert closing.cancelled()
        await asyncio.wait_for(is_closed.wait(), WAIT_S)
        await listener.close()


@pytest.mark.slow
async def test_a_call_of_which_too_much_waits_to_be_written_ends(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        late = SlowTelephone(board, COLLEAGUE)
        live = await _by_agent(board, COLLEAGUE)
        async with asyncio.timeout(WAIT_S):
            await late.rang.wait()
            for _ in range(ENTRIES_MAX + 1):  # before the database has taken one
                late.line.presses("1")
            await live.ended.wait()
            await live.closed.wait()
        stored = (await board.store.by_id(live.id)).position
        assert (stored.outcome, stored.reason) == (Outcome.ERROR, "overloaded")
        assert late.line.over.is_set()


async def test_a_listener_whose_first_offer_came_to_nothing_is_let_go_with_its_key(sqlite_database: Database) -> None:
    async with Switchboard.over(sqlite_database) as board:
        call = await board.bridge(magic.ECHO)
        link, _ = await board.calls.softphone_link(board.principal, str(call.id), Role.LISTEN)
        grant = await board.calls.softphone((await board.calls.open_softphone(link.token)).token)
        live, page = board.live.present(call.id), Page()
        with pytest.raises(InvalidInput):
            await board.calls.connect(grant, "v=0")
        await board.calls.connect(grant, await page.offer())
        assert live is not None
        line = live.softphone(grant.uid)
        assert line is not None
        assert grant.credential_uid is not None
        await asyncio.sleep(0)  # it is watched from its first turn on
        await board.tenancy.revocations.announce(grant.credential_uid)
        assert line.participant.presence is Presence.LEFT
        await page.close()


async def _by_agent(board: Switchboard, to: str) -> LiveCall:
    call = await board.calls.initiate(board.principal, Order(kind=AI, to=to, agent=board.tenant.agent_slug))
    live = board.live.present(call.id)
    assert live is not None
    return live
