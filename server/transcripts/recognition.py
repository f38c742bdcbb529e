"""The order in which the legs of all calls are recognised: what was said before what is being said, nobody twice."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import Samples
from server.speech.pool import in_background
from server.speech.port import SpeechFailed, SpeechToText

_log = logger(__name__)

FINALS_MAX = 256  # several minutes of everybody talking; what is beyond is left out, and said so
CLOSE_WAIT_S = 20.0

Told = Callable[[str | None], None]
"""Given the words; "" when there were none, None when they could not be recognised."""


@dataclass(frozen=True, eq=False)
class _Job:
    engine: SpeechToText
    speech: Samples = field(repr=False)
    language: str
    told: Told


class RecognitionQueue:
    """One piece of work at a time, behind the agents that somebody waits for. `close()` is idempotent."""

    def __init__(self) -> None:
        self._finals: deque[_Job] = deque()
        self._partial: _Job | None = None
        self._tasks = TaskScope("transcripts")
        self._working: asyncio.Task[None] | None = None
        self._is_busy = False

    @property
    def is_idle(self) -> bool:
        """Whether a partial would be recognised now."""
        return not self._is_busy and not self._finals and self._partial is None

    def add_final(self, engine: SpeechToText, speech: Samples, language: str, told: Told) -> None:
        """Recognise `speech` in its turn. When too much waits, `told(None)` at once."""
        if len(self._finals) >= FINALS_MAX:
            told(None)
            return
        self._finals.append(_Job(engine, speech, language, told))
        self._work_on()

    def add_partial(self, engine: SpeechToText, speech: Samples, language: str, told: Told) -> None:
        """Recognise `speech` if nothing else is to be done; forgotten otherwise."""
        if self.is_idle:
            self._partial = _Job(engine, speech, language, told)
            self._work_on()

    async def close(self) -> None:
        """Recognise what waits, for a bounded time."""
        self._partial = None
        if self._working is not None and not self._working.done():
            await asyncio.wait([self._working], timeout=CLOSE_WAIT_S)
        await self._tasks.close()

    def _work_on(self) -> None:
        if self._working is None or self._working.done():
            self._working = self._tasks.spawn(self._work(), "recognition")

    async def _work(self) -> None:
        while self._finals or self._partial:
            job = self._finals.popleft() if self._finals else self._partial
            self._partial = None
            assert job is not None
            self._is_busy = True
            try:
                with in_background():
                    words = (await job.engine.transcribe(job.speech, job.language)).text.strip()
                job.told(words)
            except SpeechFailed as failure:
                _log.warning("speech of a call could not be recognised", reason=str(failure))
                job.told(None)
            finally:
                self._is_busy = False
