"""The ear of a language: the best engine that works, then the next."""

from collections.abc import Sequence

from server.kit.log import logger
from server.media.frame import Samples
from server.speech.port import SpeechFailed, SpeechToText, Transcript

_log = logger(__name__)


class Recognizer:
    """A SpeechToText over several, best first: what one fails to do, the next does."""

    def __init__(self, engines: Sequence[SpeechToText]) -> None:
        """`engines` is not empty."""
        self._engines = engines

    @property
    def name(self) -> str:
        return self._engines[0].name

    @property
    def is_idle(self) -> bool:
        return self._engines[0].is_idle

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        """See SpeechToText.transcribe. Raises the last engine's SpeechFailed when all failed."""
        *others, last = self._engines
        for engine in others:
            try:
                return await engine.transcribe(speech, language)
            except SpeechFailed as failure:
                _log.warning("recogniser passed over", engine=engine.name, reason=str(failure))
        return await last.transcribe(speech, language)
