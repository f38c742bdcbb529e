"""The natural voice for French, English and Spanish: Kokoro-82M, int8, spoken clause by clause."""

import functools
from collections.abc import AsyncIterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.coverage import Serves, primary_tag
from server.speech.models import ModelStore
from server.speech.pool import EnginePool
from server.speech.port import Quality, SpeechFailed
from server.speech.providers.catalog import KOKORO
from server.speech.providers.clauses import Clause
from server.speech.providers.espeak import Espeak, EspeakLibrary, espeak_voice
from server.speech.providers.kokoro_phonemes import kokoro_tokens
from server.speech.providers.onnx import open_session
from server.speech.providers.piecewise import speak_in_pieces
from server.speech.streams import closing

VOICES = {"en": "af_heart", "fr": "ff_siwis", "es": "ef_dora"}
_SERVES = {language: Serves(Quality.GOOD) for language in VOICES}

_MODEL_RATE_HZ = 24_000
_AUDIBLE = 0.01  # of full scale
_ATTACK_SAMPLES = 480  # kept before the first audible sample
_DECAY_SAMPLES = 2_000  # kept after the last

Vectors = npt.NDArray[np.float16]


class KokoroModel:
    """The loaded model and voices, blocking: call it in an engine's thread."""

    def __init__(self, model: Path, espeak: EspeakLibrary, threads: int) -> None:
        """Raises ModelMissing."""
        self._session: Any = open_session(model, threads)
        self._espeak = espeak
        with resources.as_file(resources.files(__package__) / "voices.npz") as path, np.load(path) as archive:
            self._voices: dict[str, Vectors] = {name: archive[name] for name in archive.files}

    def speak(self, clause: Clause, language: str, voice: str | None) -> Samples:
        """One piece at 16 kHz, trimmed, with its pause. A voice that is not here gives the language's own."""
        tokens = kokoro_tokens(self._espeak.phonemes(clause.text, espeak_voice(language)), language)
        if not tokens:
            return np.zeros(0, dtype=np.int16)
        style = self._voices[voice if voice in self._voices else VOICES[language]]
        (sound, *_) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": style[min(len(tokens), len(style) - 1)][None].astype(np.float32),
                "speed": np.ones(1, dtype=np.float32),
            },
        )
        return _finish(sound.ravel(), clause.pause_s)


class KokoroTextToSpeech:
    """The TextToSpeech port over KokoroModel. Needs espeak-ng for its phonemes."""

    name = "kokoro"
    serves: Mapping[str, Serves] = _SERVES

    def __init__(self, store: ModelStore, espeak: Espeak, pool: EnginePool, *, threads: int = 2) -> None:
        self._store = store
        self._espeak = espeak
        self._pool = pool
        self._threads = threads
        self._model: KokoroModel | None = None

    async def load(self) -> None:
        """Idempotent; leaves the model warm. Raises SpeechFailed."""
        if self._model is None:
            self._model = await self._pool.run(self.open)

    async def close(self) -> None:
        """Let go of the model. Idempotent."""
        self._model = None

    async def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        """Speak `text`: the first piece after half a second or so. Raises SpeechFailed."""
        spoken = primary_tag(language)
        if self._model is None:
            raise SpeechFailed("kokoro is not loaded")
        if spoken not in VOICES:
            raise SpeechFailed(f"kokoro has no voice for {spoken!r}")
        speak = functools.partial(self._model.speak, language=spoken, voice=voice)
        async with closing(speak_in_pieces(text, speak, self._pool)) as pieces:
            async for sound in pieces:
                yield sound

    def open(self) -> KokoroModel:
        """Load the model, blocking, and speak once: the first run allocates. Raises SpeechFailed."""
        espeak = self._espeak.load()
        model = KokoroModel(self._store.paths(KOKORO)["model.onnx"], espeak, self._threads)
        model.speak(Clause("Good morning.", 0.0), "en", None)
        return model


def _finish(sound: npt.NDArray[np.float32], pause_s: float) -> Samples:
    """Trim the silence the model puts around every piece, and bring it to 16 kHz PCM16."""
    audible = np.flatnonzero(np.abs(sound) > _AUDIBLE)
    if not len(audible):
        return np.zeros(0, dtype=np.int16)
    kept = sound[max(0, audible[0] - _ATTACK_SAMPLES) : audible[-1] + _DECAY_SAMPLES]
    resampled = soxr.resample(kept, _MODEL_RATE_HZ, SAMPLE_RATE_HZ)
    pcm = (np.clip(resampled, -1, 1) * 32767).astype(np.int16)
    return np.concatenate([pcm, np.zeros(int(pause_s * SAMPLE_RATE_HZ), dtype=np.int16)])
