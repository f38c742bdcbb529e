"""The agent's ear: finds utterances and recognises them, beginning before it is certain that they are over."""

import asyncio
from dataclasses import dataclass

from server.agents.listening import ListeningLimits, Signal, TurnDetector
from server.agents.speech_source import SpeechSource
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import Frame, Samples
from server.speech.port import SpeechFailed, VoiceActivity

_log = logger(__name__)
RECOGNITION_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Heard:
    """What recognition made of an utterance. `text` is empty when it was not intelligible, or recognition failed."""

    text: str
    failed: bool = False


class Recognition:
    """One utterance on its way to text."""

    def __init__(self, speech: Samples, language: str, source: SpeechSource, tasks: TaskScope) -> None:
        self._done: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        self._task = tasks.spawn(self._run(speech, language, source), "recognition")
        self._task.add_done_callback(lambda _task: self._settle(Heard("", failed=True)))

    async def result(self) -> Heard:
        """Waits; comes always, within RECOGNITION_TIMEOUT_S."""
        return await asyncio.shield(self._done)

    def cancel(self) -> None:
        """Nobody needs it any more."""
        self._task.cancel()

    async def _run(self, speech: Samples, language: str, source: SpeechSource) -> None:
        engine = source.stt_for(language)
        if engine is None:
            self._settle(Heard("", failed=True))
            return
        try:
            async with asyncio.timeout(RECOGNITION_TIMEOUT_S):
                transcript = await engine.transcribe(speech, language)
        except (SpeechFailed, TimeoutError) as failure:
            _log.warning("recognition failed", engine=engine.name, reason=type(failure).__name__)
            self._settle(Heard("", failed=True))
        else:
            self._settle(Heard(transcript.text.strip()))

    def _settle(self, heard: Heard) -> None:
        if not self._done.done():
            self._done.set_result(heard)


@dataclass(frozen=True)
class VoiceTurn:
    """An utterance that is over."""

    recognition: Recognition
    silence_s: float  # waited after the last word


class Ear:
    """One visitor's sound. `hear` says what changed; after OVER `take` gives the utterance."""

    def __init__(
        self,
        vad: VoiceActivity,
        source: SpeechSource,
        language: str,
        tasks: TaskScope,
        limits: ListeningLimits | None = None,
    ) -> None:
        self._detector = TurnDetector(vad, limits)
        self._source = source
        self._language = language
        self._tasks = tasks
        self._guess: Recognition | None = None

    @property
    def in_utterance(self) -> bool:
        return self._detector.in_utterance

    def hear(self, frame: Frame, cautious: bool) -> Signal | None:
        """Take one frame; see TurnDetector.hear."""
        signal = self._detector.hear(frame, cautious)
        if signal is Signal.PAUSED:
            self._guess = self._recognise()
        elif signal is Signal.RESUMED:
            self._drop_guess()
        return signal

    def hold(self) -> None:
        """See TurnDetector.hold."""
        self._detector.hold()

    def finish(self) -> Signal | None:
        """See TurnDetector.finish."""
        return self._detector.finish()

    def take(self) -> VoiceTurn:
        """The utterance that is over; what was recognised ahead of time still holds, nothing was said since."""
        recognition = self._guess or self._recognise()
        self._guess = None
        return VoiceTurn(recognition, self._detector.silence_s)

    def reset(self) -> None:
        """Forget what is being said."""
        self._drop_guess()
        self._detector.reset()

    def _recognise(self) -> Recognition:
        return Recognition(self._detector.utterance(), self._language, self._source, self._tasks)

    def _drop_guess(self) -> None:
        if self._guess is not None:
            self._guess.cancel()
            self._guess = None
