"""/cable beyond what its clients show, who are in tests/contract/phonevoice: what a socket may and may not do."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.calls.state import Happening, Outcome, Step
from server.web.cable import QUEUE_MAX
from tests.fixtures.application import WAIT_S, Application, Running, refusal
from tests.flow.test_flow_calls_api import Backend

HERE = Path(__file__).parent
PROTOCOLS = ["actioncable-v1-json", "actioncable-unsupported"]
SAID = [("callee", "Hello?"), ("agent", "Good morning."), ("callee", "Who is it?")]


@dataclass
class Talk:
    """A call whose log is written by hand, and its token."""

    running: Running
    id: int
    token: str

    @property
    def identifier(self) -> str:
        return json.dumps({"channel": "CallsChannel", "id": self.id, "token": self.token})

    @property
    def url(self) -> str:
        return self.running.url.replace("http", "ws", 1) + "/cable"

    async def happen(self, step: Step, outcome: Outcome | None = None) -> None:
        await self.running.parloir.calling.cable.store.apply(self.id, Happening(step, outcome))

    async def say(self, role: str, text: str) -> None:
        words = {"role": role, "text": text, "t0_ms": 0, "t1_ms": 900}
        await self.running.parloir.calling.cable.store.note(self.id, "transcript.segment", words)

    async def whole(self) -> None:
        """From answered to completed, with everything that is said."""
        for step in (Step.DIALED, Step.RANG, Step.ANSWERED):
            await self.happen(step)
        for role, text in SAID:
            await self.say(role, text)
        await self.happen(Step.ENDED, Outcome.COMPLETED)


@pytest.fixture
async def talk(sqlite_running: Running) -> Talk:
    return await talk_of(sqlite_running)


async def talk_of(running: Running) -> Talk:
    answer = await Backend(running).post("/api/v1/calls/initiate", ORDER)
    return Talk(running, answer.json()["phone_call_id"], answer.json()["cable_token"])


ORDER = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": "+33612345678"}


async def received(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_S):
        told: dict[str, Any] = json.loads(await socket.recv())
        return told


async def frame(socket: ClientConnection) -> dict[str, Any]:
    """The next one that is no ping: these come by the clock, whatever else is said."""
    while (told := await received(socket)).get("type") == "ping":
        pass
    return told


async def closed(socket: ClientConnection) -> bool:
    """Read until the server closes."""
    try:
        while True:
            await frame(socket)
    except ConnectionClosed:
        return True


async def subscribe(socket: ClientConnection, identifier: str) -> None:
    await socket.send(json.dumps({"command": "subscribe", "identifier": identifier}))


async def spoken_by(*command: str) -> tuple[int | None, list[str]]:
    """Exit code and lines of a client."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=HERE
    )
    async with asyncio.timeout(WAIT_S):
        said, _ = await process.communicate()
    return process.returncode, said.decode().splitlines()


async def test_the_npm_client_is_told_when_its_token_is_wrong(talk: Talk) -> None:
    code, lines = await spoken_by("node", str(HERE / "cable_client.mjs"), talk.url, str(talk.id), talk.token + "x")
    assert (code, lines) == (3, ["rejected"])


@pytest.mark.parametrize(
    ("offered", "chosen", "ping"),
    [
        (None, None, {"type"}),
        (PROTOCOLS, "actioncable-v1-json", {"type", "message"}),
        (["something-else"], None, {"type"}),
    ],
)
async def test_the_protocol_is_echoed_and_the_ping_fits_the_client(
    talk: Talk, offered: list[str] | None, chosen: str | None, ping: set[str]
) -> None:
    async with connect(talk.url, subprotocols=offered, proxy=None) as socket:  # type: ignore[arg-type]
        assert socket.subprotocol == chosen
        assert await frame(socket) == {"type": "welcome"}
        beat = await received(socket)
        assert (beat["type"], set(beat)) == ("ping", ping)
        assert isinstance(beat.get("message", 0), int)


async def test_frames_before_the_welcome_count(talk: Talk) -> None:
    async with connect(talk.url, proxy=None) as socket:
        await subscribe(socket, talk.identifier)
        kinds = [(await frame(socket)).get("type") for _ in range(3)]
        assert kinds == ["welcome", "confirm_subscription", None]


async def test_a_page_of_another_site_needs_to_be_listed_by_a_tenant_that_lists_any(talk: Talk) -> None:
    for origin, answer in (
        ("https://shop.example", "confirm_subscription"),
        ("https://evil.example", "reject_subscription"),
    ):
        async with connect(talk.url, origin=origin, proxy=None) as socket:  # type: ignore[arg-type]
            await subscribe(socket, talk.identifier)
            assert [(await frame(socket))["type"] for _ in range(2)] == ["welcome", answer]


async def test_a_deployment_may_close_the_door_to_unknown_sites(application: Application) -> None:
    async with application.running(cable_open_origins=False) as running:
        talk = await talk_of(running)
        with pytest.raises(InvalidStatus) as refused:
            await connect(talk.url, origin="https://evil.example", proxy=None)  # type: ignore[arg-type]
        assert refused.value.response.status_code == 404
        async with connect(talk.url, origin="https://shop.example", proxy=None) as socket:  # type: ignore[arg-type]
            assert await frame(socket) == {"type": "welcome"}


@pytest.mark.parametrize("empty", [b"", ""])
async def test_an_empty_frame_is_ignored(talk: Talk, empty: str | bytes) -> None:
    async with connect(talk.url, proxy=None) as socket:
        await socket.send(empty)
        await subscribe(socket, talk.identifier)
        assert [(await frame(socket))["type"] for _ in range(2)] == ["welcome", "confirm_subscription"]


async def test_who_comes_late_to_a_long_call_gets_all_of_it(talk: Talk) -> None:
    count = QUEUE_MAX + 20
    for number in range(count):
        await talk.say("callee", f"word {number}")
    async with connect(talk.url, proxy=None) as socket:
        await subscribe(socket, talk.identifier)
        told: list[str] = []
        while len(told) < count:
            message = (await frame(socket)).get("message", {})
            told += [message["content"]] if isinstance(message, dict) and message.get("type") == "transcript" else []
    assert told == [f"word {number}" for number in range(count)]


async def test_what_is_too_much_closes_the_socket(talk: Talk) -> None:
    async with connect(talk.url, proxy=None) as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(300):
                await socket.send("{}")
        assert await closed(socket)
    async with connect(talk.url, proxy=None) as socket:
        with contextlib.suppress(ConnectionClosed):
            await socket.send("x" * 200_000)
        assert await closed(socket)
    async with connect(talk.url, proxy=None) as socket:
        assert await frame(socket) == {"type": "welcome"}


async def test_a_new_token_for_a_call_is_had_by_its_owner_only(talk: Talk) -> None:
    backend = Backend(talk.running)
    path = f"/api/v1/phone_calls/{talk.id}/cable_token"
    token = (await backend.post(path)).json()["cable_token"]
    async with connect(talk.url, proxy=None) as socket:
        await subscribe(socket, json.dumps({"channel": "CallsChannel", "id": talk.id, "token": token}))
        assert [(await frame(socket))["type"] for _ in range(2)] == ["welcome", "confirm_subscription"]
    other = await talk.running.parloir.tenants.create("Other", [])
    assert refusal(await Backend(talk.running, other.project_token).post(path)) == (403, "foreign_call")


async def test_a_server_that_stops_says_goodbye_first(talk: Talk) -> None:
    async with connect(talk.url, proxy=None) as socket:
        assert await frame(socket) == {"type": "welcome"}
        talk.running.parloir.calling.cable.connections.restart()
        assert await frame(socket) == {"type": "disconnect", "reason": "server_restart", "reconnect": True}
        with pytest.raises(ConnectionClosed) as closed:
            await frame(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
