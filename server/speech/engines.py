"""All speech of one process: loads the engines in the background, knows which is ready, and gives a call its own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.speech.cache import CachedSpeech, SoundCache
from server.speech.coverage import (
    PRODUCT_LANGUAGES,
    CoverageRow,
    EngineState,
    EngineStatus,
    Part,
    Serves,
    primary_tag,
)
from server.speech.pool import EnginePool
from server.speech.port import Embedder, Quality, SpeechFailed, SpeechToText, TextToSpeech, VoiceActivity
from server.speech.recognizer import Recognizer
from server.speech.speaker import FIRST_SOUND_S, Speaker, SpeakingLoad

_log = logger(__name__)


class Loadable(Protocol):
    @property
    def name(self) -> str: ...

    async def load(self) -> None:
        """Make ready, idempotent. Raises SpeechFailed whose message says what is missing."""
        ...

    async def close(self) -> None:
        """Let go of model or connection. Idempotent; load() brings it back."""
        ...


class VadModel(Loadable, Protocol):
    def listener(self) -> VoiceActivity: ...


class EmbedderEngine(Loadable, Embedder, Protocol): ...


class Speaks(Protocol):
    @property
    def serves(self) -> Mapping[str, Serves]:
        """By language code; a language that is absent is not served."""
        ...


class SttEngine(Loadable, SpeechToText, Speaks, Protocol): ...


class TtsEngine(Loadable, TextToSpeech, Speaks, Protocol): ...


class SpeechEngines:
    """Give it engines best first: the first that is ready and serves a language is used, the others stand by."""

    def __init__(
        self,
        *,
        vad: VadModel,
        embedder: EmbedderEngine,
        stt: Sequence[SttEngine],
        tts: Sequence[TtsEngine],
        pools: Sequence[EnginePool] = (),
        sounds: SoundCache | None = None,
        speaking_limits: Mapping[str, int] | None = None,
        first_sound_s: float = FIRST_SOUND_S,
    ) -> None:
        """`pools` are closed with this. `speaking_limits`: utterances at once, by engine, before the next one helps.

        `first_sound_s`: see Speaker.
        """
        self._vad = vad
        self._embedder = embedder
        self._stt = tuple(stt)
        self._sounds = sounds or SoundCache()
        self._tts = {engine.name: engine for engine in tts}
        self._voices = {engine.name: CachedSpeech(engine, self._sounds) for engine in tts}
        self._load = SpeakingLoad(speaking_limits or {})
        self._first_sound_s = first_sound_s
        self._pools = tuple(pools)
        self._tasks = TaskScope("speech")
        self._loading: list[tuple[Part, Loadable]] = [
            (Part.VAD, vad),
            (Part.EMBEDDER, embedder),
            *((Part.STT, engine) for engine in self._stt),
            *((Part.TTS, engine) for engine in tts),
        ]
        self._states = {
            (part, engine.name): EngineStatus(part, engine.name, EngineState.WAITING) for part, engine in self._loading
        }
        self._warm: asyncio.Task[None] | None = None

    @property
    def embedder(self) -> Embedder:
        """Raises SpeechFailed on use until it is ready."""
        return self._embedder

    @property
    def states(self) -> Sequence[EngineStatus]:
        """Every engine now, in loading order."""
        return tuple(self._states.values())

    def warm(self) -> None:
        """Start loading everything in the background: VAD, embedder, STT, TTS. Idempotent."""
        if self._warm is None:
            self._warm = self._tasks.spawn(self._load_all(), "warm")

    async def warmed(self, timeout_s: float = 120.0) -> None:
        """Wait until warm() has tried every engine. Raises TimeoutError."""
        self.warm()
        assert self._warm is not None
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(self._warm)

    def stt_for(self, language: str) -> SpeechToText | None:
        """Who recognises this language now; None when nobody does."""
        ready = [engine for engine in self._stt if self._can(Part.STT, engine, language)]
        return Recognizer(ready) if ready else None

    def tts_for(self, language: str) -> Speaker | None:
        """Who speaks this language now; None when nobody does."""
        ready = [self._voices[name] for name, engine in self._tts.items() if self._can(Part.TTS, engine, language)]
        return Speaker(ready, self._load, self._first_sound_s) if ready else None

    def new_vad(self) -> VoiceActivity:
        """For one listener. Raises SpeechFailed until the model is ready."""
        return self._vad.listener()

    def search_ready(self) -> bool:
        return self._is_ready(Part.EMBEDDER, self._embedder)

    def voice_ready(self, language: str) -> bool:
        """Whether a call in this language can hear and speak; otherwise it goes on in text."""
        hears = any(self._can(Part.STT, engine, language) for engine in self._stt)
        speaks = any(self._can(Part.TTS, engine, language) for engine in self._tts.values())
        return self._is_ready(Part.VAD, self._vad) and hears and speaks

    def coverage(self, languages: Sequence[str] = PRODUCT_LANGUAGES) -> Sequence[CoverageRow]:
        """Every language by every engine that recognises or speaks."""
        rows: list[CoverageRow] = []
        for language in languages:
            rows += self._rows(language, Part.STT, self._stt)
            rows += self._rows(language, Part.TTS, tuple(self._tts.values()))
        return rows

    async def close(self) -> None:
        """Stop loading, refuse new work. Idempotent."""
        await self._tasks.close()
        for pool in self._pools:
            await pool.close()
        for part, engine in self._loading:
            await engine.close()
            self._set(part, engine, EngineState.WAITING)

    async def _load_all(self) -> None:
        for part, engine in self._loading:
            self._set(part, engine, EngineState.LOADING)
            try:
                await engine.load()
            except SpeechFailed as failure:
                self._set(part, engine, EngineState.MISSING, str(failure))
                _log.warning("speech engine not available", part=part, engine=engine.name, reason=str(failure))
            else:
                self._set(part, engine, EngineState.READY)

    def _set(self, part: Part, engine: Loadable, state: EngineState, reason: str = "") -> None:
        self._states[part, engine.name] = EngineStatus(part, engine.name, state, reason)

    def _is_ready(self, part: Part, engine: Loadable) -> bool:
        return self._states[part, engine.name].state is EngineState.READY

    def _can(self, part: Part, engine: SttEngine | TtsEngine, language: str) -> bool:
        return _quality(engine, language).quality is not Quality.NONE and self._is_ready(part, engine)

    def _rows(self, language: str, part: Part, engines: Sequence[SttEngine | TtsEngine]) -> list[CoverageRow]:
        rows: list[CoverageRow] = []
        for engine in engines:
            serves, status = _quality(engine, language), self._states[part, engine.name]
            used = self._can(part, engine, language) and not any(row.used for row in rows)
            note = status.reason or serves.note
            rows.append(CoverageRow(language, part, engine.name, serves.quality, note, status.state, used))
        return rows


def _quality(engine: Speaks, language: str) -> Serves:
    return engine.serves.get(primary_tag(language), Serves(Quality.NONE))
