"""A caller never waits behind answers that are spoken ahead: their pieces are short, and give way."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from speech_fakes import ToneVoice

from server.media.frame import Samples
from server.speech.cache import CachedSpeech, SoundCache
from server.speech.pool import EnginePool
from server.speech.providers.clauses import Clause
from server.speech.providers.piecewise import speak_in_pieces
from server.speech.speaker import REST_S, Speaker, SpeakingLoad
from server.speech.streams import closing
from tests.fakes.clock import FakeClock

ANSWER = (
    "We are open from Monday to Saturday, and when you come to us with the receipt of the thing that you have bought "
    "in the past thirty days we give you back what you paid for it in full without a single question about why."
)
LATE_S = 0.5  # of real time, in which a voice that may speak does
LONGEST = 58  # SHORT_CHARS, and the little more that a whole clause may be


class OneAtATime:
    """An engine with a pool of one worker, as Kokoro is; each piece is made when the test lets it."""

    name = "one-at-a-time"

    def __init__(self, pool: EnginePool) -> None:
        self._pool = pool
        self._may = threading.Semaphore(0)
        self.begun: list[str] = []

    def let(self, pieces: int) -> None:
        self._may.release(pieces)

    async def has_begun(self, pieces: int) -> None:
        async with asyncio.timeout(60):
            while len(self.begun) < pieces:  # noqa: ASYNC110  # the engine's thread cannot set an event of the loop
                await asyncio.sleep(0.001)

    def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        return speak_in_pieces(text, self._speak, self._pool)

    def _speak(self, piece: Clause) -> Samples:
        self.begun.append(piece.text)
        assert self._may.acquire(timeout=30)
        return np.full(1600, 1000, dtype=np.int16)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def pool(clock: FakeClock) -> AsyncIterator[EnginePool]:
    pool = EnginePool("synthesis", quiet_s=5, clock=clock)
    yield pool
    await pool.close()


@pytest.fixture
async def engine(pool: EnginePool) -> AsyncIterator[OneAtATime]:
    engine = OneAtATime(pool)
    yield engine
    engine.let(100)


def speaker(*engines: OneAtATime | ToneVoice, first_sound_s: float = 60, clock: FakeClock | None = None) -> Speaker:
    sounds = SoundCache()
    return Speaker([CachedSpeech(engine, sounds) for engine in engines], SpeakingLoad({}, clock), first_sound_s)


async def hear(voice: Speaker, text: str, told: list[str]) -> int:
    return sum([len(piece) async for piece in voice.synthesize(text, "en", None, told.append)])


async def test_a_caller_waits_for_one_short_piece_at_most(engine: OneAtATime, clock: FakeClock) -> None:
    voice, told = speaker(engine), list[str]()
    preparing = asyncio.create_task(voice.prepare([ANSWER], "en", None))
    await engine.has_begun(1)
    engine.let(2)
    await engine.has_begun(3)  # the third piece of the answer is under way when somebody asks
    caller = asyncio.create_task(hear(voice, "It is behind the old mill.", told))
    await clock.advance(0)
    engine.let(1)
    await engine.has_begun(4)
    assert engine.begun[3] == "It is behind the old mill."
    engine.let(1)
    assert await caller == 1600
    assert told == [engine.name]
    await clock.advance(4)
    assert len(engine.begun) == 4  # and it stays quiet for the caller's next question
    engine.let(50)
    async with asyncio.timeout(60):
        while not preparing.done():
            await clock.advance(1)
            await asyncio.sleep(0.001)
    assert await preparing == 1
    assert voice.is_cached(ANSWER, "en", None)


async def test_what_is_spoken_ahead_is_cut_short_and_what_is_spoken_now_is_not(engine: OneAtATime) -> None:
    engine.let(100)
    voice = speaker(engine)
    await voice.prepare([ANSWER], "en", None)
    ahead = engine.begun
    assert " ".join(ahead) == ANSWER
    assert max(map(len, ahead)) <= LONGEST
    engine.begun = []
    await hear(speaker(engine), ANSWER, [])
    assert " ".join(engine.begun) == ANSWER
    assert max(map(len, engine.begun)) > 1.5 * LONGEST


async def test_a_voice_that_is_late_with_its_first_sound_is_passed_over(engine: OneAtATime) -> None:
    told: list[str] = []
    assert await hear(speaker(engine, ToneVoice("plain"), first_sound_s=0.01), "hello", told) == 1600
    assert told == ["plain"]


async def test_a_voice_that_was_late_rests_before_it_is_asked_again(clock: FakeClock) -> None:
    slow, plain, told = ToneVoice("slow"), ToneVoice("plain"), list[str]()
    slow.gate.clear()
    voice = speaker(slow, plain, first_sound_s=LATE_S, clock=clock)
    await hear(voice, "first sentence", told)
    slow.gate.set()
    await hear(voice, "second sentence", told)
    assert (told, slow.spoken) == (["plain", "plain"], ["first sentence"])
    await clock.advance(REST_S)
    await hear(voice, "third sentence", told)
    assert told == ["plain", "plain", "slow"]


async def test_the_last_voice_may_take_its_time(engine: OneAtATime) -> None:
    told: list[str] = []
    caller = asyncio.create_task(hear(speaker(engine, first_sound_s=0), "hello", told))
    await engine.has_begun(1)
    engine.let(1)
    assert (await caller, told) == (1600, [engine.name])


async def test_a_voice_that_has_begun_may_pause() -> None:
    """The limit is for the first sound: what comes later plays from the listener's buffer."""
    fine, told = ToneVoice("fine"), list[str]()
    voice = speaker(fine, ToneVoice("plain"), first_sound_s=LATE_S)
    async with closing(voice.synthesize("hello you", "en", None, told.append)) as pieces:
        await anext(pieces)
        fine.gate.clear()
        asyncio.get_running_loop().call_later(1.2 * LATE_S, fine.gate.set)  # longer than the limit
        await anext(pieces)
    assert told == ["fine"]
