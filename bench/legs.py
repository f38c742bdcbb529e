"""What a browser leg costs: our echo beside stock aiortc's and beside libopus alone, and how many one core carries.

    python -m bench.legs

The measured process keeps one core; the browsers (packets encoded beforehand, replayed) keep the other. Every figure
of a run comes from the same run, so that ratios mean something on a busy machine. Takes about 80 s.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from fractions import Fraction

import av
import numpy as np
import uvloop
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from server.browser import BrowserPeer, MediaNetwork, inline_decode
from server.calls.room import Room
from server.calls.room_clock import RoomClock
from server.kit.clock import SystemClock
from server.media.frame import FRAME_S, FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame
from server.media.leg import Leg, Role
from server.media.opus import COMPLEXITY, OpusDecoder, OpusEncoder

LOOPBACK = "127.0.0.1"
SPEECH_S = 10
LEGS_COMPARED = 12
MEASURE_S = 6.0
SETTLE_S = 2.0
LOSSLESS = 0.995  # of the packets that should have come back
STEPS = (20, 30, 40, 50, 60, 80)
STOCK_STEPS = (10, 20, 30)
STEP_S = 3.0


def speech() -> list[Frame]:
    """Something as hard to encode as a voice: a gliding tone with overtones, syllables and breath."""
    at = np.arange(SPEECH_S * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    pitch = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.7 * at)) / SAMPLE_RATE_HZ
    voice = sum(np.sin(pitch * overtone) / overtone for overtone in range(1, 12))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * at)
    breath = np.random.default_rng(7).standard_normal(len(at))
    return list(
        (5_000 * voice * syllables + 300 * breath).clip(-32_000, 32_000).astype(np.int16).reshape(-1, FRAME_SAMPLES)
    )


class BareLibopus:
    """libopus through PyAV and nothing else, encoding as our legs do."""

    def __init__(self, frames: list[Frame]) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = SAMPLE_RATE_HZ, "mono", "s16"
        self._codec.bit_rate, self._codec.time_base = 24_000, Fraction(1, SAMPLE_RATE_HZ)
        self._codec.options = {
            "application": "voip",
            "compression_level": str(COMPLEXITY),
            "frame_duration": "20",
            "fec": "1",
            "packet_loss": "5",
        }
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate, self._decoder.layout, self._decoder.format = 48_000, "mono", "s16"
        self._frames = frames
        self._done = 0

    def frame(self) -> None:
        """One frame in, one out."""
        frame = self._frames[self._done % len(self._frames)]
        picture = av.AudioFrame(format="s16", layout="mono", samples=len(frame))
        picture.planes[0].update(frame.tobytes())
        picture.sample_rate, picture.pts = SAMPLE_RATE_HZ, self._done * FRAME_SAMPLES
        self._done += 1
        for packet in self._codec.encode(picture):
            self._decoder.decode(av.Packet(bytes(packet)))

    async def run(self) -> None:
        """A frame every 20 ms, as in a call."""
        due = time.monotonic()
        while True:
            self.frame()
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def bare_libopus(frames: list[Frame]) -> float:
    """Share of a core for a frame in and a frame out every 20 ms, measured one after the other without a pause."""
    codec = BareLibopus(frames)
    began = time.process_time()
    for _ in frames:
        codec.frame()
    return (time.process_time() - began) / (len(frames) * FRAME_S)


def own_codec(frames: list[Frame]) -> float:
    """The same through server.media.opus: with 48 to 16 kHz and all of our own."""
    encoder, decoder = OpusEncoder(), OpusDecoder()
    began = time.process_time()
    for frame in frames:
        decoder.decode(encoder.encode(frame))
    return (time.process_time() - began) / (len(frames) * FRAME_S)


class EchoLeg:
    """The other side of a room of two: says what it heard."""

    role = Role.AI

    def __init__(self) -> None:
        self.id = "echo"
        self._frame: Frame | None = None

    def read(self) -> Frame | None:
        frame, self._frame = self._frame, None
        return frame

    def write(self, frame: Frame) -> None:
        self._frame = frame

    def clear(self) -> None:
        self._frame = None

    async def close(self) -> None:
        return None


class OurEcho:
    """One page in a room with an echo."""

    _clock = SystemClock()
    _rooms = RoomClock(_clock)

    def __init__(self) -> None:
        self._room = Room()
        self._peer: BrowserPeer | None = None

    async def answer(self, offer: str) -> str:
        network = MediaNetwork(bind_addresses=(LOOPBACK,))
        self._peer = await BrowserPeer.answer(offer, leg_id="page", network=network, clock=self._clock)
        echo: Leg = EchoLeg()
        self._room.add(self._peer.leg)
        self._room.add(echo)
        self._rooms.join(self._room)
        return self._peer.answer_sdp

    async def close(self) -> None:
        await self._room.close()
        if self._peer is not None:
            await self._peer.close()


class StockEcho:
    """One page and aiortc's own echo: the track that came in goes out."""

    def __init__(self) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("track", self._connection.addTrack)

    async def answer(self, offer: str) -> str:
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self._connection.setLocalDescription()
        return self._connection.localDescription.sdp

    async def close(self) -> None:
        await self._connection.close()


ECHOES = {"ours": OurEcho, "stock": StockEcho}


class Replay(MediaStreamTrack):
    """A microphone that costs nothing: packets encoded beforehand, paced here."""

    kind = "audio"

    def __init__(self, packets: list[bytes]) -> None:
        super().__init__()
        self._packets = packets
        self._sent = 0
        self._began: float | None = None

    async def recv(self) -> "av.Packet[av.AudioStream]":
        if self.readyState != "live":
            raise MediaStreamError
        if self._began is None:
            self._began = time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._sent * FRAME_S - time.monotonic()))
        packet: av.Packet[av.AudioStream] = av.Packet(self._packets[self._sent % len(self._packets)])
        packet.pts, packet.time_base = self._sent * 960, Fraction(1, 48_000)
        self._sent += 1
        return packet


class Page:
    """A browser reduced to its network: sends packets, counts those that come back, decodes nothing."""

    def __init__(self, packets: list[bytes]) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self._connection.addTransceiver(Replay(packets))
        capabilities = RTCRtpSender.getCapabilities("audio").codecs
        transceiver.setCodecPreferences([codec for codec in capabilities if codec.mimeType == "audio/opus"])
        receiver: RTCRtpReceiver = transceiver.receiver
        inline_decode.take_packets(receiver, self._count)
        self.came = 0

    def _count(self, sequence: int, timestamp: int, payload: bytes) -> None:
        self.came += 1

    async def offer(self) -> str:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp

    async def connect(self, answer: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def close(self) -> None:
        await self._connection.close()


async def serve(kind: str) -> None:
    """The measured process: answers offers on stdin, reports its CPU seconds when asked. One JSON a line."""
    lines: asyncio.Queue[str] = asyncio.Queue(64)
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: lines.put_nowait(sys.stdin.readline()))
    echoes: list[OurEcho | StockEcho] = []
    codecs: list[asyncio.Task[None]] = []
    if kind == "libopus":
        frames = speech()
        codecs = [asyncio.create_task(BareLibopus(frames).run()) for _ in range(LEGS_COMPARED)]
    while line := await lines.get():
        asked = json.loads(line)
        if asked["ask"] == "cpu":
            answer: object = time.process_time()
        else:
            echo: OurEcho | StockEcho = ECHOES[kind]()
            echoes.append(echo)
            answer = await echo.answer(asked["offer"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    loop.remove_reader(sys.stdin.fileno())
    for codec in codecs:
        codec.cancel()
    await asyncio.gather(*(echo.close() for echo in echoes))


class Measured:
    """The measured process, seen from the pages."""

    def __init__(self, kind: str, core: int, module: str = "bench.legs") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, kind, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    async def ask(self, **what: str) -> object:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(await asyncio.to_thread(self._process.stdout.readline))

    async def cpu_s(self) -> float:
        return float(str(await self.ask(ask="cpu")))

    async def add(self, packets: list[bytes]) -> Page:
        page = Page(packets)
        await page.connect(str(await self.ask(ask="answer", offer=await page.offer())))
        return page

    def end(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


async def share(measured: Measured, pages: list[Page], seconds: float) -> tuple[float, float]:
    """(share of a core per leg, share of the packets that came back) over `seconds`."""
    cpu, came, began = await measured.cpu_s(), sum(page.came for page in pages), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    back = (sum(page.came for page in pages) - came) / (len(pages) * took / FRAME_S)
    return (await measured.cpu_s() - cpu) / took / len(pages), back


async def compare(kind: str, core: int, packets: list[bytes]) -> float:
    """Share of a core per leg with a few legs."""
    measured = Measured(kind, core)
    pages: list[Page] = []
    try:
        pages += [await measured.add(packets) for _ in range(LEGS_COMPARED)]
        await asyncio.sleep(SETTLE_S)
        per_leg, _ = await share(measured, pages, MEASURE_S)
        return per_leg
    finally:
        await asyncio.gather(*(page.close() for page in pages))
        measured.end()


async def paced_libopus(core: int) -> float:
    """Share of a core per leg of libopus alone, at the pace of as many calls."""
    measured = Measured("libopus", core)
    try:
        await asyncio.sleep(SETTLE_S)
        cpu, began = await measured.cpu_s(), time.monotonic()
        await asyncio.sleep(MEASURE_S)
        return (await measured.cpu_s() - cpu) / (time.monotonic() - began) / LEGS_COMPARED
    finally:
        measured.end()


async def climb(kind: str, core: int, packets: list[bytes], steps: tuple[int, ...]) -> int:
    """The most legs of `steps` at which nearly every packet comes back."""
    measured = Measured(kind, core)
    pages: list[Page] = []
    carried = 0
    try:
        for step in steps:
            pages += [await measured.add(packets) for _ in range(step - len(pages))]
            await asyncio.sleep(SETTLE_S)
            per_leg, back = await share(measured, pages, STEP_S)
            if back < LOSSLESS:  # somebody else on this machine may have been at it: once more
                per_leg, back = await share(measured, pages, STEP_S)
            print(f"    {kind:>5}: {step:3d} legs, {per_leg * step:6.1%} of a core, {back:7.2%} came back", flush=True)
            if back < LOSSLESS:
                break
            carried = step
        return carried
    finally:
        await asyncio.gather(*(page.close() for page in pages))
        measured.end()


async def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    ours_core, pages_core = cores[0], cores[-1]
    os.sched_setaffinity(0, {pages_core})
    frames = speech()
    encoder = OpusEncoder()
    packets = [encoder.encode(frame) for frame in frames]
    bare, codec = bare_libopus(frames), own_codec(frames)
    paced = await paced_libopus(ours_core)
    ours = await compare("ours", ours_core, packets)
    stock = await compare("stock", ours_core, packets)
    print("CPU per browser leg, share of one core (echo, one 20 ms frame in and one out)")
    print(f"    libopus, without a pause   {bare:7.2%}")
    print(f"    our codec layer, likewise  {codec:7.2%}   {codec / bare:5.2f} x")
    print(f"    libopus, every 20 ms       {paced:7.2%}   ({LEGS_COMPARED} legs, as below)")
    print(f"    our leg                    {ours:7.2%}   {ours / paced:5.2f} x libopus at that pace (goal 2),")
    print(f"                                         {ours / bare:5.2f} x without a pause")
    print(f"    stock aiortc leg           {stock:7.2%}   ours is 1/{stock / ours:.1f} of it (goal 1/4)")
    print(f"Legs on one core without loss (at least {LOSSLESS:.1%} of the packets come back)")
    carried = await climb("ours", ours_core, packets, STEPS)
    stock_carried = await climb("stock", ours_core, packets, STOCK_STEPS)
    print(f"    ours {carried}, stock aiortc {stock_carried}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        os.sched_setaffinity(0, {int(sys.argv[2])})
        uvloop.run(serve(sys.argv[1]))
    else:
        asyncio.run(main())
