"""How fast a call is: click to first packet, end of speech to first audio by path, and an interruption.

    python -m bench.calls

A real server process and a caller on loopback who speaks recorded questions. Answers are timed by the server itself
(the histograms of /metrics), packets and interruptions by when packets arrive. Takes about two minutes.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from server.browser import inline_decode
from server.launch import serve
from server.media.frame import FRAME_S, FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from server.media.opus import OpusDecoder
from server.settings import Settings
from server.speech.pool import EnginePool
from server.speech.providers import offline_engines
from server.speech.providers.espeak import Espeak, EspeakTextToSpeech
from server.web.assets import build
from tests.fakes.browser_page import Page
from tests.fixtures.site import Site
from tests.fixtures.speech.questions import question

CLICKS = 20
ASKED = 5
QUIET_PEAK = 50  # of 32768: the silence between two words of a voice is louder, that of a call is not
ANSWER_TIMEOUT_S = 20.0
INTERRUPTIONS = (  # the first sound of a word decides how soon it is heard: an s is no voice yet
    "Stop, I have another question please.",
    "No, I have another question please.",
    "Wait, I have another question please.",
    "Excuse me, I have another question please.",
    "Sorry, I have another question please.",
)
PLAIN = "espeak-ng"
PLAIN_ASKED = 3
KNOWN = ("When do you open on Saturday?", "en")
NEW = [
    ("Where is the red door?", "The red door is behind the old windmill, at the end of the garden path."),
    ("Who paints the boats?", "The boats are painted by a retired sailor who lives in the village."),
    ("What is in the green box?", "The green box holds a collection of small porcelain cups from Japan."),
    ("Who feeds the black cat?", "The black cat is fed every morning by the baker from across the street."),
    ("When does the bell ring?", "The bell rings at noon on market days, and once more at sunset."),
]


class Microphone(MediaStreamTrack):
    """Silence with a little noise, and whatever is said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._words: list[Samples] = []
        self._noise = np.random.default_rng(3)
        self._sent = 0
        self._began = time.monotonic()
        self.spoke_at = 0.0
        """When the first sample was spoken: a microphone gives it away a frame later."""
        self.silent_at = 0.0

    def say(self, words: Samples) -> None:
        self.spoke_at = 0.0
        whole = len(words) - len(words) % FRAME_SAMPLES
        self._words = list(words[:whole].reshape(-1, FRAME_SAMPLES))

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._began + self._sent * 0.02 - time.monotonic()))
        if self._words:
            sound = self._words.pop(0)
            self.silent_at = time.monotonic()
            self.spoke_at = self.spoke_at or self.silent_at - FRAME_S
        else:
            sound = self._noise.integers(-20, 20, FRAME_SAMPLES).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = SAMPLE_RATE_HZ, Fraction(1, SAMPLE_RATE_HZ)
        frame.pts = self._sent * FRAME_SAMPLES
        self._sent += 1
        return frame


class Caller:
    """One visitor in a call."""

    def __init__(self, site: Site, language: str) -> None:
        """Listens to packets as they arrive: aiortc's own ear holds four of them back."""
        self._site = site
        self._language = language
        self.microphone = Microphone()
        self.page = Page(microphone=self.microphone)
        self.token = ""
        self.first_packet = asyncio.Event()
        self.sounding_until = 0.0
        """When the last audible packet had arrived and been played."""
        self._decoder = OpusDecoder()
        receiver: RTCRtpReceiver = self.page.connection.getTransceivers()[0].receiver
        inline_decode.take_packets(receiver, self._hear)

    def _hear(self, _sequence: int, _timestamp: int, payload: bytes) -> None:
        self.first_packet.set()
        if int(np.abs(self._decoder.decode(payload).astype(np.int32)).max(initial=0)) >= QUIET_PEAK:
            self.sounding_until = time.monotonic() + FRAME_S

    async def call(self) -> None:
        """Everything from the click (microphone granted) on."""
        body = {
            **self._site._target(),
            "mode": "voice",
            "language": self._language,
            "consent": {"version": "1"},
            "offer": await self.page.offer(),
        }
        opened = await asyncio.to_thread(self._site.ask, "/widget/sessions", body)
        self.token = opened["session"]["token"]
        await self.page.take(opened["answer"])
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await self.page.is_open.wait()
        self.page.control.send(json.dumps({"type": "hello", "since": 0}))

    async def until(self, **wanted: object) -> dict[str, Any]:
        """The next control message like this."""
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while True:
                message: dict[str, Any] = json.loads(await self.page.messages.get())
                if all(message.get(name) == value for name, value in wanted.items()):
                    return message

    async def hang_up(self) -> None:
        await asyncio.to_thread(self._site.ask, "/widget/sessions/end", {}, Authorization=f"Bearer {self.token}")
        await self.page.close()


async def first_packets(site: Site) -> list[float]:
    spent = []
    for _ in range(CLICKS):
        caller = Caller(site, "en")
        began = time.monotonic()
        calling = asyncio.create_task(caller.call())
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await caller.first_packet.wait()
        spent.append(time.monotonic() - began)
        await calling
        await caller.hang_up()
        await asyncio.sleep(2.1)  # thirty new sessions a minute and address are allowed
    return spent


async def ask(site: Site, questions: list[str]) -> list[float]:
    """Seconds from the caller's last sound to the server's word that the agent speaks."""
    caller, spent = Caller(site, "en"), []
    await caller.call()
    await caller.until(type="message", role="agent", final=True)
    for text in questions:
        await asyncio.sleep(0.5)
        caller.microphone.say(question(text, "en"))
        await caller.until(type="state", state="speaking")
        spent.append(time.monotonic() - caller.microphone.silent_at)
        await caller.until(type="message", role="agent", final=True)
    await caller.hang_up()
    return spent


async def interruption(site: Site) -> list[float]:
    """Seconds from the caller's first sound to silence from the agent."""
    spent = []
    for words in INTERRUPTIONS:
        caller = Caller(site, "en")
        await caller.call()
        await caller.until(type="state", state="speaking")
        await asyncio.sleep(0.8)
        caller.microphone.say(question(words, "en"))
        await caller.until(type="message", role="agent", interrupted=True)
        spent.append(caller.sounding_until - caller.microphone.spoke_at)
        await caller.hang_up()
    return spent


def show(name: str, spent: list[float], target: str) -> None:
    ordered = sorted(spent)
    worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{name:<42} p50 {statistics.median(ordered):5.2f} s   p95 {worst:5.2f} s   target {target}", flush=True)


def paths(site: Site) -> Counter[str]:
    """How often each path spoke so far, by the server's own count."""
    lines = httpx.get(f"{site.server}/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("parloir_turn_stage_seconds_count") and '"total"' in line]
    return Counter({line.split('path="')[1].split('"')[0]: int(float(line.rpartition(" ")[2])) for line in counts})


async def show_answers(site: Site, name: str, questions: list[str], target: str) -> None:
    """Ask, and say by which path the answers were spoken: a path that fell back would show a figure not its own."""
    before = paths(site)
    show(f"end of speech -> speaking, {name}", await ask(site, questions), target)
    print(f"{'':<42} spoken by {', '.join(f'{path} {n}' for path, n in (paths(site) - before).items())}", flush=True)


async def measure(site: Site) -> None:
    show("click -> first packet", await first_packets(site), "p95 <= 0.30 s")
    await show_answers(site, "cached", [KNOWN[0]] * ASKED, "p50 <= 0.8 s")
    await show_answers(site, "Kokoro", [text for text, _ in NEW], "p50 <= 1.5 s")
    show("interruption -> silence", await interruption(site), "<= 0.3 s")


async def measure_plain(site: Site) -> None:
    await show_answers(site, "espeak-ng", [text for text, _ in NEW[:PLAIN_ASKED]], "p50 <= 1.5 s")


def serve_plain() -> None:
    """`parloir run --demo` on a machine where espeak-ng is the best voice."""
    settings = Settings()
    voice = EspeakTextToSpeech(Espeak(), EnginePool("plain"))
    serve(settings, demo=True, speech=offline_engines(settings.data_dir, first_tts=[voice]))


def served(command: Sequence[str], measuring: Callable[[Site], Coroutine[None, None, None]]) -> None:
    """A warm server that knows NEW, measured and stopped."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), command)
        site.start()
        try:
            site.warm()
            told = Path(folder) / "new.json"
            told.write_text(json.dumps([{"question": asked, "answer": answer} for asked, answer in NEW]))
            site.cli("knowledge", "import", "--tenant", site.tenant, "--language", "en", str(told))
            asyncio.run(measuring(site))
        finally:
            site.stop()


def main() -> None:
    build()
    served([], measure)
    served([sys.executable, "-m", "bench.calls", PLAIN], measure_plain)


if __name__ == "__main__":
    serve_plain() if sys.argv[1:] == [PLAIN] else main()
