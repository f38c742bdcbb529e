"""An AI agent calls a number over HTTP: it greets, hears, answers, what was said is kept, and a hang-up ends it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from server.kit.clock import SystemClock
from server.media.frame import FRAME_S, Samples
from server.speech.coverage import PRODUCT_LANGUAGES, Serves
from server.speech.engines import SpeechEngines
from server.speech.port import Quality, Transcript
from server.telephony.providers.virtual import magic
from tests.fixtures.application import OPENING, Application, NoEmbedder, Running
from tests.unit.speech.speech_fakes import EchoRecognizer, LoudnessVad, ToneVoice

WAIT_S = 30.0
GREETING = "Hello, this is Shop. How can I help you?"
QUESTION = "When do you open?"
SERVES = {language: Serves(Quality.GOOD) for language in PRODUCT_LANGUAGES}


class Understands(EchoRecognizer):
    """Whatever is said, it is QUESTION."""

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        return Transcript(QUESTION, language or "en", -0.1)


@pytest.fixture
def voice() -> ToneVoice:
    return ToneVoice("tone", SERVES)


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path, voice: ToneVoice) -> AsyncIterator[Running]:
    """The product on the system's clock: sound takes its time."""
    speech = SpeechEngines(vad=LoudnessVad(), embedder=NoEmbedder(), stt=[Understands("ear", SERVES)], tts=[voice])
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    async with application.running(speech=speech) as running:
        acting = asyncio.create_task(running.parloir.calling.outbox.run())
        yield running
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


async def ask(server: Running, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {server.tenant.project_token}"}
    method = "GET" if body is None else "POST"
    answer = await server.http.request(method, f"{server.url}/api/v1{path}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    is_json = answer.headers["Content-Type"].startswith("application/json")
    return answer.json() if is_json else answer.text


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await reached():  # noqa: ASYNC110  # over HTTP nobody tells
            await asyncio.sleep(1)  # a plan has so many requests a minute


async def heard_on(server: Running, seconds: float) -> None:
    """Until so much more sound went through the one room there is: a machine that stalls moves none meanwhile."""
    rooms = server.parloir.calling.live._services.room_clock
    ticks = rooms.pace.ticks + round(seconds / FRAME_S)
    async with asyncio.timeout(WAIT_S):
        while rooms.pace.ticks < ticks:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.05)


async def ordered(server: Running, number: str) -> int:
    order = {"recipient_phone_number": number, "agent_id": server.tenant.agent_id, "language": "en"}
    order |= {"enable_recording": True, "enable_transcription": True, "enable_analysis": True}
    return int((await ask(server, "/calls/initiate", order))["phone_call_id"])


async def test_it_greets_hears_answers_and_is_hung_up(server: Running, voice: ToneVoice) -> None:
    call_id = await ordered(server, magic.SPEAKS)

    async def is_heard_to_answer() -> bool:
        return OPENING in voice.spoken

    await until(is_heard_to_answer)
    assert (await ask(server, f"/phone_calls/{call_id}"))["status"] == "in-progress"
    await heard_on(server, 1.5)  # what of the answer nobody heard would not be kept
    assert (await ask(server, f"/calls/{call_id}/hangup", {}))["call_status"] == "completed"

    async def is_judged() -> bool:
        return (await ask(server, f"/phone_calls/{call_id}"))["analysis"] is not None

    await until(is_judged)
    call = await ask(server, f"/phone_calls/{call_id}")
    assert (call["call_type"], call["direction"], call["to"]) == ("ai", "outbound", magic.SPEAKS)
    assert call["duration"] >= 2
    greeting, question, answer, *_ = call["transcription"].splitlines()
    assert greeting == f"[Agent] {GREETING}"
    assert question == f"[User] {QUESTION}"
    assert answer.startswith("[Agent] We open")
    assert await ask(server, f"/phone_calls/{call_id}/transcript") == call["transcription"]
    sound = await server.http.get(call["recording_url"].replace(server.parloir.settings.origin, server.url))
    assert (sound.status_code, sound.headers["Content-Type"]) == (200, "audio/mpeg")


@pytest.mark.parametrize(("number", "status"), [(magic.BUSY, "busy"), (magic.UNREACHABLE, "failed")])
async def test_an_agent_that_reaches_nobody_says_nothing(
    server: Running, voice: ToneVoice, number: str, status: str
) -> None:
    call_id = await ordered(server, number)

    async def is_over() -> bool:
        return bool((await ask(server, f"/phone_calls/{call_id}"))["status"] == status)

    await until(is_over)
    assert GREETING not in voice.spoken
