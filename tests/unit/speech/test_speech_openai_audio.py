"""The OpenAI-compatible providers ask exactly what such a service takes, and fail in words that tell no secret."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from audio_service import KEY, AudioService

from server.media.frame import Samples
from server.speech.port import SpeechFailed
from server.speech.providers.openai_audio import OpenAiSpeechToText, OpenAiTextToSpeech
from server.speech.streams import closing

TONE = (8000 * np.sin(np.arange(24_000) * 2 * np.pi * 440 / 24_000)).astype("<i2")


@pytest.fixture
def service() -> Iterator[AudioService]:
    with AudioService(pcm=TONE.tobytes()) as service:
        yield service


def ear(service: AudioService, **options: object) -> OpenAiSpeechToText:
    settings = {"base_url": service.base_url, "api_key": KEY, "model": "whisper-1"} | options
    return OpenAiSpeechToText(**settings)  # type: ignore[arg-type]


def mouth(service: AudioService, **options: object) -> OpenAiTextToSpeech:
    settings = {"base_url": service.base_url, "api_key": KEY, "model": "tts-1", "voice": "nova"} | options
    return OpenAiTextToSpeech(**settings)  # type: ignore[arg-type]


async def spoken(voice: OpenAiTextToSpeech, text: str, own_voice: str | None = None) -> Samples:
    pieces = [piece async for piece in voice.synthesize(text, "fr", own_voice)]
    await voice.close()
    return np.concatenate(pieces)


async def test_recognition_sends_a_wav_of_the_speech(service: AudioService) -> None:
    speech = np.arange(16_000, dtype=np.int16)
    service.words = "  à neuf heures "
    engine = ear(service)
    heard = await engine.transcribe(speech, "fr-CA")
    await engine.close()
    assert (heard.text, heard.language, heard.confidence) == ("à neuf heures", "fr", 0)
    (asked,) = service.asked
    assert asked == {
        "wav": (1, 2, 16_000),
        "samples": speech.astype("<i2").tobytes(),
        "filename": "speech.wav",
        "type": "audio/wav",
        "model": "whisper-1",
        "language": "fr",
        "response_format": "json",
    }


@pytest.mark.parametrize(("language", "sent"), [(None, None), ("ary", "ar"), ("es", "es")])
async def test_recognition_names_the_language_as_the_service_does(
    service: AudioService, language: str | None, sent: str | None
) -> None:
    engine = ear(service)
    heard = await engine.transcribe(np.zeros(160, dtype=np.int16), language)
    await engine.close()
    assert (service.asked[0].get("language"), heard.language) == (sent, language or "")


async def test_synthesis_streams_the_sound_at_our_rate(service: AudioService) -> None:
    sound = await spoken(mouth(service), "Bonjour.")
    assert service.asked == [{"model": "tts-1", "voice": "nova", "input": "Bonjour.", "response_format": "pcm"}]
    assert abs(len(sound) - 16_000) < 10
    assert np.argmax(np.abs(np.fft.rfft(sound[:16_000]))) == 440  # one bin is one hertz: the pitch is kept
    assert 7000 < np.abs(sound[1000:-1000]).max() < 9000


async def test_synthesis_takes_the_callers_voice_and_the_services_rate(service: AudioService) -> None:
    sound = await spoken(mouth(service, pcm_rate_hz=48_000), "Bonjour.", "onyx")
    assert service.asked[0]["voice"] == "onyx"
    assert abs(len(sound) - 8_000) < 10


async def test_half_a_sample_at_the_end_is_left_out(service: AudioService) -> None:
    service.pcm = TONE.tobytes() + b"\x01"
    assert abs(len(await spoken(mouth(service), "Bonjour.")) - 16_000) < 10


async def test_a_listener_may_leave_early(service: AudioService) -> None:
    service.pcm = TONE.tobytes() * 20
    voice = mouth(service)
    async with closing(voice.synthesize("A long story.", "en", None)) as pieces:
        assert len(await anext(pieces)) > 0
    await voice.close()


@pytest.mark.parametrize("status", [400, 429, 500, 503])
async def test_a_refusal_tells_its_status_and_nothing_that_was_said(service: AudioService, status: int) -> None:
    service.status = status
    engine, voice = ear(service), mouth(service)
    with pytest.raises(SpeechFailed, match=rf"openai-stt: \w+ {status}$"):
        await engine.transcribe(np.zeros(160, dtype=np.int16), "en")
    with pytest.raises(SpeechFailed, match=rf"openai-tts: \w+ {status}$"):
        await spoken(voice, "my secret")
    await engine.close()


async def test_a_wrong_key_is_a_failure_without_the_key(service: AudioService) -> None:
    engine = ear(service, api_key="sk-wrong")
    with pytest.raises(SpeechFailed, match="openai-stt: AuthenticationError 401") as caught:
        await engine.transcribe(np.zeros(160, dtype=np.int16), "en")
    await engine.close()
    assert "sk-wrong" not in str(caught.value)


async def test_a_stream_that_breaks_off_is_a_failure(service: AudioService) -> None:
    service.breaks_off = True
    with pytest.raises(SpeechFailed, match=r"^openai-tts: \w+$"):
        await spoken(mouth(service), "hello")


async def test_a_service_that_hangs_is_given_up(service: AudioService) -> None:
    service.hang = threading.Event()
    engine, voice = ear(service, timeout_s=0.05), mouth(service, timeout_s=0.05)
    with pytest.raises(SpeechFailed, match="openai-stt: APITimeoutError"):
        await engine.transcribe(np.zeros(160, dtype=np.int16), "en")
    with pytest.raises(SpeechFailed, match="openai-tts: APITimeoutError"):
        await spoken(voice, "hello")
    await engine.close()


async def test_a_service_that_is_not_there_is_a_failure(service: AudioService) -> None:
    base_url = service.base_url
    service.__exit__()
    engine = OpenAiSpeechToText(base_url=base_url, api_key=KEY, model="m")
    with pytest.raises(SpeechFailed, match="openai-stt: APIConnectionError"):
        await engine.transcribe(np.zeros(160, dtype=np.int16), "en")
    await engine.close()
