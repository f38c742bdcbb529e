"""Live transcription: words wrong, CPU and delay beside Whisper on the whole file; and what it does to an agent.

    python -m bench.transcripts

People's recorded sentences (Debian's Asterisk prompts) in French, English and Spanish, one leg each, all three at once
at their real pace, while a visitor talks with an agent and is recognised live. Takes about a minute.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from server.kit.clock import SystemClock
from server.media.frame import FRAME_S, FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from server.speech.engines import SpeechEngines
from server.speech.port import SpeechToText
from server.speech.providers import offline_engines
from server.transcripts import Heard, Transcriber
from server.transcripts.recognition import RecognitionQueue
from server.transcripts.transcriber import LIMITS
from tests.fixtures.speech.prompts import Prompt, human_prompts, word_errors
from tests.fixtures.speech.questions import CACHE, question

LANGUAGES = ("en", "fr", "es")
SENTENCES = 7
GAP_S = 1.5
FILE_MAX_S = 28.0  # Whisper hears half a minute at once
QUESTION = "What time do you open on Saturday?"
ASK_EVERY_S = 3.0
ASKED_ALONE = 5


@dataclass
class Script:
    """What one leg says: sentences with a pause after each."""

    language: str
    prompts: Sequence[Prompt]
    heard: list[Heard] = field(default_factory=list)
    partials: int = 0
    delays_s: list[float] = field(default_factory=list)
    began: float = 0.0

    @property
    def words(self) -> str:
        return " ".join(prompt.words for prompt in self.prompts)

    @property
    def speech_s(self) -> float:
        return sum(len(prompt.sound) for prompt in self.prompts) / SAMPLE_RATE_HZ

    def sound(self) -> Samples:
        pause = np.zeros(int(GAP_S * SAMPLE_RATE_HZ), dtype=np.int16)
        return np.concatenate([piece for prompt in self.prompts for piece in (prompt.sound, pause)])

    def take(self, heard: Heard) -> None:
        if not heard.final:
            self.partials += 1
            return
        self.heard.append(heard)
        self.delays_s.append(time.monotonic() - self.began - heard.t1_ms / 1_000)


def files(script: Script) -> list[Samples]:
    """The sentences without pauses, as few files as Whisper takes whole."""
    found: list[list[Samples]] = [[]]
    pause = np.zeros(SAMPLE_RATE_HZ // 3, dtype=np.int16)
    for prompt in script.prompts:
        if sum(map(len, found[-1])) + len(prompt.sound) > FILE_MAX_S * SAMPLE_RATE_HZ:
            found.append([])
        found[-1] += [prompt.sound, pause]
    return [np.concatenate(pieces) for pieces in found]


async def whole(ear: SpeechToText, script: Script) -> tuple[float, str]:
    """(CPU seconds, words) of Whisper alone on the whole of it."""
    cpu = time.process_time()
    texts = [(await ear.transcribe(sound, script.language)).text for sound in files(script)]
    return time.process_time() - cpu, " ".join(texts)


async def talk(script: Script, engines: SpeechEngines, queue: RecognitionQueue) -> None:
    """The leg's sound, frame by frame as in a call."""
    ear = engines.stt_for(script.language)
    assert ear is not None
    transcriber = Transcriber(ear, engines.new_vad(), script.language, queue, script.take)
    sound = script.sound()
    clock = SystemClock()
    script.began = clock.monotonic()
    for number, frame in enumerate(sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)):
        await clock.sleep(script.began + number * FRAME_S - clock.monotonic())
        transcriber.hear(frame)
    await transcriber.close()


async def recognised_s(ear: SpeechToText, sound: Samples | None = None) -> float:
    """How long an agent waits for a visitor's question, or for `sound`."""
    began = time.monotonic()
    await ear.transcribe(question(QUESTION, "en") if sound is None else sound, "en")
    return time.monotonic() - began


async def visitor(ear: SpeechToText, until: "asyncio.Future[list[None]]") -> list[float]:
    """Questions to an agent, one every few seconds, while the calls go on."""
    waits: list[float] = []
    while not until.done():
        await asyncio.sleep(ASK_EVERY_S)
        waits.append(await recognised_s(ear))
    return waits


def show_words(script: Script, alone: str) -> None:
    live = " ".join(heard.text for heard in sorted(script.heard, key=lambda heard: heard.t0_ms))
    (wrong, said), (wrong_alone, _) = word_errors(script.words, live), word_errors(script.words, alone)
    print(
        f"{script.language}: {wrong / said:6.1%} of {said} words wrong live, {wrong_alone / said:6.1%} on the "
        f"whole file; final {statistics.median(script.delays_s):.1f} s after the last word "
        f"(worst {max(script.delays_s):.1f} s), {script.partials} partials for {len(script.prompts)} sentences"
    )


async def measure(engines: SpeechEngines) -> None:
    await engines.warmed(240)
    ear = engines.stt_for("en")
    assert ear is not None
    scripts = [Script(language, human_prompts(language, SENTENCES)) for language in LANGUAGES]
    question(QUESTION, "en")  # spoken once, kept: not part of what is measured
    spoken_s = sum(script.speech_s for script in scripts)
    alone = [await whole(ear, script) for script in scripts]
    alone_cpu = sum(cpu for cpu, _ in alone) / spoken_s
    idle = [await recognised_s(ear) for _ in range(ASKED_ALONE)]
    longest = files(scripts[0])[0][: round(LIMITS.longest_utterance_s * SAMPLE_RATE_HZ)]
    longest_s = await recognised_s(ear, longest)
    cpu = time.process_time()
    await recognised_s(ear)
    question_cpu = time.process_time() - cpu

    queue = RecognitionQueue()
    cpu = time.process_time()
    calls = asyncio.gather(*(talk(script, engines, queue) for script in scripts))
    busy = await visitor(ear, calls)
    await calls
    await queue.close()
    live_cpu = (time.process_time() - cpu - question_cpu * len(busy)) / spoken_s
    for script, (_, words) in zip(scripts, alone, strict=True):
        show_words(script, words)
    print(
        f"CPU a second of speech: {live_cpu:.2f} s live, {alone_cpu:.2f} s by Whisper on whole files: "
        f"{live_cpu / alone_cpu:.2f} x"
    )
    print(
        f"an agent recognises a question in {statistics.median(idle):.2f} s alone, in {statistics.median(busy):.2f} s "
        f"({statistics.median(busy) / statistics.median(idle):.2f} x, worst {max(busy):.2f} s) beside three such legs"
    )
    print(
        f"the longest piece of a call, {len(longest) / SAMPLE_RATE_HZ:.0f} s, holds the recogniser for "
        f"{longest_s:.2f} s: no question waits longer for its turn"
    )


def main() -> None:
    engines = offline_engines(CACHE)
    try:
        asyncio.run(measure(engines))
    finally:
        asyncio.run(engines.close())


if __name__ == "__main__":
    main()
