"""The agent's mouth: sentences become frames a little ahead of time, and it knows which words were heard."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from server.agents.speech_source import Voice
from server.media.frame import FRAME_S, FRAME_SAMPLES, Frame, Samples, silence
from server.speech.port import SpeechFailed

_BUFFER_FRAMES = round(8.0 / FRAME_S)
_RESUME_BELOW_FRAMES = round(3.0 / FRAME_S)  # synthesis goes on when less than this is left to play
_SENTENCE_PAUSE_FRAMES = round(0.24 / FRAME_S)
_PIECE_TIMEOUT_S = 20.0
_STALLED_S = 15.0  # nobody has taken a frame for so long: nobody hears us
_SUSPENDED_STALLS = 4  # so many times longer while suspended: above the longest utterance and its recognition
_REWIND_MIN_FRAMES = round(0.3 / FRAME_S)
_REWIND_MAX_FRAMES = round(1.0 / FRAME_S)
_WORDS_PER_S = 2.6  # how fast voices speak, for a sentence whose length is not known yet


@dataclass
class _Sentence:
    text: str
    start: int  # in frames of this message
    end: int | None = None  # None while it is being synthesised


class Mouth:
    """One message at a time: begin(), say() each sentence, drained(). `read()` is the room's side.

    Between suspend() and resume() nothing is read, while synthesis goes on up to the bounds of the buffer.
    `on_first_sound` is called when the first frame of a message is taken, `on_reached` whenever another sentence
    begins to be heard.
    """

    def __init__(self, on_first_sound: Callable[[], None], on_reached: Callable[[], None]) -> None:
        self._on_first_sound = on_first_sound
        self._on_reached = on_reached
        self._frames: deque[Frame] = deque()
        self._rest: Samples = np.zeros(0, dtype=np.int16)
        self._sentences: list[_Sentence] = []
        self._pushed = 0
        self._played = 0
        self._reached = 0
        self._taken = asyncio.Event()  # set whenever a frame was taken
        self._silenced = False
        self._suspended = False
        self._begun = False
        self._recent: deque[Frame] = deque(maxlen=_REWIND_MAX_FRAMES)

    @property
    def has_begun(self) -> bool:
        """Whether some of this message was heard."""
        return self._begun

    def begin(self) -> None:
        """A new message; what is left of the last one is dropped."""
        self.clear()
        self._silenced = False

    def clear(self) -> None:
        """Forget the message and everything not heard yet."""
        self._frames.clear()
        self._recent.clear()
        self._begun = False
        self._rest = np.zeros(0, dtype=np.int16)
        self._sentences = []
        self._pushed = self._played = self._reached = 0
        self._taken.set()

    def go_silent(self) -> None:
        """Nobody hears us any more: the rest of the message is only read."""
        self._silenced = True
        self._suspended = False
        self._frames.clear()
        self._recent.clear()
        self._reach(everything=True)
        self._taken.set()

    def suspend(self) -> None:
        """Fall silent at once; what was to come stays."""
        self._suspended = True

    def resume(self) -> None:
        """Go on, from the last little pause before the break, so that no word is heard by half."""
        if not self._suspended:
            return
        self._suspended = False
        again = _since_a_pause(self._recent)
        for _ in range(again):
            self._frames.appendleft(self._recent.pop())
        self._played -= again

    def read(self) -> Frame | None:
        """The next frame, or None when there is nothing to say, or not yet."""
        if self._suspended or not self._frames:
            return None
        frame = self._frames.popleft()
        self._recent.append(frame)
        self._played += 1
        self._taken.set()
        if not self._begun:
            self._begun = True
            self._on_first_sound()
        self._reach()
        return frame

    async def say(
        self, text: str, language: str, voice: str | None, engine: Voice, on_engine: Callable[[str], None] | None = None
    ) -> None:
        """Synthesise `text` into the buffer; returns when all of it is there. Raises SpeechFailed."""
        if self._silenced:
            self.show(text)
            return
        if self._pushed:
            for _ in range(_SENTENCE_PAUSE_FRAMES):
                self._push(silence())
        sentence = _Sentence(text, self._pushed)
        self._sentences.append(sentence)
        try:
            async with _closing(engine, text, language, voice, on_engine) as pieces:
                while (piece := await self._next(pieces)) is not None:
                    await self._take_in(piece)
                    if self._silenced:
                        return
            if len(self._rest):
                self._push(np.concatenate([self._rest, np.zeros(FRAME_SAMPLES - len(self._rest), dtype=np.int16)]))
                self._rest = np.zeros(0, dtype=np.int16)
        finally:
            sentence.end = self._pushed

    def show(self, text: str) -> None:
        """A sentence without sound: it counts as heard when everything before it was."""
        self._sentences.append(_Sentence(text, self._pushed, self._pushed))
        self._reach(everything=not self._frames)

    async def drained(self) -> None:
        """Wait until everything was taken."""
        while self._frames:
            await self._wait_for_listener()
        self._recent.clear()
        self._reach(everything=True)

    @property
    def shown(self) -> str:
        """The sentences that have begun to be heard, whole."""
        return " ".join(sentence.text for sentence in self._sentences[: self._reached])

    def heard(self) -> str:
        """The words that were heard, as well as can be told."""
        if self._silenced:
            return self.shown
        words: list[str] = []
        for sentence in self._sentences[: self._reached]:
            if sentence.end is not None and sentence.end <= self._played:
                words.append(sentence.text)
                continue
            spoken = sentence.text.split()
            played_s = (self._played - sentence.start) * FRAME_S
            if sentence.end is None:
                count = round(played_s * _WORDS_PER_S)
            else:
                count = round(len(spoken) * played_s / max((sentence.end - sentence.start) * FRAME_S, FRAME_S))
            words += spoken[: max(1, count)]
        return " ".join(words)

    async def _next(self, pieces: AsyncGenerator[Samples, None]) -> Samples | None:
        # Synthesis is asked for more only when what is there will soon be played.
        while len(self._frames) > _RESUME_BELOW_FRAMES:
            await self._wait_for_listener()
        try:
            async with asyncio.timeout(_PIECE_TIMEOUT_S):
                return await anext(pieces, None)
        except TimeoutError as slow:
            raise SpeechFailed(f"no sound within {_PIECE_TIMEOUT_S:g} s") from slow

    async def _take_in(self, piece: Samples) -> None:
        samples = np.concatenate([self._rest, piece])
        whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = samples[whole:]
        for frame in samples[:whole].reshape(-1, FRAME_SAMPLES):
            while len(self._frames) >= _BUFFER_FRAMES:
                await self._wait_for_listener()
            if self._silenced:
                return
            self._push(frame)

    def _push(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._pushed += 1

    async def _wait_for_listener(self) -> None:
        self._taken.clear()
        for stalls in range(1, _SUSPENDED_STALLS + 1):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STALLED_S):
                    await self._taken.wait()
                return
            if not self._suspended or stalls == _SUSPENDED_STALLS:
                self.go_silent()
                return

    def _reach(self, everything: bool = False) -> None:
        before = self._reached
        while self._reached < len(self._sentences):
            if not everything and self._sentences[self._reached].start >= self._played:
                break
            self._reached += 1
        if self._reached > before:
            self._on_reached()


def _since_a_pause(recent: Sequence[Frame]) -> int:
    """How many of the last frames to say again: back to the quietest one 0.3 to 1 s ago, or all when there are few."""
    if len(recent) <= _REWIND_MIN_FRAMES:
        return len(recent)
    loudness = [int(np.abs(frame.astype(np.int32)).sum()) for frame in recent]
    back = range(_REWIND_MIN_FRAMES, len(recent) + 1)
    return min(back, key=lambda frames: loudness[-frames])


@contextlib.asynccontextmanager
async def _closing(
    engine: Voice, text: str, language: str, voice: str | None, on_engine: Callable[[str], None] | None
) -> AsyncGenerator[AsyncGenerator[Samples, None], None]:
    """The engine's sound, closed when we leave early: until then the engine counts as busy."""

    async def pieces() -> AsyncGenerator[Samples, None]:
        stream = engine.synthesize(text, language, voice, on_engine)
        try:
            async for piece in stream:
                yield piece
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    async with contextlib.aclosing(pieces()) as sound:
        yield sound
