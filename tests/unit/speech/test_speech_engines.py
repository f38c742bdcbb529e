"""SpeechEngines: what is ready is used, what is missing is named, and a full or broken engine is passed over."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from speech_fakes import EchoRecognizer, LetterEmbedder, LoudnessVad, ToneVoice

from server.speech.coverage import EngineState, Part, Serves
from server.speech.engines import SpeechEngines
from server.speech.port import Quality, SpeechFailed
from server.speech.streams import closing

GOOD = {"en": Serves(Quality.GOOD), "fr": Serves(Quality.FAIR, "some words wrong")}
EVERY = {language: Serves(Quality.POOR, "robotic") for language in ("en", "fr", "ar", "ary")}
SOUND = np.zeros(1600, dtype=np.int16)


class Speech:
    """Two of each engine, `fine` before `plain`."""

    def __init__(self, fine_loads: bool = True, ear_works: bool = True, broken_at: int | None = None) -> None:
        self.fine_ear = EchoRecognizer("fine-ear", GOOD, works=ear_works, loads=fine_loads)
        self.plain_ear = EchoRecognizer("plain-ear", EVERY)
        missing = None if fine_loads else SpeechFailed("fine-voice is not installed; install it with: pip install it")
        self.fine_voice = ToneVoice("fine-voice", GOOD, broken_at, missing)
        self.plain_voice = ToneVoice("plain-voice", EVERY)
        self.engines = SpeechEngines(
            vad=LoudnessVad(),
            embedder=LetterEmbedder(),
            stt=(self.fine_ear, self.plain_ear),
            tts=(self.fine_voice, self.plain_voice),
            speaking_limits={"fine-voice": 1},
        )


@pytest.fixture
async def speech(request: pytest.FixtureRequest) -> AsyncIterator[Speech]:
    made = Speech(**getattr(request, "param", {}))
    await made.engines.warmed(60)
    yield made
    await made.engines.close()


def with_speech(**how: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("speech", [how], indirect=True)


async def who_speaks(speech: Speech, text: str, language: str = "en") -> list[str]:
    voice, told = speech.engines.tts_for(language), list[str]()
    assert voice is not None
    async for _piece in voice.synthesize(text, language, None, told.append):
        pass
    return told


async def test_nothing_is_ready_before_it_is_loaded() -> None:
    engines = Speech().engines
    assert {status.state for status in engines.states} == {EngineState.WAITING}
    assert (engines.voice_ready("en"), engines.stt_for("en"), engines.tts_for("en")) == (False, None, None)
    with pytest.raises(SpeechFailed, match="not loaded"):
        engines.new_vad()
    await engines.close()


async def test_everything_is_ready_after_loading(speech: Speech) -> None:
    assert [status.part for status in speech.engines.states] == [
        Part.VAD,
        Part.EMBEDDER,
        Part.STT,
        Part.STT,
        Part.TTS,
        Part.TTS,
    ]
    assert {status.state for status in speech.engines.states} == {EngineState.READY}
    assert speech.engines.search_ready()
    assert speech.engines.new_vad().probability(np.full(512, 9000, dtype=np.int16)) == 1


@pytest.mark.parametrize(("language", "ready"), [("en", True), ("en-GB", True), ("ary", True), ("de", False)])
async def test_voice_needs_an_ear_and_a_mouth(speech: Speech, language: str, ready: bool) -> None:
    assert speech.engines.voice_ready(language) is ready


async def test_the_first_that_serves_a_language_is_used(speech: Speech) -> None:
    ear, arabic_ear = speech.engines.stt_for("fr"), speech.engines.stt_for("ar")
    assert ear is not None
    assert arabic_ear is not None
    assert (await ear.transcribe(SOUND, "fr")).text == "fine-ear heard 1600"
    assert (await arabic_ear.transcribe(SOUND, "ar")).text == "plain-ear heard 1600"
    assert (await who_speaks(speech, "hi"), await who_speaks(speech, "hi", "ar")) == (["fine-voice"], ["plain-voice"])


@with_speech(fine_loads=False)
async def test_a_missing_engine_is_named_and_the_next_one_used(speech: Speech) -> None:
    missing = {status.engine: status.reason for status in speech.engines.states if status.state is EngineState.MISSING}
    assert set(missing) == {"fine-ear", "fine-voice"}
    assert "pip install it" in missing["fine-voice"]
    assert await who_speaks(speech, "hello") == ["plain-voice"]
    rows = {(row.language, row.engine): row for row in speech.engines.coverage(["en"])}
    assert "pip install it" in rows["en", "fine-voice"].note
    assert [row.engine for row in rows.values() if row.used] == ["plain-ear", "plain-voice"]


async def test_coverage_says_who_serves_what_how_well(speech: Speech) -> None:
    rows = {(row.language, row.engine): row for row in speech.engines.coverage()}
    assert len(rows) == 5 * 4
    assert (rows["fr", "fine-ear"].quality, rows["fr", "fine-ear"].note) == (Quality.FAIR, "some words wrong")
    assert (rows["ar", "fine-ear"].quality, rows["ar", "fine-ear"].used) == (Quality.NONE, False)
    assert rows["ar", "plain-ear"].used
    assert not any(row.used for row in rows.values() if row.language == "es")


@with_speech(ear_works=False)
async def test_a_recogniser_that_fails_is_passed_over(speech: Speech) -> None:
    ear = speech.engines.stt_for("en")
    assert ear is not None
    assert (await ear.transcribe(SOUND, "en")).text == "plain-ear heard 1600"


@with_speech(broken_at=0)
async def test_a_voice_that_fails_before_its_first_sound_is_passed_over(speech: Speech) -> None:
    assert await who_speaks(speech, "hello you") == ["plain-voice"]


@with_speech(broken_at=1)
async def test_a_voice_that_fails_inside_a_sentence_is_not_started_again_by_another(speech: Speech) -> None:
    with pytest.raises(SpeechFailed, match="fine-voice broke"):
        await who_speaks(speech, "hello you")
    assert speech.plain_voice.spoken == []


async def test_a_full_voice_sends_the_next_caller_to_another_until_it_is_free(speech: Speech) -> None:
    voice = speech.engines.tts_for("en")
    assert voice is not None
    async with closing(voice.synthesize("one two three", "en", None)) as pieces:
        await anext(pieces)
        assert await who_speaks(speech, "second caller", "en") == ["plain-voice"]
        assert await who_speaks(speech, "third caller", "fr") == ["plain-voice"]  # one limit for all languages
    assert await who_speaks(speech, "fourth caller") == ["fine-voice"]


async def test_what_is_prepared_plays_at_once_even_when_the_voice_is_full(speech: Speech) -> None:
    voice = speech.engines.tts_for("en")
    assert voice is not None
    assert await voice.prepare(["we open at nine"], "en", None) == 1
    assert voice.is_cached("we open at nine", "en", None)
    async with closing(voice.synthesize("one two", "en", None)) as pieces:
        await anext(pieces)
        assert await who_speaks(speech, "we open at nine") == ["cached"]


async def test_nothing_is_left_after_closing(speech: Speech) -> None:
    await speech.engines.close()
    await speech.engines.close()
    assert speech.fine_voice.is_closed
    assert speech.engines.tts_for("en") is None
    assert not [task for task in asyncio.all_tasks() if "speech/" in task.get_name()]
