"""The voice of a language: the best engine that is free and works, then the next, with a memory of what was said."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import Samples
from server.speech.cache import CachedSpeech
from server.speech.port import SpeechFailed
from server.speech.streams import closing

_log = logger(__name__)
_MAX_PREPARATIONS = 16

CACHED = "cached"


class SpeakingLoad:
    """How many utterances each engine is making now; above its limit an engine is passed over."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._active: Counter[str] = Counter()

    def is_full(self, engine: str) -> bool:
        limit = self._limits.get(engine)
        return limit is not None and self._active[engine] >= limit

    def begin(self, engine: str) -> None:
        self._active[engine] += 1

    def end(self, engine: str) -> None:
        self._active[engine] -= 1


class Speaker:
    """A TextToSpeech over several, best first; one that is full, or fails before its first sound, is passed over."""

    def __init__(self, engines: Sequence[CachedSpeech], load: SpeakingLoad, tasks: TaskScope) -> None:
        """`engines` is not empty; the last one is used however much it has to do."""
        self._engines = engines
        self._load = load
        self._tasks = tasks
        self._preparing = 0

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
                    async for piece in pieces:
                        if not started:
                            started = True
                            tell(engine.name)
                        yield piece
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

    def prepare(self, texts: Sequence[str], language: str, voice: str | None) -> bool:
        """Have `texts` ready in the best voice, in the background. False when too much is being prepared already."""
        if self._preparing >= _MAX_PREPARATIONS:
            return False
        self._preparing += 1
        self._tasks.spawn(self._prepare(texts, language, voice), "prepare")
        return True

    async def _prepare(self, texts: Sequence[str], language: str, voice: str | None) -> None:
        try:
            known = await self._engines[0].prepare(texts, language, voice)
            _log.info("answers prepared", engine=self.name, language=language, wanted=len(texts), known=known)
        finally:
            self._preparing -= 1
