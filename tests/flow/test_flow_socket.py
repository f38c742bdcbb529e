"""The widget's socket: what a page hears over it, in which order, and every way it closes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.sessions.tables import WidgetSessionRow
from server.web.widget_socket import SocketLimits
from tests.fakes.clock import FakeClock
from tests.fixtures.application import OPENING, SHOP, WAIT_S, Application, Page, Running, Socket

QUESTION = "When do you open?"
FLOOD = 300


@pytest.fixture
async def page(running: Running) -> Page:
    page = running.page()
    await page.open(running.tenant)
    return page


def is_answer(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "message") and message["role"] == "agent" and message["final"] is True


def is_state(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "state")


def is_listening(message: dict[str, Any]) -> bool:
    return message == {"type": "state", "state": "listening"}


async def greeted(socket: Socket) -> list[dict[str, Any]]:
    """The history and the state every socket begins with."""
    return await socket.until(is_state)


async def test_a_socket_begins_with_the_history_and_the_state(page: Page) -> None:
    async with page.socket() as socket:
        history = await greeted(socket)
        assert [message["type"] for message in history] == ["message", "state"]
        assert (history[0]["seq"], history[0]["role"], history[0]["final"]) == (1, "agent", True)
        assert history[-1]["state"] == "listening"


async def test_what_is_written_comes_back_and_is_answered_in_order(page: Page) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        await socket.send({"type": "text", "id": "c1", "text": f"  {QUESTION} "})
        heard = await socket.until(is_listening)
    finals = [message for message in heard if message["type"] == "message" and message["final"]]
    assert [(m["seq"], m["role"], m["text"]) for m in finals] == [(2, "user", QUESTION), (3, "agent", OPENING)]
    assert finals[0]["client_id"] == "c1"
    assert [message["state"] for message in heard if is_state(message)] == ["thinking", "listening"]
    partials = [message for message in heard if message["type"] == "message" and not message["final"]]
    assert all(partial["id"] == finals[1]["id"] and OPENING.startswith(partial["text"]) for partial in partials)


async def test_a_page_that_comes_back_gets_what_it_missed(page: Page) -> None:
    for number in range(3):
        await page.post("/widget/messages", {"id": f"c{number}", "text": QUESTION})
    for since, expected in ((0, [1, 2, 3, 4, 5, 6, 7]), (4, [5, 6, 7]), (7, []), (99, [])):
        async with page.socket(since=since) as socket:
            missed = await greeted(socket)
            assert [message["seq"] for message in missed[:-1]] == expected


async def test_two_pages_of_one_visitor_hear_the_same(page: Page) -> None:
    async with page.socket() as one, page.socket() as two:
        await greeted(one)
        await greeted(two)
        await one.send({"type": "text", "id": "c1", "text": QUESTION})
        assert await one.until(is_listening) == await two.until(is_listening)
        by_http = await page.post("/widget/messages", {"id": "c2", "text": QUESTION})
        for socket in (one, two):
            heard = await socket.until(is_answer)
            finals = [message for message in heard if message["type"] == "message" and message["final"]]
            assert [{**message, "type": "message"} for message in by_http.json()["messages"]] == finals


async def test_the_same_message_over_both_ways_is_one(page: Page) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        await socket.send({"type": "text", "id": "c1", "text": QUESTION})
        await socket.until(is_answer)
        repeated = await page.post("/widget/messages", {"id": "c1", "text": QUESTION})
        assert [message["seq"] for message in repeated.json()["messages"]] == [2, 3]


async def test_controls_are_taken_in_any_order(page: Page) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        for message in (
            {"type": "interrupt"},
            {"type": "mute", "on": True},
            {"type": "talk", "on": True},
            {"type": "talk", "on": False},
            {"type": "mute", "on": False},
            {"type": "interrupt"},
            {"type": "ping", "more": "is ignored"},
        ):
            await socket.send(message)
        assert await socket.receive() == {"type": "pong"}


async def test_hanging_up_ends_it_for_every_page(page: Page, running: Running) -> None:
    async with page.socket() as one, page.socket() as two:
        await greeted(one)
        await greeted(two)
        await one.send({"type": "end"})
        for socket in (one, two):
            assert await socket.closed() == (4410, [{"type": "ended", "reason": "visitor"}])
    async with page.socket() as late:
        assert await late.closed() == (4410, [])
    assert len(running.parloir.live) == 0


async def test_ending_over_http_is_heard_on_the_socket(page: Page) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        await page.post("/widget/sessions/end", {})
        assert await socket.closed() == (4410, [{"type": "ended", "reason": "visitor"}])


async def test_saying_goodbye_ends_it(page: Page) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        await socket.send({"type": "text", "id": "c1", "text": "Goodbye!"})
        code, said = await socket.closed()
        assert code == 4410
        assert [message["seq"] for message in said if is_answer(message)] == [3]
        assert said[-1] == {"type": "ended", "reason": "goodbye"}


async def test_who_may_not_come_in_is_told_by_the_code(page: Page, running: Running) -> None:
    for origin, code in (("https://evil.example", 4403), ("null", 4403), (None, 4403), (SHOP, None)):
        async with page.elsewhere(origin).socket() as socket:
            if code is None:
                assert await greeted(socket)
            else:
                assert await socket.closed() == (code, []), origin
    stranger = running.page()
    stranger.token = running.tenant.public_key
    async with stranger.socket() as socket:
        assert await socket.closed() == (4401, [])


async def test_a_flood_closes_the_socket_and_not_the_conversation(page: Page) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        await asyncio.gather(*(socket.send({"type": "ping"}) for _ in range(FLOOD)), return_exceptions=True)
        code, said = await socket.closed()
        assert code == 1008
        assert len(said) < FLOOD
    async with page.socket() as socket:
        assert await greeted(socket)


async def test_a_stopping_server_asks_to_reconnect_and_the_next_goes_on(application: Application) -> None:
    async with application.running() as before:
        page = before.page()
        await page.open(before.tenant)
        async with page.socket() as socket:
            await greeted(socket)
            await before.parloir.live.close(0)
            assert await socket.closed() == (1012, [])
        async with page.socket() as socket:
            assert await socket.closed() == (1012, [])
    async with application.running() as after:
        back = after.page()
        back.token = page.token
        async with back.socket(since=1) as socket:
            assert await greeted(socket) == [{"type": "state", "state": "listening"}]
            await socket.send({"type": "text", "id": "c1", "text": QUESTION})
            assert (await socket.until(is_answer))[-1]["text"] == OPENING


async def test_a_page_that_stays_keeps_the_lease_and_one_that_left_loses_it(
    page: Page, running: Running, clock: FakeClock
) -> None:
    async with page.socket() as socket:
        await greeted(socket)
        for _ in range(15):
            await clock.advance(10)
            await lease_is_long(running, clock)
        assert (await page.get("/widget/sessions/current")).status_code == 200
    clock.jump(61)
    async with page.socket() as socket:
        assert await socket.closed() == (4410, [])


async def lease_is_long(running: Running, clock: FakeClock) -> None:
    """Wait until the lease was renewed in the last seconds: that takes a moment of real time."""
    async with asyncio.timeout(WAIT_S):
        while True:
            async with running.parloir.database.reading() as session:
                until = await session.scalar(select(WidgetSessionRow.lease_until))
            if until is not None and until - clock.now() > timedelta(seconds=45):
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def hasty(application: Application) -> AsyncIterator[Page]:
    """A server that waits a second for whatever a page should do."""
    async with application.running() as first:
        page = first.page()
        await page.open(first.tenant)
    async with application.running(socket_limits=SocketLimits(1, 1, 1)) as server:
        hasty = server.page()
        hasty.token = page.token
        yield hasty


async def test_no_hello_and_no_word_close_the_socket(hasty: Page) -> None:
    async with Page(hasty.http, hasty.url).socket() as silent:
        assert await silent.closed() == (4408, [])
    async with hasty.socket() as socket:
        code, said = await socket.closed()
        assert code == 4408
        assert is_listening(said[-1])
