"""A page for the tests: aiortc's own peer connection, with a microphone that plays a tone and ears that remember."""

import asyncio
import time
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from server.browser import MediaNetwork, gathering
from server.kit.clock import SystemClock
from server.media.frame import Samples

RATE_HZ = 48_000


class Tone(MediaStreamTrack):
    """A microphone."""

    kind = "audio"

    def __init__(self, hz: float) -> None:
        super().__init__()
        self._hz = hz
        self._sent = 0
        self._began = time.monotonic()
        self._speaking = asyncio.Event()
        self._speaking.set()

    def pause(self) -> None:
        """Send nothing, as on a network that went away."""
        self._speaking.clear()

    def resume(self) -> None:
        self._speaking.set()

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._speaking.wait()
        await asyncio.sleep(max(0.0, self._began + self._sent * 0.02 - time.monotonic()))
        at = (np.arange(960) + self._sent * 960) / RATE_HZ
        frame = av.AudioFrame.from_ndarray(
            (8_000 * np.sin(2 * np.pi * self._hz * at)).astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._sent * 960, Fraction(1, RATE_HZ)
        self._sent += 1
        return frame


class Page:
    """Opens `control`, speaks `hz` or through `microphone`, hears into `heard`."""

    def __init__(self, hz: float = 440, microphone: MediaStreamTrack | None = None) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.microphone = microphone or Tone(hz)
        ice = self.connection.addTrack(self.microphone).transport.transport
        gathering.bind(ice, MediaNetwork(bind_addresses=("127.0.0.1",)), SystemClock())
        self.control = self.connection.createDataChannel("control")
        self.control.on("message", self._said)
        self.control.on("open", lambda: self.is_open.set())
        self.connection.on("track", self._listen)
        self.is_open = asyncio.Event()
        self.messages: asyncio.Queue[str] = asyncio.Queue()
        self.heard: list[Samples] = []
        self._listening: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def close(self) -> None:
        await self.connection.close()
        if self._listening is not None:
            await self._listening

    def _said(self, message: str) -> None:
        self.messages.put_nowait(message)

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.get_running_loop().create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                self.heard.append(frame.to_ndarray().reshape(-1, 2)[:, 0])
        except MediaStreamError:
            return


def loudest_hz(sound: Samples, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * rate_hz / len(sound))
