"""The engines themselves. Only the composition root comes here; everybody else sees the ports."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from server.speech.cache import SoundCache
from server.speech.engines import SpeechEngines, SttEngine, TtsEngine
from server.speech.models import ModelStore
from server.speech.pool import EnginePool
from server.speech.providers.espeak import Espeak, EspeakTextToSpeech
from server.speech.providers.kokoro import KokoroTextToSpeech
from server.speech.providers.openai_audio import OpenAiSpeechToText, OpenAiTextToSpeech
from server.speech.providers.silero import SileroVad
from server.speech.providers.use_embeddings import UseEmbedder
from server.speech.providers.whisper import WhisperSpeechToText

__all__ = ["OpenAiSpeechToText", "OpenAiTextToSpeech", "offline_engines"]

_KOKORO_AT_ONCE = 3  # more than two cores can speak in time


def offline_engines(
    data_dir: Path,
    *,
    model_overrides: Mapping[str, Path] | None = None,
    first_stt: Sequence[SttEngine] = (),
    first_tts: Sequence[TtsEngine] = (),
    threads: int = 2,
    kokoro_at_once: int = _KOKORO_AT_ONCE,
) -> SpeechEngines:
    """The built-in engines, behind `first_stt` and `first_tts` where a deployment brings better ones.

    `model_overrides`: the operator's own files by model name (whisper-base, kokoro-82m-int8, silero-vad).
    `threads`: cores for one recognition or one synthesis. `kokoro_at_once`: more than so many utterances
    at a time are spoken by espeak-ng. Loads nothing until SpeechEngines.warm().
    """
    store = ModelStore(data_dir / "models", model_overrides)
    # A pool each: recognition never stands behind synthesis, nor a search behind either.
    recognition = EnginePool("recognition")
    synthesis = EnginePool("synthesis", niceness=2)
    quick = EnginePool("quick", max_waiting=256)
    espeak = Espeak()
    return SpeechEngines(
        vad=SileroVad(store, quick),
        embedder=UseEmbedder(store, quick),
        stt=(*first_stt, WhisperSpeechToText(store, recognition, threads=threads)),
        tts=(
            *first_tts,
            KokoroTextToSpeech(store, espeak, synthesis, threads=threads),
            EspeakTextToSpeech(espeak, quick),
        ),
        pools=(recognition, synthesis, quick),
        sounds=SoundCache(folder=data_dir / "sounds"),
        speaking_limits={KokoroTextToSpeech.name: kokoro_at_once},
    )
