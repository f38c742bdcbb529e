"""The engines themselves. Only the composition root comes here; everybody else sees the ports."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.speech.cache import SoundCache
from server.speech.engines import SpeechEngines, SttEngine, TtsEngine
from server.speech.models import ModelStore
from server.speech.pool import EnginePool
from server.speech.providers.espeak import Espeak, EspeakTextToSpeech
from server.speech.providers.kokoro import KokoroTextToSpeech
from server.speech.providers.silero import SileroVad
from server.speech.providers.use_embeddings import UseEmbedder
from server.speech.providers.whisper import WhisperSpeechToText
from server.speech.speaker import FIRST_SOUND_S

__all__ = ["offline_engines"]

_CORES_PER_WORKER = 2  # one recognition or synthesis gains little from more
_KOKORO_PER_WORKER = 2  # a third listener would hear gaps
_QUIET_S = 5.0  # who spoke lately will soon want an answer: nothing is prepared then


def offline_engines(
    data_dir: Path,
    *,
    model_overrides: Mapping[str, Path] | None = None,
    first_stt: Sequence[SttEngine] = (),
    first_tts: Sequence[TtsEngine] = (),
    cores: int | None = None,
    kokoro_at_once: int | None = None,
    first_sound_s: float = FIRST_SOUND_S,
) -> SpeechEngines:
    """The built-in engines, behind `first_stt` and `first_tts` where a deployment brings better ones.

    `model_overrides`: the operator's own files by model name (whisper-base, kokoro-82m-int8, silero-vad).
    `cores`: how many to reckon with; all of the machine when None. `kokoro_at_once`: utterances beyond so many
    at a time are spoken by espeak-ng; two for every two cores when None. `first_sound_s`: see Speaker.
    Loads nothing until SpeechEngines.warm().
    """
    available = cores or os.cpu_count() or _CORES_PER_WORKER
    threads, workers = min(_CORES_PER_WORKER, available), max(1, available // _CORES_PER_WORKER)
    store = ModelStore(data_dir / "models", model_overrides)
    # A pool each: recognition never stands behind synthesis, nor a search behind either.
    recognition = EnginePool("recognition", threads=workers)
    synthesis = EnginePool("synthesis", threads=workers, niceness=2, quiet_s=_QUIET_S)
    quick = EnginePool("quick", max_waiting=256)
    espeak = Espeak()
    return SpeechEngines(
        vad=SileroVad(store, quick),
        embedder=UseEmbedder(store, quick),
        stt=(*first_stt, WhisperSpeechToText(store, recognition, threads=threads, at_once=workers)),
        tts=(
            *first_tts,
            KokoroTextToSpeech(store, espeak, synthesis, threads=threads),
            EspeakTextToSpeech(espeak, quick),
        ),
        pools=(recognition, synthesis, quick),
        sounds=SoundCache(folder=data_dir / "sounds"),
        first_sound_s=first_sound_s,
        speaking_limits={KokoroTextToSpeech.name: kokoro_at_once or workers * _KOKORO_PER_WORKER},
    )
