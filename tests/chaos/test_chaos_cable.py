"""/cable while its server dies, and under junk: nothing is missed or told twice, and nobody hears another's call."""

import asyncio
import contextlib
import json
import random
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.chaos.conftest import Force
from tests.chaos.storm import Storm, storm

pytestmark = pytest.mark.timeout(1_200)
CLIENT = Path(__file__).parents[1] / "flow" / "cable_client.mjs"
BACK_TIMEOUT_S = 60  # the npm client looks every 6 to 12 s whether it is still connected
SOCKETS = 10
FRAMES_PER_S = 80  # a socket; more than 100 close it
MORE_MEMORY_MB = 40


def reading(url: str) -> connect:
    """A connection that takes whatever comes, at once: the client of these tests is never the slow one."""
    return connect(url, proxy=None, max_queue=None)


async def say(weather: Storm, call_id: int, words: range) -> None:
    for number in words:
        said = {"role": "callee", "text": f"word {number}", "t0_ms": number * 1_000, "t1_ms": number * 1_000 + 900}
        await weather.store.note(call_id, "transcript.segment", said)


async def test_the_npm_client_misses_nothing_when_the_server_is_killed_in_mid_call(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with storm(tmp_path, sqlite_url) as weather:
        begun = await weather.call()
        call_id = begun["phone_call_id"]
        client = await asyncio.create_subprocess_exec(
            *("node", CLIENT, weather.cable_url, str(call_id), begun["cable_token"]),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert client.stdout is not None
        lines: list[str] = []
        await say(weather, call_id, range(10))
        async with asyncio.timeout(BACK_TIMEOUT_S):
            while not lines or "word 9" not in lines[-1]:
                lines.append((await client.stdout.readline()).decode().strip())
        await weather.kill()
        await say(weather, call_id, range(10, 15))  # what another process still wrote
        await weather.start()
        async with asyncio.timeout(BACK_TIMEOUT_S):
            rest, _ = await client.communicate()
    lines += rest.decode().splitlines()
    assert client.returncode == 0, lines
    assert "again" in lines
    told = [json.loads(line) for line in lines if line.startswith("{")]
    words = {one["seq"]: one["content"] for one in told if one["type"] == "transcript"}
    assert sorted(words.values(), key=lambda text: int(text.split()[1])) == [f"word {number}" for number in range(15)]
    assert told[-1]["status"] == "error"


def junk(chance: random.Random, identifiers: list[str]) -> str | bytes:
    """Frames as no client would send them, and as a wicked one would."""
    identifier = chance.choice(identifiers)
    command = chance.choice(["subscribe", "unsubscribe", "message", "ping", "", None, 7])
    match chance.randrange(6):
        case 0:
            return chance.randbytes(chance.randrange(200))
        case 1:
            return "".join(chr(chance.randrange(32, 0xD7FF)) for _ in range(chance.randrange(300)))
        case 2:
            return "[" * chance.randrange(2_000)
        case 3:
            return json.dumps({"command": command, "identifier": {"channel": "CallsChannel"}})
        case 4:
            return json.dumps({"command": command, "identifier": identifier[: chance.randrange(len(identifier))]})
        case _:
            return json.dumps({"command": command, "identifier": identifier, "data": "x" * chance.randrange(5_000)})


async def pester(url: str, frames: int, chance: random.Random, identifiers: list[str]) -> list[str]:
    """Send at the pace that is allowed; everything that came back.

    A busy machine may deliver two seconds' frames in one, and that closes the socket: whoever pesters opens another.
    """
    sent, said = 0, []
    while sent < frames:
        async with reading(url) as socket:
            with contextlib.suppress(ConnectionClosed):
                while sent < frames:
                    await socket.send(junk(chance, identifiers))
                    sent += 1
                    if sent % FRAMES_PER_S == 0:
                        await asyncio.sleep(1.1)  # the limit is by the second
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(2):
                    while True:
                        said.append(str(await socket.recv()))
    return said


async def test_junk_on_many_sockets_leaves_the_server_and_a_call_in_peace(
    sqlite_url: str, tmp_path: Path, force: Force
) -> None:
    """Those who pester know the call's id, and not its token."""
    async with storm(tmp_path, sqlite_url) as weather:
        begun = await weather.call()
        follower = json.dumps({"channel": "CallsChannel", "id": begun["phone_call_id"], "token": begun["cable_token"]})
        # With only a few signs changed, one token in 256 would be itself.
        forged = begun["cable_token"][:-8] + "AAAAAAAA"
        stolen = [
            json.dumps({"channel": channel, "id": begun["phone_call_id"], "token": token})
            for channel in ("CallsChannel", "ProjectCallsChannel")
            for token in ("", "x.y.z", forged)
        ]
        async with reading(weather.cable_url) as listening:
            await listening.send(json.dumps({"command": "subscribe", "identifier": follower}))
            before = weather.memory_mb()
            url, frames = weather.cable_url, force.frames // SOCKETS
            came = await asyncio.gather(
                *(pester(url, frames, random.Random(place), stolen) for place in range(SOCKETS)),
                say(weather, begun["phone_call_id"], range(5)),
            )
            async with asyncio.timeout(BACK_TIMEOUT_S):
                while "word 4" not in str(await listening.recv()):
                    pass
        assert weather.memory_mb() - before < MORE_MEMORY_MB
    for said in came[:-1]:
        assert said
        kinds = {json.loads(frame).get("type") for frame in said}
        assert kinds <= {"welcome", "ping", "reject_subscription"}
        assert not any("word " in frame for frame in said)
