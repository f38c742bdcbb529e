"""Small engines for tests: they do what the ports promise, with tones and words instead of models."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import numpy as np

from server.media.frame import Samples
from server.speech.coverage import Serves
from server.speech.port import SpeechFailed, Transcript, VoiceActivity


class ToneVoice:
    """Says one 100 ms piece per word, each at a level that tells the words apart. `broken` makes it fail at word n."""

    def __init__(
        self,
        name: str = "tone",
        serves: Mapping[str, Serves] | None = None,
        broken_at: int | None = None,
        load_error: SpeechFailed | None = None,
    ) -> None:
        self._name = name
        self.serves = serves or {}
        self._broken_at = broken_at
        self._load_error = load_error
        self.spoken: list[str] = []
        self.gate = asyncio.Event()  # cleared: nothing is said
        self.gate.set()
        self.closed_early = 0
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True

    @property
    def name(self) -> str:
        return self._name

    async def load(self) -> None:
        if self._load_error is not None:
            raise self._load_error

    async def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        self.spoken.append(text)
        try:
            for number, word in enumerate(text.split()):
                await self.gate.wait()
                if number == self._broken_at:
                    raise SpeechFailed(f"{self.name} broke")
                yield np.full(1600, sum(word.encode()) % 30_000, dtype=np.int16)
        except GeneratorExit:
            self.closed_early += 1
            raise


class EchoRecognizer:
    """Answers with its name, or fails."""

    def __init__(self, name: str, serves: Mapping[str, Serves], works: bool = True, loads: bool = True) -> None:
        self._name = name
        self.serves = serves
        self._works = works
        self._loads = loads
        self.is_idle = True

    @property
    def name(self) -> str:
        return self._name

    async def load(self) -> None:
        if not self._loads:
            raise SpeechFailed(f"{self.name} is not installed; install it with: pip install it")

    async def close(self) -> None:
        pass

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        if not self._works:
            raise SpeechFailed(f"{self.name} broke")
        return Transcript(f"{self.name} heard {len(speech)}", language or "", -0.1)


class LoudnessVad:
    """Speech is what is loud."""

    name = "loudness"

    def __init__(self) -> None:
        self._loaded = False

    async def load(self) -> None:
        self._loaded = True

    async def close(self) -> None:
        self._loaded = False

    def listener(self) -> VoiceActivity:
        if not self._loaded:
            raise SpeechFailed("loudness is not loaded")
        return _Loudness()


class _Loudness:
    def probability(self, window: Samples) -> float:
        return float(np.abs(window.astype(np.int32)).max() > 1000)

    def reset(self) -> None:
        pass


class LetterEmbedder:
    """One number per letter."""

    name = "letters"

    async def load(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def embed(self, texts: object) -> np.ndarray:
        assert isinstance(texts, list | tuple)
        rows = np.array([[text.count(chr(97 + n)) + 1e-6 for n in range(26)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
