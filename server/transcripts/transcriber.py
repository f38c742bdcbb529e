"""One leg of a call becoming words: where somebody speaks, what is being said, what was said."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from server.agents.listening import ListeningLimits, Signal, TurnDetector
from server.kit.ids import new_uid
from server.media.frame import FRAME_MS, SAMPLE_RATE_HZ, Frame
from server.speech.port import SpeechToText, VoiceActivity
from server.transcripts.recognition import RecognitionQueue

LIMITS = ListeningLimits(end_of_turn_s=0.6, longest_utterance_s=15.0)
PARTIAL_EVERY_MS = 1_500
CLOSE_WAIT_S = 15.0
GAP = "[…]"  # something was said, and could not be recognised


@dataclass(frozen=True)
class Heard:
    """Words of this leg. The same `id` comes again with longer text until `final`; no text takes it back."""

    id: str
    text: str = field(repr=False)
    final: bool
    t0_ms: int
    t1_ms: int


class Transcriber:
    """Give it every frame of one leg, silence included: it counts them to know the time."""

    def __init__(
        self,
        engine: SpeechToText,
        vad: VoiceActivity,
        language: str,
        queue: RecognitionQueue,
        on_heard: Callable[[Heard], None],
        since_ms: int = 0,
    ) -> None:
        """`since_ms`: when its first frame is, of the time that all legs count in."""
        self._engine = engine
        self._turns = TurnDetector(vad, LIMITS)
        self._language = language
        self._queue = queue
        self._on_heard = on_heard
        self._now_ms = since_ms
        self._id = ""
        self._began_ms = 0
        self._partial_at_ms = 0
        self._shown = False
        self._pending = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._closed = False
        self._given_up = False

    def hear(self, frame: Frame) -> None:
        """The next 20 ms. Never blocks."""
        if self._closed:
            return
        self._now_ms += FRAME_MS
        signal = self._turns.hear(frame)
        if signal is Signal.ONSET:
            self._begin()
        elif signal is Signal.OVER:
            self._finish()
        elif self._turns.in_utterance and self._now_ms - self._partial_at_ms >= PARTIAL_EVERY_MS:
            self._show_partial()

    async def close(self) -> None:
        """Recognise what was being said, and wait for it a bounded time. Idempotent."""
        if not self._closed:
            self._closed = True
            if self._turns.in_utterance:
                self._finish()
        try:
            async with asyncio.timeout(CLOSE_WAIT_S):
                await self._settled.wait()
        except TimeoutError:
            self._given_up = True
            self._on_heard(Heard(self._id, GAP, True, self._began_ms, self._now_ms))

    def _begin(self) -> None:
        self._id = new_uid("seg")
        self._shown = False
        said_ms = len(self._turns.utterance()) * 1_000 // SAMPLE_RATE_HZ
        self._began_ms = max(0, self._now_ms - said_ms)
        self._partial_at_ms = self._now_ms

    def _show_partial(self) -> None:
        self._partial_at_ms = self._now_ms
        key, began_ms, now_ms = self._id, self._began_ms, self._now_ms

        def told(text: str | None) -> None:
            if text and key == self._id and self._turns.in_utterance:
                self._shown = True
                self._on_heard(Heard(key, text, False, began_ms, now_ms))

        self._queue.add_partial(self._engine, self._turns.utterance(), self._language, told)

    def _finish(self) -> None:
        key, began_ms, shown = self._id, self._began_ms, self._shown
        end_ms = max(began_ms + FRAME_MS, self._now_ms - round(self._turns.silence_s * 1_000))
        self._pending += 1
        self._settled.clear()

        def told(text: str | None) -> None:
            self._pending -= 1
            if self._pending == 0:
                self._settled.set()
            if self._given_up:
                return
            words = GAP if text is None else text
            if words or shown:
                self._on_heard(Heard(key, words, True, began_ms, end_ms))

        self._queue.add_final(self._engine, self._turns.utterance(), self._language, told)
        self._turns.reset()
