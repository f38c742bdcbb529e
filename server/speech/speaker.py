"""The voice of a language: the best engine that is free and works, then the next, with a memory of what was said."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from server.kit.clock import Clock, SystemClock
from server.kit.log import logger
from server.media.frame import Samples
from server.speech.cache import CachedSpeech
from server.speech.port import SpeechFailed
from server.speech.streams import closing, next_piece

_log = logger(__name__)

FIRST_SOUND_S = 2.5  # a caller hears silence: better another voice now than the best one too late
REST_S = 10.0  # for an engine that was
CACHED = "cached"


class SpeakingLoad:
    """How many utterances each engine is making now; above its limit, or lately late, an engine is passed over."""

    def __init__(self, limits: Mapping[str, int], clock: Clock | None = None) -> None:
        self._limits = limits
        self._clock = clock or SystemClock()
        self._active: Counter[str] = Counter()
        self._rests_until: dict[str, float] = {}

    def is_full(self, engine: str) -> bool:
        if self._clock.monotonic() < self._rests_until.get(engine, -math.inf):
            return True
        limit = self._limits.get(engine)
        return limit is not None and self._active[engine] >= limit

    def was_late(self, engine: str) -> None:
        """A caller heard silence for its sake: the next sentences are somebody else's, at once and in one voice."""
        self._rests_until[engine] = self._clock.monotonic() + REST_S

    def begin(self, engine: str) -> None:
        self._active[engine] += 1

    def end(self, engine: str) -> None:
        self._active[engine] -= 1


class Speaker:
    """A TextToSpeech over several, best first; one that is full, fails or is late is passed over."""

    def __init__(
        self, engines: Sequence[CachedSpeech], load: SpeakingLoad, first_sound_s: float = FIRST_SOUND_S
    ) -> None:
        """`engines` is not empty; the last one is used however much it has to do, and however long it takes.

        `first_sound_s`: how long each of the others may take to its first piece.
        """
        self._engines = engines
        self._load = load
        self._first_sound_s = first_sound_s

    @property
    def name(self) -> str:
        return self._engines[0].name

    def is_cached(self, text: str, language: str, voice: str | None) -> bool:
        """Whether `text` would play at once, in the best voice."""
        return self._engines[0].is_cached(text, language, voice)

    async def synthesize(
        self, text: str, language: str, voice: str | None, on_engine: Callable[[str], None] | None = None
    ) -> AsyncIterator[Samples]:
        """See TextToSpeech.synthesize. `on_engine` is told, before the first piece, who speaks: an engine or "cached".

        Close the iterator when leaving before its end (contextlib.aclosing): until then the engine counts as busy.
        """
        tell = on_engine or (lambda _engine: None)
        if self.is_cached(text, language, voice):
            tell(CACHED)
            async for piece in self._engines[0].synthesize(text, language, voice):
                yield piece
            return
        failure: SpeechFailed | None = None
        for engine in self._engines:
            if engine is not self._engines[-1] and self._load.is_full(engine.name):
                continue
            self._load.begin(engine.name)
            started = False
            try:
                async with closing(engine.synthesize(text, language, voice)) as pieces:
                    sound = await self._first(pieces, engine)
                    while sound is not None:
                        if not started:
                            started = True
                            tell(engine.name)
                        yield sound
                        sound = await next_piece(pieces)
                return
            except SpeechFailed as failed:
                if started:
                    raise  # half a sentence was heard: another voice must not start it again
                _log.warning("voice passed over", engine=engine.name, reason=str(failed))
                failure = failed
            finally:
                self._load.end(engine.name)
        if failure is not None:
            raise failure

    async def prepare(self, texts: Sequence[str], language: str, voice: str | None) -> int:
        """Have `texts` ready in the best voice, giving way to live calls: minutes of work. How many are."""
        known = await self._engines[0].prepare(texts, language, voice)
        _log.info("answers prepared", engine=self.name, language=language, wanted=len(texts), known=known)
        return known

    async def _first(self, pieces: AsyncIterator[Samples], engine: CachedSpeech) -> Samples | None:
        if engine is self._engines[-1]:
            return await next_piece(pieces)
        try:
            async with asyncio.timeout(self._first_sound_s):
                return await next_piece(pieces)
        except TimeoutError as late:
            self._load.was_late(engine.name)
            raise SpeechFailed(f"{engine.name} made no sound within {self._first_sound_s:g} s") from late
