"""What an agent says word for word is spoken before anybody asks: its own phrases and its known answers, once."""

from pathlib import Path

from server.speech.coverage import PRODUCT_LANGUAGES, Serves
from server.speech.engines import SpeechEngines
from server.speech.port import Quality
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Application, NoEmbedder
from tests.unit.speech.speech_fakes import EchoRecognizer, LoudnessVad, ToneVoice


async def test_known_answers_and_phrases_are_spoken_ahead_and_never_twice(
    sqlite_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    serves = {language: Serves(Quality.GOOD) for language in PRODUCT_LANGUAGES}
    voice = ToneVoice("tone", serves)
    speech = SpeechEngines(vad=LoudnessVad(), embedder=NoEmbedder(), stt=[EchoRecognizer("echo", serves)], tts=[voice])
    application = Application(sqlite_url, tmp_path / "var", clock)
    async with application.running(speech=speech) as server:
        await server.parloir.speak_ahead()
        ahead = list(voice.spoken)
        assert "Yes, within three days." in ahead
        assert len(ahead) == len(set(ahead)) > len(PRODUCT_LANGUAGES)
        await server.parloir.speak_ahead()
        assert voice.spoken == ahead
