"""The real engines: what Kokoro says Whisper understands, people are understood, noise is not taken for words."""

import asyncio
import wave
from collections.abc import Iterator

import numpy as np
import pytest

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.coverage import EngineState
from server.speech.engines import SpeechEngines
from server.speech.port import VAD_WINDOW_SAMPLES, SpeechFailed, Transcript
from server.speech.providers import offline_engines
from tests.fixtures.speech.prompts import can_fetch, folded, human_prompts, word_errors
from tests.fixtures.speech.questions import CACHE, question, question_wav

pytestmark = [pytest.mark.speech, pytest.mark.timeout(300)]

LONG_ANSWER = "Hello! Delivery is free from fifty euros, and it takes two or three working days. Anything else?"


@pytest.fixture(scope="module")
def engines() -> Iterator[SpeechEngines]:
    engines = offline_engines(CACHE, first_sound_s=60)
    asyncio.run(engines.warmed(240))
    yield engines
    asyncio.run(engines.close())


async def hear(engines: SpeechEngines, speech: Samples, language: str | None) -> Transcript:
    ear = engines.stt_for(language or "en")
    assert ear is not None
    quiet = np.zeros(SAMPLE_RATE_HZ * 3 // 10, dtype=np.int16)
    return await ear.transcribe(np.concatenate([quiet, speech, quiet]), language)


def test_everything_loads(engines: SpeechEngines) -> None:
    assert [(status.engine, status.reason) for status in engines.states if status.state is not EngineState.READY] == []
    assert all(engines.voice_ready(language) for language in ("fr", "en", "es", "ar", "ary"))
    used = {(row.language, row.part.value): row.engine for row in engines.coverage() if row.used}
    assert (used["fr", "tts"], used["ary", "tts"], used["es", "stt"]) == ("kokoro", "espeak-ng", "whisper-base")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "What time do you open on Saturday?", "open saturday"),
        ("fr", "À quelle heure ouvrez-vous le samedi ?", "quelle heure samedi"),
        ("es", "¿Cuánto cuesta el envío a Madrid?", "cuanto cuesta envio madrid"),
    ],
)
async def test_what_kokoro_says_whisper_understands(
    engines: SpeechEngines, language: str, text: str, expected: str
) -> None:
    voice = engines.tts_for(language)
    assert voice is not None
    spoken = np.concatenate([piece async for piece in voice.synthesize(text, language, None)])
    heard = await hear(engines, spoken, language)
    assert set(expected.split()) <= set(folded(heard.text)), heard
    detected = await hear(engines, spoken, None)
    assert (detected.language, bool(detected.text)) == (language, True)


@pytest.mark.skipif(not can_fetch(), reason="no apt-get to fetch the Asterisk prompts with")
@pytest.mark.parametrize(("language", "bar"), [("en", 0.08), ("fr", 0.25), ("es", 0.15)])
async def test_people_are_understood(engines: SpeechEngines, language: str, bar: float) -> None:
    prompts = human_prompts(language, 25)
    counts = [word_errors(prompt.words, (await hear(engines, prompt.sound, language)).text) for prompt in prompts]
    wrong, said = (sum(column) for column in zip(*counts, strict=True))
    assert wrong / said <= bar, f"{wrong} of {said} words wrong"


def noises() -> dict[str, Samples]:
    random, seconds = np.random.default_rng(7), 3
    white = random.standard_normal(seconds * SAMPLE_RATE_HZ)
    time = np.arange(len(white)) / SAMPLE_RATE_HZ
    brown = np.cumsum(white - white.mean())
    chord = sum(np.sin(2 * np.pi * hz * time) for hz in (262, 330, 392))
    return {
        "nothing": np.zeros(len(white), dtype=np.int16),
        "faint hiss": (white * 20).astype(np.int16),
        "hiss": (white * 600).astype(np.int16),
        "loud hiss": (white * 5000).clip(-32768, 32767).astype(np.int16),
        "rumble": (brown / np.abs(brown).max() * 9000).astype(np.int16),
        "hum": (6000 * np.sin(2 * np.pi * 50 * time)).astype(np.int16),
        "chord": (np.asarray(chord) * 3000).astype(np.int16),
        "touch tone": (8000 * (np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1336 * time))).astype(np.int16),
    }


@pytest.mark.parametrize("kind", ["nothing", "faint hiss", "hiss", "loud hiss", "rumble", "hum"])
@pytest.mark.parametrize("language", ["fr", "en"])
async def test_noise_gives_no_words(engines: SpeechEngines, kind: str, language: str) -> None:
    ear = engines.stt_for(language)
    assert ear is not None
    assert (await ear.transcribe(noises()[kind], language)).text == ""


@pytest.mark.parametrize(
    ("word", "language"),
    [("Oui.", "fr"), ("Non.", "fr"), ("Stop.", "fr"), ("No.", "es"), ("No.", "en"), ("Yes.", "en")],
)
async def test_a_word_on_its_own_is_heard(engines: SpeechEngines, word: str, language: str) -> None:
    ear = engines.stt_for(language)
    assert ear is not None
    hum = np.random.default_rng(1).integers(-20, 20, SAMPLE_RATE_HZ // 2).astype(np.int16)
    understood = (await ear.transcribe(np.concatenate([hum, question(word, language), hum]), language)).text
    assert 1 <= len(understood.split()) <= 3


async def test_a_click_is_nothing(engines: SpeechEngines) -> None:
    ear = engines.stt_for("en")
    assert ear is not None
    assert (await ear.transcribe(np.full(100, 20_000, dtype=np.int16), "en")).text == ""


async def test_what_is_longer_than_half_a_minute_is_cut(engines: SpeechEngines) -> None:
    ear = engines.stt_for("en")
    assert ear is not None
    sentence = question("What time do you open on Saturday?", "en")
    heard = await ear.transcribe(np.tile(np.concatenate([sentence, np.zeros(8000, dtype=np.int16)]), 20), "en")
    assert len(heard.text) < 31 * 25  # words of half a minute at most; a text that repeats itself may be dropped


async def test_a_language_nobody_knows_is_refused(engines: SpeechEngines) -> None:
    ear = engines.stt_for("en")
    assert ear is not None
    with pytest.raises(SpeechFailed, match="does not know the language 'tlh'"):
        await ear.transcribe(question("Good morning.", "en"), "tlh")
    assert (engines.stt_for("tlh"), engines.tts_for("tlh")) == (None, None)


def speech_share(engines: SpeechEngines, sound: Samples) -> float:
    listener = engines.new_vad()
    windows = sound[: len(sound) // VAD_WINDOW_SAMPLES * VAD_WINDOW_SAMPLES].reshape(-1, VAD_WINDOW_SAMPLES)
    return float(np.mean([listener.probability(window) > 0.5 for window in windows]))


@pytest.mark.parametrize("kind", list(noises()))
def test_vad_hears_nobody_in_noise(engines: SpeechEngines, kind: str) -> None:
    assert speech_share(engines, noises()[kind]) < 0.05


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_vad_hears_speech_also_in_noise(engines: SpeechEngines, language: str) -> None:
    sentence = {"en": "We are open every day until six.", "fr": "Nous livrons partout.", "es": "Claro que sí, señora."}
    spoken = question(sentence[language], language)
    hiss = np.random.default_rng(1).standard_normal(len(spoken)) * float(np.abs(spoken).mean()) / 4
    assert speech_share(engines, spoken) > 0.8
    assert speech_share(engines, (spoken + hiss).clip(-32768, 32767).astype(np.int16)) > 0.7


def test_listeners_do_not_hear_for_each_other_and_forget_on_reset(engines: SpeechEngines) -> None:
    spoken = question("We are open every day until six.", "en")[: 20 * VAD_WINDOW_SAMPLES].reshape(20, -1)
    alone, first, second = engines.new_vad(), engines.new_vad(), engines.new_vad()
    expected = [alone.probability(window) for window in spoken]
    mixed = []
    for window in spoken:
        mixed.append(first.probability(window))
        second.probability(np.zeros(VAD_WINDOW_SAMPLES, dtype=np.int16))
    first.reset()
    again = [first.probability(window) for window in spoken]
    assert mixed == pytest.approx(expected)
    assert again == pytest.approx(expected)


async def test_an_answer_starts_with_a_short_trimmed_piece(engines: SpeechEngines) -> None:
    voice = engines.tts_for("en")
    assert voice is not None
    pieces = [piece async for piece in voice.synthesize(LONG_ANSWER, "en", None)]
    assert len(pieces) >= 3
    assert len(pieces[0]) < 1.5 * SAMPLE_RATE_HZ < sum(len(piece) for piece in pieces[1:])
    for piece in pieces:
        assert piece.dtype == np.int16
        assert int(np.flatnonzero(np.abs(piece.astype(np.int32)) > 300)[0]) < 0.06 * SAMPLE_RATE_HZ


async def test_a_voice_nobody_has_gives_the_languages_own(engines: SpeechEngines) -> None:
    for language in ("fr", "ar"):
        voice = engines.tts_for(language)
        assert voice is not None
        sound = [piece async for piece in voice.synthesize("merci", language, "no-such-voice")]
        assert sum(len(piece) for piece in sound) > 0.2 * SAMPLE_RATE_HZ


@pytest.mark.parametrize(("language", "text"), [("ar", "مرحبا، كيف يمكنني مساعدتك؟"), ("ary", "السلام عليكم")])
async def test_arabic_is_spoken_by_espeak(engines: SpeechEngines, language: str, text: str) -> None:
    voice, told = engines.tts_for(language), list[str]()
    assert voice is not None
    sound = np.concatenate([piece async for piece in voice.synthesize(text, language, None, told.append)])
    assert told == ["espeak-ng"]
    assert speech_share(engines, sound) > 0.4


async def test_text_without_words_is_silence(engines: SpeechEngines) -> None:
    voice = engines.tts_for("en")
    assert voice is not None
    assert [piece async for piece in voice.synthesize(" … ", "en", None) if np.abs(piece).max() > 300] == []


async def test_a_question_finds_its_answer_in_another_language(engines: SpeechEngines) -> None:
    answers = ["We are open from nine to six.", "Our cakes contain nuts.", "You can park behind the shop."]
    for question_text, expected in (
        ("À quelle heure ouvrez-vous ?", 0),
        ("¿Las tartas tienen nueces?", 1),
        ("أين يمكنني ركن السيارة؟", 2),
    ):
        rows = await engines.embedder.embed([question_text, *answers, "  "])
        assert rows.shape == (5, 512)
        assert np.linalg.norm(rows[:-1], axis=1) == pytest.approx(1, abs=1e-5)
        assert not rows[-1].any()
        assert int((rows[1:4] @ rows[0]).argmax()) == expected
    assert (await engines.embedder.embed([])).shape == (0, 512)


async def test_calls_at_once_all_get_their_answer(engines: SpeechEngines) -> None:
    voice = engines.tts_for("fr")
    assert voice is not None

    async def call(number: int) -> bool:
        spoken = [piece async for piece in voice.synthesize(f"Appel numéro {number}.", "fr", None)]
        heard = await hear(engines, question("Bonjour, je voudrais une information.", "fr"), "fr")
        return bool(spoken) and "bonjour" in folded(heard.text)

    assert await asyncio.gather(*(call(number) for number in range(3))) == [True] * 3


def test_a_question_for_a_browser_is_a_wav_with_silence_around() -> None:
    path = question_wav("Do you deliver on Sunday?", "en", lead_s=0.5, trail_s=1.0)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 1, 2)
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int32)
    assert np.abs(sound[: 48_000 * 4 // 10]).max() < 50
    assert np.abs(sound[-48_000 * 9 // 10 :]).max() < 50
    assert np.abs(sound).max() > 3000
