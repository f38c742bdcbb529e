"""The softphone's socket over HTTP: who may hold it, what takes its place, and that its end ends the call."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from server.kit.clock import SystemClock
from server.telephony.providers.virtual import magic
from tests.fakes.browser_page import Page
from tests.fixtures.application import Application, Running
from tests.fixtures.application import Page as Holder
from tests.flow.test_flow_calls_whole import api, softphone

WAIT_S = 60.0
READY = {"type": "ready"}
PATIENCE_S = 600


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """On the system's clock; it waits ten minutes for a softphone whose connection is lost."""
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    async with application.running(call_resume_s=PATIENCE_S) as running:
        yield running


@dataclass
class Agent:
    """A connected softphone without a browser, and who may hold its socket."""

    call_id: int
    page: Page
    holder: Holder


@pytest.fixture
async def agent(server: Running) -> AsyncIterator[Agent]:
    wish = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": magic.ECHO}
    call_id = (await api(server, "/calls/initiate", wish | {"enable_transcription": False}))["phone_call_id"]
    page, holder = Page(700), server.page()
    headers = await softphone(server, call_id, page)
    holder.token = headers["Authorization"].removeprefix("Bearer ")
    async with asyncio.timeout(WAIT_S):
        await page.is_open.wait()
    yield Agent(call_id, page, holder)
    await page.close()


async def test_a_socket_that_ends_while_its_page_is_not_heard_ends_the_call(server: Running, agent: Agent) -> None:
    live = server.parloir.calling.live.present(agent.call_id)
    assert live is not None

    def is_connected() -> bool:
        return [one["state"] for one in live.body_for(None)["participants"] if one["role"] == "agent"] == ["joined"]

    async with agent.holder.socket(path="/embed/socket") as first:
        assert await first.receive() == READY
        async with agent.holder.socket(path="/embed/socket") as second:
            assert await second.receive() == READY
        assert await first.closed() == (4409, [])
    async with agent.holder.socket(path="/embed/socket") as socket:
        assert await socket.receive() == READY
        await agent.page.close()  # in due form; but the page is there, and about to connect anew
        async with asyncio.timeout(WAIT_S):
            while is_connected():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert not live.ended.is_set()
        socket.connection.transport.abort()  # as a system does for a process that was killed
        async with asyncio.timeout(WAIT_S):
            await live.ended.wait()
    assert live.call.position.reason == "agent_left"
    async with agent.holder.socket(path="/embed/socket") as late:
        assert (await late.closed())[0] == 4410


@pytest.mark.parametrize("token", ["", "junk"])
async def test_nobody_holds_a_socket_without_a_session(server: Running, token: str) -> None:
    stranger = server.page()
    stranger.token = token
    async with stranger.socket(path="/embed/socket") as socket:
        assert await socket.closed() == (4401, [])


async def test_a_socket_that_says_too_much_is_closed(agent: Agent) -> None:
    async with agent.holder.socket(path="/embed/socket") as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(100):
                await socket.send({"type": "ping"})
        assert (await socket.closed())[0] == 1008
