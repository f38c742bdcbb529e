"""The live transcript, as the document's two clients and the npm clients follow it (P-036, P-100 to P-106)."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ssl import SSLContext, create_default_context
from typing import Any

import pytest
from playwright.async_api import Page
from websockets.asyncio.client import connect

from server.calls.state import Outcome, Step
from tests.contract.phonevoice.conftest import CALL, VISITING, Service, beside
from tests.contract.phonevoice.documented import Deployment, block, environment, fits
from tests.fixtures.site import ROOT
from tests.fixtures.softphones import Sit
from tests.flow.test_flow_cable import Talk

SAID = [("callee", "Hello?"), ("agent", "Good morning."), ("callee", "Who is it?")]
ELSEWHERE = "https://crm.example/call"
HEARD_WITHIN_S = 60
NODE_CLIENT = ROOT / "tests" / "flow" / "cable_client.mjs"
RAILS = """
import {{ createConsumer }} from "@rails/actioncable";
createConsumer("{url}").subscriptions.create({params}, {{ received: (m) => console.log(JSON.stringify(m)) }});
"""
ANYCABLE = """
import {{ createCable }} from "@anycable/web";
createCable("{url}").subscribeTo("CallsChannel", {params}).on("message", (m) => console.log(JSON.stringify(m)));
"""


class Heard:
    """Lines that a client prints, as they come."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Condition()

    async def add(self, line: str) -> None:
        async with self._news:
            self.lines.append(line)
            self._news.notify_all()

    async def until(self, wanted: str) -> None:
        """A line with `wanted` in it was printed."""
        try:
            async with asyncio.timeout(HEARD_WITHIN_S), self._news:
                await self._news.wait_for(lambda: any(wanted in line for line in self.lines))
        except TimeoutError:
            raise AssertionError(f"nobody heard {wanted!r}: {self.lines}") from None


async def talk_of(service: Service) -> tuple[Talk, Deployment]:
    """The call of the document's example, and the deployment with its token filled in."""
    made = await service.bridge()
    assert made["phone_call_id"] == CALL
    return Talk(service.running, CALL, made["cable_token"]), replace(service.at, cable_token=made["cable_token"])


def trusted(at: Deployment) -> SSLContext:
    return create_default_context(cafile=str(at.certificate))


async def follow(talk: Talk, at: Deployment, *everybody: Heard) -> None:
    """Begin the call when every client is there, and end it after they have lived through a ping."""

    async def heard(wanted: str) -> None:
        await asyncio.gather(*(one.until(wanted) for one in everybody))

    await heard("initiated")
    for step in (Step.DIALED, Step.RANG, Step.ANSWERED):
        await talk.happen(step)
    for role, text in SAID[:2]:
        await talk.say(role, text)
    await heard("Good morning.")
    async with (
        connect(f"wss://{at.host}/cable", ssl=trusted(at), proxy=None) as socket,
        asyncio.timeout(HEARD_WITHIN_S),
    ):
        while json.loads(await socket.recv())["type"] != "ping":
            pass
    await talk.say(*SAID[2])
    await talk.happen(Step.ENDED, Outcome.COMPLETED)
    await heard("completed")


@asynccontextmanager
async def printing(command: list[str], at: Deployment) -> AsyncIterator[Heard]:
    """A program that goes on until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT, env=environment(at)
    )
    heard = Heard()

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            await heard.add(line.decode().rstrip())

    reading = asyncio.create_task(read())
    try:
        yield heard
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def on_page(page: Page, script: str) -> Heard:
    """What a page of somebody's own prints with `script` in it."""
    heard, telling = Heard(), set()

    def print_out(text: str) -> None:
        telling.add(task := asyncio.get_running_loop().create_task(heard.add(text)))
        task.add_done_callback(telling.discard)

    page.on("console", lambda message: print_out(message.text))
    page.on("pageerror", lambda error: print_out(f"error: {error}"))
    await page.route(ELSEWHERE, lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    await page.goto(ELSEWHERE)
    await page.add_script_tag(content=script)
    return heard


def bundled(source: str, at: Deployment) -> str:
    params: dict[str, Any] = {"channel": "CallsChannel", "id": CALL, "token": at.cable_token}
    code = source.format(url=f"wss://{at.host}/cable", params=json.dumps(params))
    command = [str(ROOT / "node_modules" / ".bin" / "esbuild"), "--bundle", "--format=iife"]
    done = subprocess.run(command, input=code, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


async def test_the_printed_frames_are_those_on_the_wire(service: Service) -> None:
    talk, at = await talk_of(service)
    url, *lines = at.instead(block("34-cable.txt")).splitlines()
    subscribe, *printed = [json.loads(re.sub(r"(\w+): ", r'"\1": ', line[line.index("{") :])) for line in lines]
    identifier = json.dumps(subscribe | {"token": talk.token})
    await talk.whole()
    seen: list[dict[str, Any]] = []
    async with connect(url, ssl=trusted(at), proxy=None) as socket, asyncio.timeout(HEARD_WITHIN_S):
        await socket.send(json.dumps({"command": "subscribe", "identifier": identifier}))
        while not any(fits(printed[1], one) for one in seen):
            frame = json.loads(await socket.recv())
            if "message" in frame and frame.get("type") != "ping":
                assert frame["identifier"] == identifier
                seen.append(frame["message"])
    assert any(fits(printed[0], one) for one in seen), seen


def is_whole(lines: list[str]) -> bool:
    """Every word once, the end last."""
    told = [json.loads(line) for line in lines if line.startswith("{")]
    words = [one["content"] for one in told if one["type"] == "transcript"]
    return words == [text for _, text in SAID] and told[-1]["status"] == "completed"


async def test_the_printed_python_client_and_the_npm_one_in_node_follow_a_call(service: Service) -> None:
    talk, at = await talk_of(service)
    python = [sys.executable, "-u", "-c", at.instead(block("36-cable.py"))]
    node = ["node", str(NODE_CLIENT), f"wss://{at.host}/cable", str(CALL), talk.token]
    async with printing(python, at) as printed, printing(node, at) as npm:
        await follow(talk, at, printed, npm)
    spoken = [line for line in printed.lines if not line.startswith("status:")]
    assert spoken == ["user : Hello?", "agent : Good morning.", "user : Who is it?"]
    assert (printed.lines[0], printed.lines[-1]) == ("status: initiated", "status: completed")
    assert is_whole(npm.lines), npm.lines


@pytest.mark.browser
async def test_the_printed_browser_client_and_the_npm_ones_in_pages_follow_a_call(service: Service, sit: Sit) -> None:
    talk, at = await talk_of(service)
    first = await sit(**VISITING)
    pages = [first, await beside(first), await beside(first)]
    scripts = [at.instead(block("35-cable.js")), bundled(RAILS, at), bundled(ANYCABLE, at)]
    printed, *npm = [await on_page(page, script) for page, script in zip(pages, scripts, strict=True)]
    await follow(talk, at, printed, *npm)
    spoken = [line for line in printed.lines if not line.startswith("status:")]
    assert spoken == ["user: Hello?", "agent: Good morning.", "user: Who is it?"]
    for client in npm:
        assert is_whole(client.lines), client.lines
