"""Speech without models: loud sound is speech, words come from a script, and sentences sound as long as they are."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

import numpy as np

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.port import SpeechFailed, Transcript

LOUD = 8_000
VOICE_LEVEL = 500  # what the fake voice sounds like
SECONDS_A_WORD = 0.2


class FakeVad:
    """Speech is whatever is loud."""

    def probability(self, window: Samples) -> float:
        return 0.95 if int(np.abs(window.astype(np.int32)).max()) > LOUD // 2 else 0.02

    def reset(self) -> None:
        pass


class FakeStt:
    """Understands `script`, one text an utterance, then what `understand` makes of the sound.

    `hold()` keeps it busy until `release()`.
    """

    name = "fake-stt"

    def __init__(self) -> None:
        self.script: deque[str] = deque()
        self.understand: Callable[[Samples], str] = lambda _speech: ""
        self.heard: list[Samples] = []
        self.cancelled = 0
        self.fails = False
        self.confidence = -0.1
        self.is_idle = False  # True: what is being said is recognised meanwhile
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        self.heard.append(speech)
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails:
            raise SpeechFailed("fake-stt failed")
        text = self.script.popleft() if self.script else self.understand(speech)
        return Transcript(text, language or "en", self.confidence)


class FakeVoice:
    """Speaks in pieces of one word; a word lasts SECONDS_A_WORD."""

    name = "fake-voice"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.pieces = 0
        self.closed_early = 0
        self.fails = False
        self.is_cached = False
        self.stand_in = ""  # who speaks instead, as when this voice is late
        self.free = asyncio.Event()  # cleared: it takes long to begin
        self.free.set()

    async def synthesize(
        self, text: str, language: str, voice: str | None, on_engine: Callable[[str], None] | None = None
    ) -> AsyncIterator[Samples]:
        if self.fails:
            raise SpeechFailed("fake-voice failed")
        self.said.append(text)
        if on_engine is not None:
            on_engine("cached" if self.is_cached else self.stand_in or self.name)
        finished = False
        try:
            await self.free.wait()
            for _ in text.split():
                await asyncio.sleep(0)
                self.pieces += 1
                yield np.full(int(SECONDS_A_WORD * SAMPLE_RATE_HZ), VOICE_LEVEL, dtype=np.int16)
            finished = True
        finally:
            self.closed_early += not finished


class FakeSpeech:
    """A SpeechSource. Set a part to None to take it away."""

    def __init__(self) -> None:
        self.stt: FakeStt | None = FakeStt()
        self.voice: FakeVoice | None = FakeVoice()
        self.has_vad = True

    @property
    def ear(self) -> FakeStt:
        assert self.stt is not None
        return self.stt

    @property
    def mouth(self) -> FakeVoice:
        assert self.voice is not None
        return self.voice

    def stt_for(self, language: str) -> FakeStt | None:
        return self.stt

    def tts_for(self, language: str) -> FakeVoice | None:
        return self.voice

    def new_vad(self) -> FakeVad:
        if not self.has_vad:
            raise SpeechFailed("no VAD")
        return FakeVad()
