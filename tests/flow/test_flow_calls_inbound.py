"""Somebody calls a number of a project: its agent answers, the call is kept, and either side may end it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.calls.store import Call
from server.calls.texts import TEXT_MAX
from server.kit.clock import SystemClock
from server.kit.errors import AppError, Conflict
from server.media.frame import Frame, silence
from server.telephony.port import CallEnd
from server.telephony.providers.virtual.line import VirtualLine
from server.tenants.phone_numbers import Keeping
from server.tenants.plans import plan_named
from tests.fixtures.application import Application, Running

WAIT_S = 60.0
OURS = "+33159133354"
CALLER = "+33612345678"


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The product on the system's clock, with a number whose calls are kept."""
    async with Application(sqlite_url, tmp_path / "var", SystemClock()).running() as running:  # type: ignore[arg-type]
        await running.parloir.speech.warmed()
        calling = running.parloir.calling
        await calling.numbers.add(running.tenant.tenant_id, "+33 1 59 13 33 54", "support", Keeping(True, True, True))
        acting = asyncio.create_task(calling.outbox.run())
        yield running
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await reached():  # noqa: ASYNC110  # what is stored tells nobody
            await asyncio.sleep(0.02)


class Telephone:
    """Somebody's telephone on the virtual network: it dialled."""

    has_keys = True

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.heard: list[Frame] = []
        self.ended: list[CallEnd] = []
        self.line: VirtualLine

    def call(self, server: Running, to: str = OURS) -> "Telephone":
        self.line = server.parloir.calling.driver.call_in(CALLER, to, self)
        return self

    async def until_answered(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.answered.wait()

    async def until_over(self) -> list[CallEnd]:
        async with asyncio.timeout(WAIT_S):
            await self.line.over.wait()
        await asyncio.sleep(0)
        return self.ended

    def read(self) -> Frame | None:
        return silence()

    def write(self, frame: Frame) -> None:
        self.heard.append(frame)

    def picked_up(self) -> None:
        self.answered.set()

    def press(self, digit: str) -> None:
        """Nobody presses."""

    async def leave(self, end: CallEnd) -> None:
        self.ended.append(end)


async def only_call(server: Running) -> Call:
    [call], _ = await server.parloir.calling.calls.latest(await principal(server))
    return call


async def principal(server: Running) -> Any:
    return await server.parloir.credentials.resolve(server.tenant.project_token)


async def settled(server: Running, call: Call) -> list[str]:
    """The types of the call's events, once nothing more comes."""
    store = server.parloir.calling.live._services.store

    async def is_settled() -> bool:
        return "call.settled" in [event.type for event in await store.events(call.id)]

    await until(is_settled)
    return [event.type for event in await store.events(call.id)]


async def test_the_numbers_agent_answers_and_the_call_is_kept(server: Running) -> None:
    phone = Telephone().call(server)
    await phone.until_answered()

    async def is_greeted() -> bool:
        return any(np.abs(frame).max() > 500 for frame in phone.heard)

    await until(is_greeted)
    call = await only_call(server)
    assert (call.direction, call.kind, call.from_number, call.to_number) == ("inbound", "ai", CALLER, OURS)
    assert call.agent_uid is not None
    await phone.line.ends(CallEnd.REMOTE_HANGUP)
    events = await settled(server, call)
    assert [event for event in events if event.startswith("call.")] == [
        "call.created",
        "call.ringing",
        "call.answered",
        "call.ended",
        "call.settled",
    ]
    assert events.count("leg.joined") == 2
    ended = await only_call(server)
    assert ended.position.outcome is not None
    assert (ended.position.outcome.value, ended.position.reason) == ("completed", "caller_hung_up")

    async def is_recorded() -> bool:
        return (await server.parloir.calling.recordings.of(call.id)).state.value == "ready"

    await until(is_recorded)
    segments = await server.parloir.calling.live._services.keepsakes.words_since(call.id, 0)
    assert segments[0]["role"] == "ai"


async def test_our_end_hangs_up(server: Running) -> None:
    phone = Telephone().call(server)
    await phone.until_answered()
    call = await only_call(server)
    await server.parloir.calling.calls.hang_up(await principal(server), call.uid)
    assert await phone.until_over() == [CallEnd.REMOTE_HANGUP]


async def test_a_caller_who_gives_up_leaves_nothing_behind(server: Running) -> None:
    phone = Telephone().call(server)
    await phone.line.ends(CallEnd.CANCELED)

    async def is_over() -> bool:
        calls, _ = await server.parloir.calling.calls.latest(await principal(server))
        return bool(calls) and all(call.is_over for call in calls)

    await until(is_over)
    call = await only_call(server)
    assert call.position.outcome is not None
    assert call.position.outcome.value == "canceled"
    await settled(server, call)
    assert phone.ended == []


async def test_a_number_nobody_has_cannot_be_reached(server: Running) -> None:
    assert await Telephone().call(server, "+33199999999").until_over() == [CallEnd.UNREACHABLE]
    assert await server.parloir.calling.calls.latest(await principal(server)) == ([], 0)


async def test_when_every_line_of_the_plan_is_taken_it_is_busy(server: Running) -> None:
    tenant = await server.parloir.tenants.by_id(server.tenant.tenant_id)
    lines = plan_named(tenant.plan).concurrent_conversations
    phones = [Telephone().call(server) for _ in range(lines)]
    for phone in phones:
        await phone.until_answered()
    assert await Telephone().call(server).until_over() == [CallEnd.BUSY]
    await phones[0].line.ends(CallEnd.REMOTE_HANGUP)

    async def is_free() -> bool:
        calls, _ = await server.parloir.calling.calls.latest(await principal(server))
        return sum(not call.is_over for call in calls) < lines

    await until(is_free)
    await Telephone().call(server).until_answered()


async def test_numbers_are_added_once_listed_and_removed(server: Running) -> None:
    numbers, tenant_id = server.parloir.calling.numbers, server.tenant.tenant_id
    for taken in (OURS, "+33 1 59 13 33 54"):
        with pytest.raises(Conflict) as refused:
            await numbers.add(tenant_id, taken, None, Keeping())
        assert refused.value.code == "phone_number_taken"
    for number, agent, code in (("12", None, "invalid_phone_number"), ("+33170000009", "nobody", "unknown_agent")):
        with pytest.raises(AppError) as wrong:
            await numbers.add(tenant_id, number, agent, Keeping())
        assert wrong.value.code == code
    await numbers.add(tenant_id, "+33170000001", None, Keeping(analysis=True))
    [_, second] = await numbers.of(tenant_id)
    assert (second.is_recorded, second.is_transcribed, second.is_analysed) == (False, True, True)
    assert not await numbers.remove(tenant_id + 1, OURS)
    assert await numbers.remove(tenant_id, OURS)
    assert not await numbers.remove(tenant_id, OURS)
    assert await Telephone().call(server).until_over() == [CallEnd.UNREACHABLE]


async def test_text_messages_are_kept_for_the_numbers_project(server: Running) -> None:
    calling, tenant_id = server.parloir.calling, server.tenant.tenant_id
    said = ["Bonjour 👋 مرحبا", "e\u0301" * (TEXT_MAX // 2), " \x00Hello! "]
    for text in said:
        await calling.driver.text_in(CALLER, OURS, text)
    kept = await calling.texts.latest(tenant_id)
    assert [message.text for message in kept] == ["Hello!", said[1], said[0]]
    assert {(message.from_number, message.to_number) for message in kept} == {(CALLER, OURS)}
    assert await calling.texts.latest(tenant_id + 1) == []


@pytest.mark.parametrize(
    ("to", "text", "code"),
    [
        (OURS, "", "invalid_text_message"),
        (OURS, "  ", "invalid_text_message"),
        (OURS, "x" * (TEXT_MAX + 1), "invalid_text_message"),
        ("+33199999999", "Hello", "unknown_phone_number"),
        ("12", "Hello", "invalid_phone_number"),
    ],
)
async def test_text_messages_that_cannot_be_delivered_are_refused(
    server: Running, to: str, text: str, code: str
) -> None:
    with pytest.raises(AppError) as refused:
        await server.parloir.calling.driver.text_in(CALLER, to, text)
    assert refused.value.code == code
    assert await server.parloir.calling.texts.latest(server.tenant.tenant_id) == []
