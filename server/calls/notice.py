"""What is said before a call is kept: that it is recorded, or whether it may be; and what was answered."""

import asyncio
from collections.abc import Callable, Sequence

from server.calls.announcements import TEXT_VERSION, call_is_recorded, may_it_be_recorded
from server.calls.call_services import CallServices, OnWords
from server.calls.ledger import Ledger
from server.calls.participants import Participant, Presence
from server.calls.room import VOICELESS
from server.calls.scene import CallScene
from server.calls.store import Call, Consent
from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Role
from server.tenants.keeping import Notice

ANSWER_S = 8.0  # after the question
_ANSWERS = {"1": Consent.GIVEN, "2": Consent.REFUSED}


class RecordingNotice:
    """Of one call. Nothing is kept of who was not told first; without consent nothing at all, and the call goes on."""

    def __init__(
        self, ledger: Ledger, scene: CallScene, services: CallServices, tasks: TaskScope, show: Callable[[], None]
    ) -> None:
        """`show`: the pages of the call, what has changed."""
        self._ledger = ledger
        self._scene = scene
        self._services = services
        self._tasks = tasks
        self._show = show
        self._sentence: Sequence[Frame] = ()
        self._is_spoken, self._is_answered, self._is_played = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._customer: Participant | None = None  # while asked
        self._answer: Consent | None = None
        self._is_telling = self._is_over = False

    @property
    def _call(self) -> Call:
        return self._ledger.call

    def prepare(self) -> None:
        """While it rings: who answers should not wait for a voice."""
        if self._call.notice is not Notice.OFF:
            self._tasks.spawn(self._speak(), "speak the notice")

    def meet(self, one: Participant) -> Participant:
        """Somebody comes to the call; who has to be told first, is."""
        one.may_be_kept = self._call.notice is Notice.OFF or one.role is Role.AI
        return one

    def joined(self) -> None:
        """Somebody can be heard, perhaps in the middle of what is kept."""
        if self._scene.capture is not None and not self._is_telling and not self._is_over and self._untold():
            self._is_telling = True
            self._tasks.spawn(self._tell_newcomers(), "tell newcomers")

    def awaits(self, one: Participant) -> bool:
        """Whether the keys that `one` presses are an answer."""
        return one is self._customer

    def press(self, one: Participant, digit: str) -> None:
        """Other keys than the two that were named answer nothing."""
        if self.awaits(one) and digit in _ANSWERS:
            self._answer = _ANSWERS[digit]
            self._is_answered.set()

    async def begin_capture(self, customer: Participant, on_words: OnWords) -> None:
        """Begin to record and transcribe, once that may be; returns at the latest when close() was called."""
        if self._call.notice is not Notice.OFF:
            consent = await self._obtain(customer)
            if self._is_over:
                return
            record = {"leg": customer.uid, "text": TEXT_VERSION, "language": self._call.language}
            by_key = {"key": {"given": "1", "refused": "2"}[consent.value]} if consent in _ANSWERS.values() else {}
            self._ledger.decide(consent, record | by_key, self._show)
        if not self._call.may_be_kept:
            return
        capture = await self._services.keepsakes.open(self._call, on_words)
        if self._is_over:
            await capture.finish()
            return
        self._scene.begin_capture(capture)
        self.joined()

    def close(self) -> None:
        """The call is over: nobody waits for an answer. Idempotent."""
        self._is_over = True
        for event in (self._is_spoken, self._is_answered, self._is_played):
            event.set()

    async def _obtain(self, customer: Participant) -> Consent:
        await self._is_spoken.wait()
        if not self._sentence and not self._is_over:
            await self._speak()  # a voice may be there since
        if not self._sentence:
            return Consent.UNSPOKEN
        if self._call.notice is Notice.ANNOUNCE:
            await self._tell(self._sentence)
            return Consent.ANNOUNCED
        self._customer = customer
        await self._tell(self._sentence)
        late = self._tasks.spawn(self._stop_waiting(), "wait for an answer")
        await self._is_answered.wait()
        late.cancel()
        self._customer = None
        return self._answer or Consent.UNANSWERED

    async def _speak(self) -> None:
        words = may_it_be_recorded if self._call.notice is Notice.ASK else call_is_recorded
        try:
            self._sentence = await words(self._call.language, self._services.say)
        finally:
            self._is_spoken.set()

    async def _stop_waiting(self) -> None:
        await self._services.clock.sleep(ANSWER_S)
        self._is_answered.set()

    async def _tell_newcomers(self) -> None:
        """Whoever came while others were told hears it the next time."""
        try:
            sentence = await call_is_recorded(self._call.language, self._services.say)
            while sentence and not self._is_over and self._untold():
                await self._tell(sentence)
        finally:
            self._is_telling = False

    async def _tell(self, sentence: Sequence[Frame]) -> None:
        """Play it to everybody; who was there from its first word is told."""
        audience = self._untold()
        if self._is_over:
            return
        self._is_played.clear()
        self._scene.play(sentence, self._is_played.set)
        await self._is_played.wait()
        if not self._is_over:
            for one in audience:
                if one.presence is Presence.JOINED:
                    self._scene.keep(one)

    def _untold(self) -> list[Participant]:
        return [
            one
            for one in self._scene.participants.values()
            if one.presence is Presence.JOINED and not one.may_be_kept and one.role not in VOICELESS
        ]
