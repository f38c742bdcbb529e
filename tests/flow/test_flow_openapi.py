"""The OpenAPI document says what the API does: every route is in it, it is valid, and real answers are as it says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from server.kit.clock import SystemClock
from server.speech.coverage import PRODUCT_LANGUAGES, Serves
from server.speech.engines import SpeechEngines
from server.speech.port import Quality
from server.telephony.providers.virtual import magic
from server.web.documentation import ERROR_CODES
from tests.fixtures.application import Application, NoEmbedder, Running
from tests.fixtures.documented import Documented
from tests.fixtures.webhook_receiver import Receiver, receiving
from tests.flow.test_flow_calls_api import Backend
from tests.unit.speech.speech_fakes import EchoRecognizer, LoudnessVad, ToneVoice

WAIT_S = 30.0
HOOKS = "/api/v1/webhooks"
SERVES = {language: Serves(Quality.GOOD) for language in PRODUCT_LANGUAGES}


async def document_of(running: Running) -> dict[str, Any]:
    answer = await running.http.get(f"{running.url}/openapi.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    same = await running.http.get(f"{running.url}/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
    document: dict[str, Any] = answer.json()
    return document


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [said for methods in document["paths"].values() for said in methods.values()]


async def test_every_route_of_the_api_is_in_the_document_and_nothing_else(sqlite_running: Running) -> None:
    document = await document_of(sqlite_running)
    validate(document)  # type: ignore[arg-type]
    served = {
        (method.lower(), re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in sqlite_running.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    said = {
        (method, re.sub(r"\{[^}]+\}", "{}", path)) for path, methods in document["paths"].items() for method in methods
    }
    assert {each for each in said if each[1].startswith("/api/")} == served
    ids = [each["operationId"] for each in operations(document)]
    assert len(ids) == len(set(ids))


async def test_its_codes_are_documented_with_the_status_they_have(sqlite_running: Running) -> None:
    table = re.findall(r"^\| `(\w+)` \| (\d{3}(?:, \d{3})*) \|", ERROR_CODES.read_text(), re.M)
    meanings = {code: {_on_the_api(int(each)) for each in statuses.split(", ")} for code, statuses in table}
    for operation in operations(await document_of(sqlite_running)):
        for status, response in operation["responses"].items():
            for code in codes(response) if int(status) >= 400 else []:
                assert int(status) in meanings[code], (operation["operationId"], status, code)


def _on_the_api(status: int) -> int:
    return 422 if status == 400 else status


def codes(response: dict[str, Any]) -> list[str]:
    found: list[str] = response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def speaking(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The product on the system's clock: agents really call, and events really go out."""
    ear, voice = EchoRecognizer("ear", SERVES), ToneVoice("tone", SERVES)
    speech = SpeechEngines(vad=LoudnessVad(), embedder=NoEmbedder(), stt=[ear], tts=[voice])
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    async with application.running(speech=speech, egress_networks=("127.0.0.0/8",), egress_allow_http=True) as running:
        calling = running.parloir.calling
        acting = asyncio.gather(calling.outbox.run(), calling.webhooks.dispatcher.run())
        yield running
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


async def test_every_operation_answers_as_the_document_says(speaking: Running, receiver: Receiver) -> None:
    """The client's hook checks each answer; at the end every operation has succeeded once."""
    backend = Backend(speaking)
    hook = (await backend.post(HOOKS, {"url": f"{receiver.url}/hook"})).json()["id"]
    await webhooks(backend, hook)
    await calls(backend)
    await numbers(backend)
    document = await document_of(speaking)
    await as_the_document_says(document, receiver)
    assert (await backend.ask("GET", f"{HOOKS}/{hook}/calls")).json()["calls"]
    assert (await backend.ask("DELETE", f"{HOOKS}/{hook}")).status_code == 200
    asked_for = {each["operationId"] for each in operations(document) if each["security"] != [{}]}
    assert asked_for - speaking.documented.answered == set()


async def webhooks(backend: Backend, hook: int) -> None:
    for path in ("", f"/{hook}"):
        assert (await backend.ask("GET", f"{HOOKS}{path}")).status_code == 200
    assert (await backend.ask("PATCH", f"{HOOKS}/{hook}", {"name": "CRM"})).status_code == 200
    event = (await backend.post(f"{HOOKS}/{hook}/test")).json()["event_id"]
    assert (await backend.post(f"{HOOKS}/{hook}/calls/{event}/replay")).status_code == 200
    assert (await backend.post(f"{HOOKS}/{hook}/rotate_secret")).status_code == 200
    since = backend.running.parloir.clock.now().isoformat()
    assert (await backend.post(f"{HOOKS}/{hook}/recover", {"since": since})).status_code == 200


async def numbers(backend: Backend) -> None:
    path = "/api/v1/relay_numbers"
    assert (await backend.ask("GET", f"{path}/available?country=US&area_code=415")).status_code == 200
    order = {"phone_number": "+14155550123", "forward_to": "+33612345678"}
    mine = f"{path}/{(await backend.post(path, order)).json()['id']}"
    assert (await backend.ask("PATCH", mine, {"relay_enabled": False})).status_code == 200
    for each in (path, mine):
        assert (await backend.ask("GET", each)).status_code == 200
    assert (await backend.ask("DELETE", mine)).status_code == 200


async def calls(backend: Backend) -> None:
    for path in ("whoami", "../whoami", "calls", "calls?only=agents", "agents"):
        assert (await backend.ask("GET", f"/api/v1/{path}")).status_code == 200
    order = {"recipient_phone_number": magic.SPEAKS, "agent_id": backend.running.tenant.agent_id}
    order |= {"enable_recording": True, "enable_transcription": True}
    call = (await backend.post("/api/v1/calls/initiate", order)).json()["phone_call_id"]
    async with asyncio.timeout(WAIT_S):
        while (await backend.ask("GET", f"/api/v1/phone_calls/{call}/transcript")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(1)  # until the agent has greeted; a plan has so many requests a minute
    monitor = {"supervisor_phone": magic.ECHO}
    assert (await backend.post(f"/api/v1/calls/{call}/add_monitor", monitor)).status_code == 200
    for what in ("calls/{}/embed_session", "calls/{}/player_session", "phone_calls/{}/cable_token", "calls/{}/hangup"):
        assert (await backend.post("/api/v1/" + what.format(call))).status_code == 200
    for path in (f"phone_calls/{call}", "phone_calls", "calls"):
        assert (await backend.ask("GET", f"/api/v1/{path}")).status_code == 200


async def as_the_document_says(document: dict[str, Any], receiver: Receiver) -> None:
    """Every event that arrived, up to the end of the call and its log."""
    wanted = {"webhook.test", "phone_call.ringing", "phone_call.started", "phone_call.transcript"}
    wanted |= {"phone_call.completed"}
    arrived = set[str]()
    count = 0
    while wanted - arrived:
        count += 1
        body = json.loads((await receiver.until(count))[-1].body)
        said = document["webhooks"][body["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        schema = {"components": document["components"], **said}
        jsonschema_rs.Draft202012Validator(schema).validate(body)
        arrived.add(body["type"])


async def test_an_answer_that_is_not_as_documented_is_noticed(sqlite_running: Running) -> None:
    documented = Documented(await document_of(sqlite_running))
    documented.check("GET", "/api/v1/agents", 200, "application/json", b'{"agents": []}')
    for status, body in ((200, b'{"agents": [{}]}'), (200, b'{"other": 1}'), (418, b'{"code": "teapot"}')):
        with pytest.raises((AssertionError, jsonschema_rs.ValidationError)):
            documented.check("GET", "/api/v1/agents", status, "application/json", body)
