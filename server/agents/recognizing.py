"""The agent's ear: finds utterances and recognises them, beginning before it is certain that they are over."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from server.agents.listening import WINDOW_S, ListeningLimits, Signal, TurnDetector
from server.agents.speech_source import SpeechSource
from server.agents.wording import is_said_alone
from server.kit.ids import new_uid
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import FRAME_S, Frame, Samples
from server.speech.pool import in_background
from server.speech.port import SpeechFailed, VoiceActivity

_log = logger(__name__)
RECOGNITION_TIMEOUT_S = 15.0
INTERIM_EVERY_S = 1.0
_GUESSWORK = -1.0  # Transcript.confidence below this


@dataclass(frozen=True)
class Heard:
    """What recognition made of an utterance. `text` is empty when it was not intelligible, or recognition failed.

    Unless `is_sure` it is a word that people say on its own, and may have been a murmur.
    """

    text: str = field(repr=False)
    failed: bool = False
    is_sure: bool = True


class Recognition:
    """One utterance on its way to text."""

    def __init__(
        self,
        speech: Samples,
        language: str,
        source: SpeechSource,
        tasks: TaskScope,
        on_text: Callable[[str], None],
        *,
        is_waited_for: bool = True,
    ) -> None:
        """`on_text` is told the text unless it is empty, guesswork, or cancel() came first."""
        self._done: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        self._on_text = on_text
        with contextlib.nullcontext() if is_waited_for else in_background():
            self._task = tasks.spawn(self._run(speech, language, source), "recognition")
        self._task.add_done_callback(lambda _task: self._settle(Heard("", failed=True)))

    @property
    def is_done(self) -> bool:
        return self._done.done()

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
            text, is_sure = transcript.text.strip(), transcript.confidence >= _GUESSWORK
            self._settle(Heard(text if is_sure or is_said_alone(text) else "", is_sure=is_sure))

    def _settle(self, heard: Heard) -> None:
        if not self._done.done():
            self._done.set_result(heard)
            if heard.text and heard.is_sure:
                self._on_text(heard.text)


@dataclass(frozen=True)
class Interim:
    """The words so far of an utterance, under the id that its final text will have."""

    id: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class VoiceTurn:
    """An utterance that is over."""

    id: str
    recognition: Recognition
    silence_s: float  # waited after the last word
    so_far: Interim | None  # what was told of it before

    async def heard(self) -> Heard:
        """Waits. Words that were told once are not taken back."""
        heard = await self.recognition.result()
        return heard if self.so_far is None or (heard.text and heard.is_sure) else Heard(self.so_far.text)


class Ear:
    """One visitor's sound. `hear` says what changed; after OVER `take` gives the utterance.

    While somebody speaks, what they said so far is recognised about once a second, if the recogniser has nothing
    else to do; `on_interim` is told.
    """

    def __init__(
        self,
        vad: VoiceActivity,
        source: SpeechSource,
        language: str,
        tasks: TaskScope,
        on_interim: Callable[[Interim], None],
        limits: ListeningLimits | None = None,
    ) -> None:
        self._detector = TurnDetector(vad, limits)
        self._source = source
        self._language = language
        self._tasks = tasks
        self._on_interim = on_interim
        self._guess: Recognition | None = None
        self._partial: Recognition | None = None
        self._partial_voiced_s = 0.0  # how much voice it has heard
        self._frames_since_partial = 0
        self._id = ""
        self._so_far: Interim | None = None

    @property
    def in_utterance(self) -> bool:
        return self._detector.in_utterance

    def hear(self, frame: Frame, cautious: bool) -> Signal | None:
        """Take one frame; see TurnDetector.hear."""
        signal = self._detector.hear(frame, cautious)
        if signal is Signal.ONSET:
            self._begin()
        elif signal is Signal.PAUSED:
            self._guess = self._heard_already()
            self._drop_partial()
            self._guess = self._guess or self._recognise()
        elif signal is Signal.RESUMED:
            self._drop_guess()
        elif signal is Signal.FALSE_ALARM:
            self._forget()
        elif self._detector.is_voiced:
            self._recognise_so_far()
        return signal

    def hold(self) -> None:
        """See TurnDetector.hold."""
        self._detector.hold()

    def finish(self) -> Signal | None:
        """See TurnDetector.finish."""
        return self._detector.finish()

    def take(self) -> VoiceTurn:
        """The utterance that is over; what was recognised ahead of time still holds, nothing was said since."""
        if not self._id:
            self._begin()
        recognition, self._guess = self._guess or self._recognise(), None
        turn = VoiceTurn(self._id, recognition, self._detector.silence_s, self._so_far)
        self._forget()
        return turn

    def reset(self) -> Interim | None:
        """Forget what is being said; gives what was told of it."""
        so_far = self._so_far
        self._drop_guess()
        self._forget()
        self._detector.reset()
        return so_far

    def _begin(self) -> None:
        self._id = new_uid("msg")
        self._so_far = None
        self._frames_since_partial = 0

    def _forget(self) -> None:
        self._id = ""
        self._so_far = None
        self._drop_partial()

    def _recognise(self, *, is_waited_for: bool = True) -> Recognition:
        uid = self._id

        def tell(text: str) -> None:
            if uid == self._id:
                self._so_far = Interim(uid, text)
                self._on_interim(self._so_far)

        speech = self._detector.utterance()
        return Recognition(speech, self._language, self._source, self._tasks, tell, is_waited_for=is_waited_for)

    def _recognise_so_far(self) -> None:
        if self._partial is not None and not self._partial.is_done:
            return
        self._frames_since_partial += 1
        engine = self._source.stt_for(self._language)
        if self._frames_since_partial * FRAME_S < INTERIM_EVERY_S or engine is None or not engine.is_idle:
            return
        self._frames_since_partial = 0
        self._partial_voiced_s = self._detector.voiced_s
        self._partial = self._recognise(is_waited_for=False)

    def _heard_already(self) -> Recognition | None:
        """The words so far, if they are all: no more than the end of a window was voice since."""
        if self._partial is None or self._detector.voiced_s - self._partial_voiced_s > 1.5 * WINDOW_S:
            return None
        partial, self._partial = self._partial, None
        return partial

    def _drop_partial(self) -> None:
        if self._partial is not None:
            self._partial.cancel()
            self._partial = None

    def _drop_guess(self) -> None:
        if self._guess is not None:
            self._guess.cancel()
            self._guess = None
