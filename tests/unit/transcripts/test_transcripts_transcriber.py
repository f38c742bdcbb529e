"""A leg becoming words: when they come, at what times, in which order, and what happens when engines fail."""

import asyncio
from dataclasses import dataclass, field

import numpy as np

from server.media.frame import FRAME_SAMPLES, Frame, Samples, silence
from server.speech.port import SpeechFailed, Transcript, VoiceActivity
from server.transcripts import Heard, RecognitionQueue, Transcriber
from server.transcripts.recognition import FINALS_MAX
from server.transcripts.transcriber import GAP
from tests.unit.speech.speech_fakes import LoudnessVad

LOUD: Frame = np.full(FRAME_SAMPLES, 9_000, np.int16)


@dataclass
class SecondsEngine:
    """Recognises how long it was given to hear, when it is let."""

    works: bool = True
    is_idle: bool = True
    heard: list[float] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return "seconds"

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        await self.gate.wait()
        self.heard.append(len(speech) / 16_000)
        if not self.works:
            raise SpeechFailed("the engine broke")
        return Transcript(f"about {round(len(speech) / 16_000)} seconds", language or "en", 0.0)


@dataclass
class Line:
    """One leg with its transcriber."""

    engine: SecondsEngine
    queue: RecognitionQueue
    vad: VoiceActivity
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transcriber = Transcriber(self.engine, self.vad, "en", self.queue, self.heard.append)

    async def hear(self, frame: Frame, seconds: float) -> None:
        for tick in range(round(seconds / 0.02)):
            self.transcriber.hear(frame)
            if tick % 25 == 0:
                await asyncio.sleep(0)


async def loudness() -> VoiceActivity:
    model = LoudnessVad()
    await model.load()
    return model.listener()


async def line(works: bool = True, open_gate: bool = True) -> Line:
    made = Line(SecondsEngine(works), RecognitionQueue(), await loudness())
    if open_gate:
        made.engine.gate.set()
    return made


async def test_what_is_being_said_is_shown_and_then_what_was_said_with_its_times() -> None:
    one = await line()
    await one.hear(silence(), 1.0)
    await one.hear(LOUD, 4.0)
    await one.hear(silence(), 1.0)
    await one.transcriber.close()
    partials, finals = [said for said in one.heard if not said.final], [said for said in one.heard if said.final]
    assert partials
    assert {said.id for said in one.heard} == {finals[0].id}
    assert one.heard[-1] is finals[0]
    assert abs(finals[0].t0_ms - 1_000) <= 500  # the syllable before the onset is kept
    assert abs(finals[0].t1_ms - 5_000) <= 100
    await one.queue.close()


async def test_who_is_cut_off_by_the_end_of_the_call_is_still_recognised() -> None:
    one = await line()
    await one.hear(LOUD, 1.0)
    await one.transcriber.close()
    await one.transcriber.close()
    assert [(said.final, said.text) for said in one.heard] == [(True, "about 1 seconds")]
    await one.queue.close()


async def test_long_speech_is_cut_into_pieces_that_follow_each_other() -> None:
    one = await line()
    await one.hear(LOUD, 40.0)
    await one.transcriber.close()
    finals = [said for said in one.heard if said.final]
    assert len(finals) == 3
    assert all(later.t0_ms >= earlier.t0_ms + 10_000 for earlier, later in zip(finals, finals[1:], strict=False))
    await one.queue.close()


async def test_what_could_not_be_recognised_leaves_a_gap_that_shows() -> None:
    one = await line(works=False)
    await one.hear(LOUD, 2.0)
    await one.hear(silence(), 1.0)
    await one.transcriber.close()
    assert [(said.final, said.text) for said in one.heard] == [(True, GAP)]
    await one.queue.close()


async def test_partials_wait_for_nobody_and_nobody_for_them() -> None:
    one = await line(open_gate=False)
    other = Line(one.engine, one.queue, await loudness())
    await one.hear(LOUD, 2.0)  # a partial is taken, and the engine is busy with it
    await other.hear(LOUD, 5.0)
    await other.hear(silence(), 1.0)
    one.engine.gate.set()
    await other.transcriber.close()
    assert [said.final for said in other.heard] == [True]
    await one.transcriber.close()
    await one.queue.close()


async def test_a_queue_that_is_full_says_so_instead_of_growing() -> None:
    queue, engine, told = RecognitionQueue(), SecondsEngine(), []
    for _ in range(FINALS_MAX + 3):
        queue.add_final(engine, np.zeros(320, np.int16), "en", told.append)
    assert told == [None, None, None]
    engine.gate.set()
    await queue.close()
    assert len(told) == FINALS_MAX + 3
