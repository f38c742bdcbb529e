"""The conversation loop all engines share: listens, takes turns, speaks, and can be interrupted at any word."""

import asyncio
import contextlib
import traceback
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field

from server.agents.answering import FellBack, HandOff, Responder, Say, Turn
from server.agents.delivering import TEXT_PATH, Delivery, VoiceChoice
from server.agents.leg import AgentLeg
from server.agents.listening import ListeningLimits, Signal
from server.agents.measuring import TurnWatch
from server.agents.phrases import phrases_for
from server.agents.port import AgentEvent, AgentState, Announce, Brief, Ended, Noticed, Spoken, StateChanged, Utterance
from server.agents.recognizing import Ear, Heard, Interim, VoiceTurn
from server.agents.silence import Quiet, SilenceLimits, SilenceWatch
from server.agents.speaking import Mouth
from server.agents.speech_source import SpeechSource
from server.agents.wording import asks_to_stop
from server.kit.clock import Clock
from server.kit.ids import new_uid
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import Frame, silence
from server.speech.port import SpeechFailed

_log = logger(__name__)
HISTORY_MAX = 40
UNANSWERED_MAX = 4
ANSWER_PART_TIMEOUT_S = 35.0  # engines have shorter limits of their own; this one catches their mistakes


@dataclass(frozen=True)
class Tuning:
    """When an utterance begins and ends, and how long a line may be quiet."""

    listening: ListeningLimits = field(default_factory=ListeningLimits)
    silence: SilenceLimits = field(default_factory=SilenceLimits)


class ConversationSession:
    """An AgentSession over any Responder. All methods belong to the event loop's thread.

    At most one task talks at a time: an answer, the greeting, or a question into the silence. Whoever stops it
    announces how its message ended, so that events keep their order. A visitor who is heard meanwhile makes it
    fall silent at once; only words stop it: after anything else it goes on.
    """

    def __init__(
        self,
        brief: Brief,
        announce: Announce,
        responder: Responder,
        source: SpeechSource,
        clock: Clock,
        tuning: Tuning | None = None,
    ) -> None:
        self._brief = brief
        self._announce_event = announce
        self._responder = responder
        self._source = source
        self._clock = clock
        self._tuning = tuning or Tuning()
        self._phrases = phrases_for(brief.language, brief.agent)
        self._tasks = TaskScope(f"agent/{brief.conversation_uid}")
        self._leg = AgentLeg(f"agent/{brief.conversation_uid}", self._hear, self._speak, self.close)
        self._mouth = Mouth(self._sound_begins, self._sentence_begins)
        self._watch = SilenceWatch(self._tuning.silence)
        self._ear: Ear | None = None
        self._voice_on = False
        self._greeted = bool(brief.history)
        self._over = False
        self._state = AgentState.LISTENING
        self._talking: asyncio.Task[None] | None = None
        self._turns: deque[tuple[VoiceTurn, TurnWatch]] = deque()  # RECOGNITION_TIMEOUT_S of them at the most
        self._hearing: asyncio.Task[None] | None = None
        self._delivery: Delivery | None = None
        self._stopwatch: TurnWatch | None = None
        self._history: deque[Utterance] = deque(brief.history, maxlen=HISTORY_MAX)
        self._unanswered: deque[str] = deque(maxlen=UNANSWERED_MAX)

    @property
    def leg(self) -> AgentLeg:
        """This conversation's place in a room."""
        return self._leg

    def start(self, voice: bool) -> None:
        """See AgentSession.start. Without a working ear or voice the session stays in text, and says so."""
        if self._over:
            return
        if voice and not self._voice_on:
            self._open_voice()
        elif not voice and self._voice_on:
            self._close_voice()
        if not self._greeted:
            self._greeted = True
            self._greet()

    def hear_text(self, text: str) -> None:
        """See AgentSession.hear_text."""
        if self._over or not text.strip():
            return
        self._stop_talking()
        self._stop_hearing()
        self._watch.words()
        self._visitor_said(new_uid("msg"), text.strip(), via="text")
        self._talk(self._answer(TurnWatch(self._clock)), "answer")

    def hold_turn(self) -> None:
        """See AgentSession.hold_turn."""
        if self._ear is not None:
            self._ear.hold()

    def finish_turn(self) -> None:
        """See AgentSession.finish_turn."""
        if self._ear is not None and not self._over and self._ear.finish() is Signal.OVER:
            self._end_of_utterance(self._ear)

    def interrupt(self) -> None:
        """See AgentSession.interrupt."""
        if self._talking is not None and not self._over:
            self._stop_talking()
            self._unanswered.clear()
            self._become(AgentState.THINKING if self._turns else AgentState.LISTENING)

    async def close(self) -> None:
        """See AgentSession.close. A message under way ends with what arrived of it."""
        self._over = True
        self._stop_talking()
        self._stop_hearing()
        self._leg.leave()
        await self._tasks.close()

    # The room's side: a frame each way every 20 ms.

    def _hear(self, frame: Frame) -> None:
        if self._ear is None or self._over:
            return
        signal = self._ear.hear(frame, cautious=self._state is not AgentState.LISTENING)
        if signal is Signal.ONSET:
            self._visitor_speaks()
        elif signal is Signal.OVER:
            self._end_of_utterance(self._ear)
        elif signal is Signal.FALSE_ALARM:
            self._take_the_word(TurnWatch(self._clock))
        elif self._talking is None and not self._turns and not self._ear.in_utterance:
            self._quiet(self._watch.hear(frame))

    def _speak(self, visitor_is_silent: bool) -> Frame | None:
        # No frames come from a muted or lost microphone: for an utterance under way that is silence.
        if visitor_is_silent and self._ear is not None and self._ear.in_utterance:
            self._hear(silence())
        return self._mouth.read() if self._voice_on else None

    def _visitor_speaks(self) -> None:
        self._watch.sound()
        if self._talking is not None:
            self._mouth.suspend()
            self._become(AgentState.LISTENING)

    def _end_of_utterance(self, ear: Ear) -> None:
        self._become(AgentState.THINKING)
        turn = ear.take()
        self._turns.append((turn, TurnWatch(self._clock, turn.silence_s)))
        if self._hearing is None:
            self._hearing = self._tasks.spawn(self._hear_turns(), "hearing")

    async def _hear_turns(self) -> None:
        """What was said, in the order in which it was said, until nothing waits to be recognised."""
        while self._turns:
            turn, stopwatch = self._turns[0]
            heard = await turn.heard()
            self._turns.popleft()
            if self._talking is not None and not heard.is_sure and not asks_to_stop(heard.text):
                heard = Heard("")  # "mm-hm" is no reason to stop
            stopwatch.recognised()
            if heard.text or heard.failed:
                self._stop_talking()
            if heard.text:
                self._watch.words()
                self._visitor_said(turn.id, heard.text, via="voice")
            self._take_the_word(stopwatch, failed=heard.failed)
        self._hearing = None

    def _take_the_word(self, stopwatch: TurnWatch, failed: bool = False) -> None:
        """The visitor was heard: go on with what was suspended, answer, or wait, unless more of theirs is to come."""
        if self._over or self._turns or (self._ear is not None and self._ear.in_utterance):
            return
        if self._talking is not None:
            self._mouth.resume()
            self._become(AgentState.SPEAKING if self._mouth.has_begun else AgentState.THINKING)
        elif self._unanswered:
            self._talk(self._answer(stopwatch), "answer")
        elif failed:
            self._talk(self._deliver_phrase(self._phrases.trouble), "trouble")
        else:
            self._done_talking()

    def _stop_hearing(self) -> None:
        """Forget what is being said, and what was said and is not recognised yet; of both, keep what was told."""
        turns = [turn for turn, _ in self._turns]
        self._turns.clear()
        for turn in turns:
            turn.recognition.cancel()
            self._settle(turn.so_far)
        self._settle(self._ear.reset() if self._ear is not None else None)
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            hearing.cancel()

    def _quiet(self, quiet: Quiet | None) -> None:
        match quiet:
            case Quiet.CANNOT_HEAR:
                self._announce(Noticed("cannot_hear_you"))
            case Quiet.ASK:
                self._talk(self._deliver_phrase(self._phrases.still_there), "still-there")
            case Quiet.LEAVE:
                self._talk(self._deliver_phrase(self._phrases.silence_goodbye, ending="silence"), "leaving")
            case None:
                pass

    # Voice comes and goes.

    def _open_voice(self) -> None:
        language = self._brief.language
        try:
            vad = self._source.new_vad()
        except SpeechFailed as failure:
            _log.warning("no voice for this conversation", reason=str(failure))
            self._announce(Noticed("voice_unavailable"))
            return
        if self._source.stt_for(language) is None or self._source.tts_for(language) is None:
            self._announce(Noticed("voice_unavailable"))
            return
        self._ear = Ear(vad, self._source, language, self._tasks, self._visitor_is_saying, self._tuning.listening)
        self._voice_on = True
        self._watch.sound()

    def _close_voice(self) -> None:
        self._voice_on = False
        if self._ear is not None:
            self._settle(self._ear.reset())
            self._ear = None
        self._mouth.go_silent()
        if self._talking is None:
            self._take_the_word(TurnWatch(self._clock))

    def _greet(self) -> None:
        if self._voice_on:
            self._talk(self._deliver_phrase(self._phrases.greeting), "greeting")
            return
        # Written at once: whoever called start() may read it right after.
        self._announce(Spoken(new_uid("msg"), "agent", self._phrases.greeting, final=True, via="text"))

    # One task talks at a time.

    def _talk(self, work: Coroutine[None, None, None], name: str) -> None:
        self._mouth.resume()
        self._become(AgentState.THINKING)
        self._talking = self._tasks.spawn(work, name)

    def _stop_talking(self) -> None:
        """End the task that talks, now, and announce what became of its message."""
        talking, self._talking = self._talking, None
        delivery, self._delivery = self._delivery, None
        self._stopwatch = None
        if talking is not None:
            talking.cancel()
        if delivery is not None and delivery.cut():
            self._unanswered.clear()

    def _done_talking(self) -> None:
        self._talking = self._delivery = self._stopwatch = None
        self._watch.sound()
        self._become(AgentState.LISTENING)

    def _visitor_said(self, uid: str, text: str, via: str) -> None:
        self._unanswered.append(text)
        self._announce(Spoken(uid, "user", text, final=True, via=via))

    def _visitor_is_saying(self, words: Interim) -> None:
        self._stop_talking()
        self._announce(Spoken(words.id, "user", words.text, final=False, via="voice"))

    def _settle(self, words: Interim | None) -> None:
        """Nothing more comes of what the visitor was saying: what the page shows of it is what was said."""
        if words is not None:
            self._announce(Spoken(words.id, "user", words.text, final=True, via="voice"))

    async def _answer(self, stopwatch: TurnWatch) -> None:
        stopwatch.recognised()
        self._stopwatch = stopwatch
        # Words the visitor went on from before any answer came belong to the question.
        question = " ".join(self._unanswered)
        asked = len(self._unanswered)
        history = tuple(self._history)[:-asked] if asked < len(self._history) else ()
        turn = Turn(question, self._brief.language, self._voice_on, history)
        delivery = self._open_delivery()
        ending: str | None = None
        try:
            ending = await self._give_answer(turn, delivery, stopwatch)
        except Exception as failure:  # noqa: BLE001  # whatever an engine raises must not leave the visitor without a word
            # Its message, or a traceback, could hold what the visitor said: only the kind and the place are kept.
            place = traceback.extract_tb(failure.__traceback__)[-1]
            where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
            _log.warning("answering failed", reason=type(failure).__name__, where=where)
            await delivery.say(self._phrases.trouble)
        await self._close_delivery(delivery, ending)

    async def _give_answer(self, turn: Turn, delivery: Delivery, stopwatch: TurnWatch) -> str | None:
        """Deliver every part of the answer; the reason when it ends the conversation."""
        ending = None
        async with contextlib.aclosing(self._responder.answer(turn)) as parts:
            while True:
                async with asyncio.timeout(ANSWER_PART_TIMEOUT_S):
                    part = await anext(parts, None)
                if part is None:
                    return ending
                if isinstance(part, Say):
                    stopwatch.answered()
                    await delivery.say(part.text)
                elif isinstance(part, HandOff):
                    self._announce(Noticed("handoff_offered"))
                elif isinstance(part, FellBack):
                    self._announce(Noticed("engine_fallback"))
                else:
                    ending = "goodbye"

    async def _deliver_phrase(self, text: str, ending: str | None = None) -> None:
        delivery = self._open_delivery()
        await delivery.say(text)
        await self._close_delivery(delivery, ending)

    def _open_delivery(self) -> Delivery:
        choice = VoiceChoice(self._brief.language, self._brief.agent.voice)
        self._delivery = Delivery(self._announce, self._mouth, self._source, choice, aloud=self._voice_on)
        return self._delivery

    async def _close_delivery(self, delivery: Delivery, ending: str | None) -> None:
        await delivery.finish()
        self._unanswered.clear()
        self._measure(TEXT_PATH)
        if ending is not None:
            self._over = True
        self._done_talking()
        if ending is not None:
            self._announce(Ended(ending))

    # What the mouth tells.

    def _sound_begins(self) -> None:
        self._become(AgentState.SPEAKING)
        if self._delivery is not None:
            self._measure(self._delivery.path)

    def _sentence_begins(self) -> None:
        if self._delivery is not None:
            self._delivery.reached()

    def _measure(self, path: str) -> None:
        measured = self._stopwatch.measure(path) if self._stopwatch is not None else None
        if measured is not None:
            self._announce(measured)

    def _become(self, state: AgentState) -> None:
        if state is not self._state:
            self._state = state
            self._announce(StateChanged(state))

    def _announce(self, event: AgentEvent) -> None:
        if isinstance(event, Spoken) and event.final:
            self._history.append(Utterance(event.role, event.text))
        self._announce_event(event)
