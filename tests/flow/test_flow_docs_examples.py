"""Every example of /docs is run as it stands: only host, token and ids are put in, in one place."""

import asyncio
import hmac
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from server.kit.clock import SystemClock
from server.speech.coverage import PRODUCT_LANGUAGES, Serves
from server.speech.engines import SpeechEngines
from server.speech.port import Quality
from server.telephony.providers.virtual import magic
from server.tenants.service import NewTenant
from server.web.docs.content import EXAMPLE_ORIGIN, GROUPS
from server.web.docs.samples import TOKEN
from server.web.documentation import SITE
from tests.fixtures.application import Application, NoEmbedder, Running
from tests.flow.test_flow_calls_api import Backend
from tests.unit.speech.speech_fakes import EchoRecognizer, LoudnessVad, ToneVoice

WAIT_S = 30.0
pytestmark = pytest.mark.timeout(600)  # programs start by the dozen
SERVES = {language: Serves(Quality.GOOD) for language in PRODUCT_LANGUAGES}
FENCE = re.compile(r"^```(\w+)[ \t]*([^\n]*)\n(.*?)^```$", re.M | re.S)
SLUGS = [slug for slugs in GROUPS.values() for slug in slugs]
READ = {"text"}  # commands of the server's own machine: the documents test knows every one of them
IN_A_BROWSER = {"html"}  # tests/browser/test_docs_pages.py
RUN = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "js": ["node", "--input-type=module", "-e"],
    "python": [sys.executable, "-c"],
    "ruby": ["ruby", "-e"],
}
SHOWN = r'<div class="code" data-name="{}">.*?<code>(.*?)</code>'
LAST = ("hangup", "DELETE", ".delete(")  # of what the others need
EXPECTED = {  # nobody was mailed the code of the example, and its address asks for an account too often
    *((f"POST /api/{path}confirm", 422) for path in ("", "v1/")),
    *((f"POST /api/{path}signup", 429) for path in ("", "v1/")),
}
QUIET_CURL = 'curl() { command curl -sS "$@"; }'
SECRET, BODY = "whsec_c2VjcmV0IG9mIHRoaXJ0eS10aHJlZSBieXRlcyBsb25n", '{"id": "evt_1"}'


@dataclass(frozen=True)
class Block:
    language: str
    name: str
    source: str


def blocks(slug: str) -> list[Block]:
    """Of a page; test_flow_docs.py compares the languages."""
    text = (SITE / "en" / f"{slug}.md").read_text()
    return [Block(match[1], match[2].strip(), match[3]) for match in FENCE.finditer(text)]


@dataclass
class World:
    """A server with something of everything, and what every answer's status was."""

    running: Running
    backend: Backend
    tenant: NewTenant
    known: dict[str, str] = field(default_factory=dict)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def put_in(self, source: str) -> str:
        """THE place where the examples' words become those of this server: all at once, as a token may hold an id."""
        words = "|".join(map(re.escape, sorted(self.known, key=len, reverse=True)))
        return re.sub(words, lambda word: self.known[word[0]], source)

    async def call(self, is_talking: bool = False) -> None:
        """A fresh call behind the examples' id, in the place of the one before."""
        if "90210" in self.known:
            await self.backend.post(f"/api/v1/calls/{self.known['90210']}/hangup")
        order: dict[str, Any] = {"agent_id": self.tenant.agent_id, "recipient_phone_number": magic.SPEAKS}
        order["enable_transcription"] = True
        bridge = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": magic.SPEAKS}
        answer = (await self.backend.post("/api/v1/calls/initiate", order if is_talking else bridge)).json()
        self.known |= {"90210": str(answer["phone_call_id"]), "CABLE_TOKEN": answer["cable_token"]}
        async with asyncio.timeout(WAIT_S):
            while is_talking and not await self._has_words():  # noqa: ASYNC110  # nobody tells over HTTP
                await asyncio.sleep(0.2)

    async def _has_words(self) -> bool:
        words = await self.backend.ask("GET", f"/api/v1/phone_calls/{self.known['90210']}/transcript")
        return words.status_code == 200


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """On the system's clock: agents really call, and the token's plan lets every example ask."""
    ear, voice = EchoRecognizer("ear", SERVES), ToneVoice("tone", SERVES)
    speech = SpeechEngines(vad=LoudnessVad(), embedder=NoEmbedder(), stt=[ear], tts=[voice])
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    async with application.running(speech=speech) as running:
        calling = running.parloir.calling
        acting = asyncio.gather(calling.outbox.run(), calling.webhooks.dispatcher.run())
        tenant = await running.parloir.tenants.create("Docs", [], plan="enterprise", language="en")
        made = World(running, Backend(running, tenant.project_token), tenant)
        watch(made)
        await furnish(made)
        yield made
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


def watch(world: World) -> None:
    """Remember the status of every answer of the API."""
    inner: Callable[..., Awaitable[None]] = world.running.app.asgi_app

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                world.statuses.append((f"{scope['method']} {scope['path']}", message["status"]))
            await send(message)

        await inner(scope, receive, sent)

    world.running.app.asgi_app = asgi  # type: ignore[method-assign]


async def furnish(world: World) -> None:
    running, post = world.running, world.backend.post
    hook = (await post("/api/v1/webhooks", {"url": "https://example.com/hooks"})).json()["id"]
    event = (await post(f"/api/v1/webhooks/{hook}/test")).json()["event_id"]
    bought = {"phone_number": "+14155550123", "forward_to": "+33612345678", "country": "US"}
    number = (await post("/api/v1/relay_numbers", bought)).json()["id"]
    (agent,) = (await world.backend.ask("GET", "/api/v1/agents")).json()["agents"]
    world.known |= {
        EXAMPLE_ORIGIN: running.url,
        EXAMPLE_ORIGIN.replace("http", "ws", 1): running.url.replace("http", "ws", 1),
        TOKEN: world.tenant.project_token,
        "1533": str(agent["id"]),
        "webhooks/35": f"webhooks/{hook}",
        "relay_numbers/123": f"relay_numbers/{number}",
        "evt_1/": f"{event}/",
        "2026-06-04T00:00:00Z": running.parloir.clock.now().isoformat(),
    }


async def run(language: str, source: str) -> str:
    """What it printed. It has to end well."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_PROXY": "*"}
    command = RUN[language]
    if language == "js" and "require(" in source:
        command = ["node", "-e"]
    done = await asyncio.to_thread(
        subprocess.run, [*command, source], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, f"{source}\n{done.stdout}\n{done.stderr}"
    return done.stdout


async def test_every_example_of_the_guides_works(world: World) -> None:
    """Page by page; what a page has in one language is one program, in its order."""
    document = (await world.running.http.get(f"{world.running.url}/openapi.json")).json()
    ran = 0
    for slug in SLUGS:
        await world.call(is_talking=slug == "calls")
        programs: dict[str, list[str]] = {}
        for block in blocks(slug):
            if block.language == "json":
                as_described(document, block)
            elif re.search(r"(def|function) verify", block.source):
                await verifies(block)
            elif "create_connection" in block.source:
                await follows(world, block)
            elif block.language in RUN:
                programs.setdefault(block.language, []).append(block.source)
            else:
                assert block.language in READ | IN_A_BROWSER, block
        for language, sources in programs.items():
            await works(world, language, sources)
            ran += len(sources)
    assert ran > 25


async def test_every_example_of_the_reference_works(world: World) -> None:
    """Each language's examples, one program of them all, about things that are there."""
    front = (await world.running.http.get(f"{world.running.url}/docs/en/")).text
    pages = sorted(set(re.findall(r'href="(/docs/en/api/[^"#]+)"', front)) - {"/docs/en/api/events"})
    for language, name in (("sh", "curl"), ("js", "Node"), ("python", "Python")):
        await furnish(world)
        await world.call(is_talking=True)
        sources = []
        for page in pages:
            html = (await world.running.http.get(f"{world.running.url}{page}")).text
            sources += [unescape(re.sub(r"<[^>]+>", "", each)) for each in re.findall(SHOWN.format(name), html, re.S)]
        sources.sort(key=lambda source: any(word in source for word in LAST))
        await works(world, language, sources, EXPECTED)
        assert len(world.statuses) == len(sources) > 20


async def works(world: World, language: str, sources: list[str], expected: Collection[tuple[str, int]] = ()) -> None:
    """All of `sources` as one program; the server answered each of its requests well."""
    world.statuses.clear()
    parts = [f"{{\n{each}\n}}" if language == "js" else each for each in sources]
    await run(language, world.put_in("\n".join([QUIET_CURL, *parts] if language == "sh" else parts)))
    assert world.statuses, sources
    assert [each for each in world.statuses if each[1] >= 300 and each not in expected] == [], language


async def follows(world: World, block: Block) -> None:
    """It hears how the call ended: whoever comes late is told where the call stands."""
    await world.backend.post(f"/api/v1/calls/{world.known['90210']}/hangup")
    store = world.running.parloir.calling.cable.store
    async with asyncio.timeout(WAIT_S):
        while not (await store.by_id(int(world.known["90210"]))).is_over:  # noqa: ASYNC110  # the answer is quicker
            await asyncio.sleep(0.02)
    assert "status: canceled" in await run(block.language, world.put_in(block.source))


def as_described(document: dict[str, Any], block: Block) -> None:
    """JSON is what the document says of the schema it is named after; of the answer of a call if of none."""
    schema = {"components": document["components"], "$ref": f"#/components/schemas/{block.name or 'Started'}"}
    jsonschema_rs.Draft202012Validator(schema).validate(json.loads(block.source))


async def verifies(block: Block) -> None:
    """It takes what we sign, and nothing that was changed or is old."""
    now = int(time.time())
    asked = {"true": [signed(now, BODY), BODY], "changed": [signed(now, BODY), BODY + " "]}
    asked["old"] = [signed(now - 3_600, BODY), BODY]
    said = {
        "js": "console.log({asked}.map(([header, body]) => verify(body, header, {secret})).join(' '))",
        "python": "print(*[verify(body.encode(), header, {secret}) for header, body in {asked}])",
        "ruby": "puts {asked}.map {{ |header, body| verify(body, header, {secret}) }}.join(' ')",
    }[block.language]
    asking = said.format(asked=json.dumps(list(asked.values())), secret=json.dumps(SECRET))
    printed = await run(block.language, f"{block.source}\n{asking}\n")
    assert printed.lower().split() == ["true", "false", "false"], printed


def signed(at: int, body: str) -> str:
    return f"t={at},v1={hmac.new(SECRET.encode(), f'{at}.{body}'.encode(), 'sha256').hexdigest()}"
