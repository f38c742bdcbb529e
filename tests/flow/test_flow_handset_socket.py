"""The handset's socket: junk, floods and strangers end it or are refused; the server and the number live on."""

import contextlib
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.sessions.handsets import HandsetTicket
from server.web.widget_socket import SocketLimits
from tests.fakes.clock import FakeClock
from tests.fixtures.application import WAIT_S, Running, Socket

NUMBER = "+33612345678"
OURS = "+33170000001"
SILENCE_S = SocketLimits().silence_s


async def ticket(running: Running, number: str = NUMBER) -> str:
    issued = HandsetTicket(running.tenant.tenant_id, number, "Test")
    return await running.parloir.calling.handset_tickets.issue(issued)


@asynccontextmanager
async def opened(running: Running) -> AsyncIterator[ClientConnection]:
    url = running.url.replace("http", "ws", 1) + "/handset/socket"
    async with connect(url, proxy=None, close_timeout=WAIT_S) as connection:
        yield connection


@asynccontextmanager
async def handset(running: Running) -> AsyncIterator[Socket]:
    async with opened(running) as connection:
        socket = Socket(connection)
        await socket.send({"type": "hello", "t": await ticket(running)})
        assert (await socket.receive())["type"] == "ready"
        yield socket


async def is_alive(socket: Socket) -> None:
    """It answers a ping; refusals before that are skipped."""
    await socket.send({"type": "ping"})
    await socket.until(lambda message: message == {"type": "pong"})


@pytest.mark.parametrize(
    "hello",
    [
        "",
        "not json",
        "[]",
        "{}",
        json.dumps({"type": "hello"}),
        json.dumps({"type": "hello", "t": 7}),
        json.dumps({"type": "ring", "t": "x"}),
        b"\x00\x01",
        "[" * 5_000,
    ],
)
async def test_what_is_no_hello_is_refused(running: Running, hello: str | bytes) -> None:
    async with opened(running) as connection:
        await connection.send(hello)
        assert (await Socket(connection).closed())[0] == 1008


@pytest.mark.parametrize("wrong", ["", "x", "eyJhbGciOiJub25lIn0.e30.", "ü" * 500])
async def test_a_wrong_ticket_is_refused_by_name(running: Running, wrong: str) -> None:
    async with opened(running) as connection:
        await connection.send(json.dumps({"type": "hello", "t": wrong}))
        assert json.loads(await connection.recv()) == {"type": "error", "code": "session_invalid"}
        assert (await Socket(connection).closed())[0] == 4401


async def test_a_ticket_of_something_else_is_no_handsets(running: Running) -> None:
    page = running.page()
    await page.open(running.tenant)
    async with opened(running) as connection:
        await connection.send(json.dumps({"type": "hello", "t": page.token}))
        assert json.loads(await connection.recv())["code"] == "session_invalid"


async def test_an_expired_ticket_is_said_to_be(running: Running, clock: FakeClock) -> None:
    old = await ticket(running)
    clock.jump(13 * 3_600)
    async with opened(running) as connection:
        await connection.send(json.dumps({"type": "hello", "t": old}))
        assert json.loads(await connection.recv())["code"] == "session_expired"


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "not json",
        "null",
        "[1]",
        "{}",
        '{"type": "answer"}',
        '{"type": "answer", "sdp": 7}',
        '{"type": "dial", "to": "' + OURS + '"}',
        '{"type": "dtmf", "digit": "55"}',
        '{"type": "mute", "on": 1}',
        '{"type": "sms", "id": "", "to": "x", "text": "y"}',
        '{"type": "hello", "t": "again"}',
        b"\xff\xfe",
        b"",
        "[" * 5_000,
        '"' + "x" * 17_000 + '"',
        "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    ],
)
async def test_junk_is_refused_and_the_handset_lives_on(running: Running, junk: str | bytes) -> None:
    async with handset(running) as socket:
        await socket.connection.send(junk)
        assert (await socket.receive()) == {"type": "error", "code": "invalid_message"}
        await is_alive(socket)


async def test_a_thousand_random_bytes_change_nothing(running: Running) -> None:
    chance = random.Random(7)
    async with handset(running) as socket:
        for _ in range(20):
            await socket.connection.send(chance.randbytes(1_000))
            await socket.connection.send(chance.randbytes(1_000).decode("latin-1"))
        refusals = [await socket.receive() for _ in range(40)]
        assert {message["code"] for message in refusals} == {"invalid_message"}
        await is_alive(socket)


async def test_ten_megabytes_end_the_socket_and_not_the_server(running: Running) -> None:
    async with handset(running) as socket:
        with contextlib.suppress(ConnectionClosed):
            await socket.connection.send("x" * 10_000_000)
        code, said = await socket.closed()
        assert code not in (None, 1000)
        assert said == []
    async with handset(running) as again:  # the number is free again
        await is_alive(again)


async def test_a_flood_ends_the_socket(running: Running) -> None:
    async with handset(running) as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(300):
                await socket.send({"type": "ping"})
        assert (await socket.closed())[0] == 1008
    async with handset(running) as again:
        await is_alive(again)


async def test_a_page_that_vanished_without_a_close_frees_its_number(running: Running, clock: FakeClock) -> None:
    async with handset(running) as socket:
        for _ in range(3):
            await clock.advance(SILENCE_S - 1)
            await is_alive(socket)
        await clock.advance(SILENCE_S)
        assert (await socket.closed())[0] == 4408
    async with handset(running) as again:
        await is_alive(again)


async def test_a_second_page_with_the_number_is_told_and_the_first_goes_on(running: Running) -> None:
    async with handset(running) as first:
        async with opened(running) as second:
            await second.send(json.dumps({"type": "hello", "t": await ticket(running)}))
            assert json.loads(await second.recv()) == {"type": "error", "code": "number_taken"}
        await is_alive(first)


async def test_what_cannot_be_dialled_or_sent_is_told(running: Running) -> None:
    messages: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"type": "dial", "to": "12", "sdp": "v=0"}, {"type": "error", "code": "invalid_phone_number"}),
        ({"type": "dial", "to": OURS, "sdp": "v=0"}, {"type": "error", "code": "invalid_sdp"}),
        (
            {"type": "sms", "id": "a", "to": OURS, "text": "Hello"},
            {"type": "sms_failed", "id": "a", "code": "unknown_phone_number"},
        ),
    ]
    async with handset(running) as socket:
        for message, answer in messages:
            await socket.send(message)
            assert await socket.receive() == answer
