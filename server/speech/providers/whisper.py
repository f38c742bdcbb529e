"""Speech to text by Whisper base, int8 on CTranslate2, over a window as short as the words."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.coverage import Serves, primary_tag
from server.speech.models import ModelStore, require
from server.speech.pool import EnginePool
from server.speech.port import Quality, SpeechFailed, Transcript
from server.speech.providers.catalog import INSTALL_SPEECH, WHISPER_BASE
from server.speech.providers.whisper_features import MAX_SPEECH_S, log_mel
from server.speech.providers.whisper_text import WhisperVocabulary, said_once

_SERVES = {
    "en": Serves(Quality.GOOD),
    "fr": Serves(Quality.FAIR, "about one word in eight wrong on studio prompts"),
    "es": Serves(Quality.FAIR, "about one word in six wrong on studio prompts"),
    "ar": Serves(Quality.POOR, "shows the path, not usable; set a cloud recogniser"),
    "ary": Serves(Quality.POOR, "heard as standard Arabic; set a cloud recogniser"),
}
_SPOKEN_AS = {"ary": "ar"}

_QUIETEST_PEAK = 60  # of 32768: nobody spoke
_SHORTEST_S = 0.1
_BEAM = 5  # one beam falls into loops
_TOKENS_PER_S = 12
_MAX_TOKENS = 448
# What Whisper makes up on noise scores below these; speech stays well above, but for a word or three on their own:
# their few tokens score low ("Oui." -1.5), while noise is told from them by looking like silence (0.4 and more).
_UNSURE = -1.0
_UNSURE_AND_SILENT = -0.75  # quiet speech that breaks off reaches -0.6; what is made up on noise stays below -1.2
_LIKELY_SILENCE = 0.6
_FEW_WORDS = 3
_FEW_UNSURE = -1.8
_HARDLY_SILENCE = 0.3
_LOOPING = 2.4  # text that packs better than this repeats itself


class WhisperModel:
    """The loaded model, blocking: call it in an engine's thread."""

    def __init__(self, files: Mapping[str, Path], threads: int, at_once: int, languages: Sequence[str]) -> None:
        """`threads` cores for each of `at_once` recognitions; `languages` are the codes that detection may answer.

        Raises ModelMissing.
        """
        self._library = require("ctranslate2", INSTALL_SPEECH)
        self._vocabulary = WhisperVocabulary.read(files["vocabulary.txt"])
        self._detectable = frozenset(languages)
        self._model: Any = self._library.models.Whisper(
            str(files["model.bin"].parent),
            device="cpu",
            compute_type="int8",
            intra_threads=threads,
            inter_threads=at_once,
        )

    def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        """See SpeechToText.transcribe; `language` is one of Whisper's codes."""
        speech = speech[: int(MAX_SPEECH_S * SAMPLE_RATE_HZ)]
        if len(speech) < _SHORTEST_S * SAMPLE_RATE_HZ or int(np.abs(speech.astype(np.int32)).max()) < _QUIETEST_PEAK:
            return Transcript("", language or "", -10.0)
        features = self._library.StorageView.from_array(log_mel(speech))
        encoded = self._model.encode(features)
        spoken = language or self._detect(encoded)
        if not self._vocabulary.knows_language(spoken):
            raise SpeechFailed(f"whisper does not know the language {spoken!r}")
        prompt = self._vocabulary.prompt(spoken)
        tokens = len(prompt) + 20 + int(len(speech) / SAMPLE_RATE_HZ * _TOKENS_PER_S)
        (found,) = self._model.generate(
            encoded,
            [prompt],
            beam_size=_BEAM,
            max_length=min(_MAX_TOKENS, tokens),
            return_scores=True,
            return_no_speech_prob=True,
        )
        text, score = self._vocabulary.text(found.sequences_ids[0]), float(found.scores[0])
        if found.no_speech_prob < _HARDLY_SILENCE and _is_looping(text):
            text = said_once(text)
        return Transcript(text if _is_speech(text, score, found.no_speech_prob) else "", spoken, score)

    def _detect(self, encoded: Any) -> str:
        (ranked,) = self._model.detect_language(encoded)
        codes = (token.strip("<|>") for token, _probability in ranked)
        return str(next(code for code in codes if code in self._detectable))


class WhisperSpeechToText:
    """The SpeechToText port over WhisperModel."""

    name = "whisper-base"
    serves: Mapping[str, Serves] = _SERVES

    def __init__(
        self,
        store: ModelStore,
        pool: EnginePool,
        *,
        threads: int = 2,
        at_once: int = 1,
        languages: Sequence[str] = ("fr", "en", "es", "ar"),
    ) -> None:
        """`languages` are those that detection may answer, when a call does not say its own."""
        self._store = store
        self._pool = pool
        self._threads = threads
        self._at_once = at_once
        self._languages = languages
        self._model: WhisperModel | None = None

    @property
    def is_idle(self) -> bool:
        return self._pool.is_idle

    async def load(self) -> None:
        """Idempotent; leaves the model warm. Raises SpeechFailed."""
        if self._model is None:
            self._model = await self._pool.run(self._open)

    async def close(self) -> None:
        """Let go of the model. Idempotent."""
        self._model = None

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        """Recognise one utterance; a language of None is detected. What is longer than 30 s is cut off."""
        if self._model is None:
            raise SpeechFailed("whisper is not loaded")
        asked = None if language is None else primary_tag(language)
        code = None if asked is None else _SPOKEN_AS.get(asked, asked)
        heard = await self._pool.run(self._model.transcribe, speech, code)
        return Transcript(heard.text, asked or heard.language, heard.confidence)

    def _open(self) -> WhisperModel:
        model = WhisperModel(self._store.paths(WHISPER_BASE), self._threads, self._at_once, self._languages)
        model.transcribe(_warming_sound(), self._languages[0])
        return model


def _is_speech(text: str, score: float, no_speech: float) -> bool:
    few = len(text.split()) <= _FEW_WORDS and no_speech < _HARDLY_SILENCE
    if not text or score < (_FEW_UNSURE if few else _UNSURE):
        return False
    if no_speech > _LIKELY_SILENCE and score < _UNSURE_AND_SILENT:
        return False
    return not _is_looping(text)


def _is_looping(text: str) -> bool:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) > _LOOPING


def _warming_sound() -> Samples:
    beat = np.arange(SAMPLE_RATE_HZ, dtype=np.float32) / SAMPLE_RATE_HZ
    return (1000 * np.sin(2 * np.pi * 220 * beat)).astype(np.int16)
