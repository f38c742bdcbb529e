"""A real Chromium and a BrowserPeer: its microphone arrives, the page hears us, messages go both ways."""

import asyncio
import json
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, async_playwright

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.kit.clock import SystemClock
from server.kit.errors import InvalidInput
from server.media.frame import SAMPLE_RATE_HZ, Frame, frames_of
from tests.fakes.browser_page import loudest_hz
from tests.fixtures.chromium import CHROMIUM, needs_chromium

pytestmark = [
    pytest.mark.browser,
    needs_chromium,
]

MICROPHONE_HZ = 440
VOICE_HZ = 1_000
PATIENCE_S = 45

PAGE = """<!doctype html><audio id="ears" autoplay></audio><script>
window.messages = [];
window.call = async () => {
  const pc = window.pc = new RTCPeerConnection();
  const microphone = await navigator.mediaDevices.getUserMedia(
    {audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  pc.addTrack(microphone.getAudioTracks()[0], microphone);
  const control = window.control = pc.createDataChannel('control');
  control.onmessage = (event) => window.messages.push(event.data);
  pc.ontrack = (event) => {
    ears.srcObject = new MediaStream([event.track]);
    const audio = new AudioContext();
    window.analyser = audio.createAnalyser();
    analyser.fftSize = 8192;
    audio.createMediaStreamSource(ears.srcObject).connect(analyser);
    audio.resume();
  };
  await pc.setLocalDescription(await pc.createOffer());
  const response = await fetch('/connect', {method: 'POST', body: pc.localDescription.sdp});
  await pc.setRemoteDescription({type: 'answer', sdp: await response.text()});
};
window.loudest = () => {
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const peak = bins.indexOf(Math.max(...bins));
  return [peak * analyser.context.sampleRate / analyser.fftSize, bins[peak]];
};
</script>"""


class Server:
    """Serves the page and answers its one offer: the least HTTP a browser accepts."""

    def __init__(self) -> None:
        self.peer: asyncio.Future[BrowserPeer] = asyncio.get_running_loop().create_future()
        self.messages: list[str] = []
        self.states: list[PeerState] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def close(self) -> None:
        if self.peer.done():
            await self.peer.result().close()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        kind, body = "text/html", PAGE
        if head.startswith("POST /connect"):
            length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
            kind, body = "application/sdp", await self._answer((await reader.readexactly(length)).decode())
        raw = body.encode()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n".encode())
        writer.write(b"Connection: close\r\n\r\n" + raw)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _answer(self, offer: str) -> str:
        try:
            peer = await BrowserPeer.answer(
                offer,
                leg_id="visitor",
                network=MediaNetwork(bind_addresses=("127.0.0.1",)),
                clock=SystemClock(),
                on_control=self.messages.append,
                on_state=self.states.append,
            )
        except InvalidInput as refused:
            self.peer.set_exception(refused)
            raise
        self.peer.set_result(peer)
        return peer.answer_sdp


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    microphone = tmp_path / "microphone.wav"
    _write_tone(microphone)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--allow-loopback-in-peer-connection",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    serving = Server()
    yield serving
    await serving.close()


async def test_a_call_with_a_real_browser(chromium: Browser, server: Server) -> None:
    page = await chromium.new_page()
    await page.goto(await server.open())
    await page.evaluate("call()")
    peer = await asyncio.wait_for(server.peer, PATIENCE_S)
    peer.send_control(json.dumps({"type": "state", "state": "listening"}))

    heard: list[Frame] = []
    speaking = asyncio.get_running_loop().create_task(_speak(peer, heard))
    try:
        await until(lambda: len(heard) >= 150)
        async with asyncio.timeout(PATIENCE_S):
            while not is_voice(*await page.evaluate("loudest()")):  # noqa: ASYNC110  # a page has no event for it
                await asyncio.sleep(0.05)
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)

    microphone = np.concatenate(heard[-100:])
    assert loudest_hz(microphone, SAMPLE_RATE_HZ) == pytest.approx(MICROPHONE_HZ, abs=4)
    assert np.abs(microphone).max() > 1_000

    await page.wait_for_function("control.readyState === 'open' && messages.length")
    await page.evaluate("control.send(JSON.stringify({type: 'hello', since: 0}))")
    await until(lambda: bool(server.messages))
    assert [json.loads(message) for message in server.messages] == [{"type": "hello", "since": 0}]
    assert await page.evaluate("messages") == ['{"type": "state", "state": "listening"}']

    stats = await peer.stats()
    assert stats.packets_received > 100
    assert stats.malformed_packets == 0
    codec = await page.evaluate(
        "pc.getStats().then(all => [...all.values()].filter(one => one.type == 'codec').map(one => one.sdpFmtpLine))"
    )
    assert any("maxplaybackrate=16000" in (line or "") for line in codec)

    await page.evaluate("pc.close()")
    await until(lambda: peer.state is PeerState.CLOSED)
    assert server.states[0] is PeerState.CONNECTED
    assert server.states[-1] is PeerState.CLOSED


def is_voice(hz: float, level_db: float) -> bool:
    return abs(hz - VOICE_HZ) < 12 and level_db > -50


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - what a browser does has no event to wait for
            await asyncio.sleep(0.05)


async def _speak(peer: BrowserPeer, heard: list[Frame]) -> None:
    """Tick as a room would: read a frame, write a frame."""
    at = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    frames = frames_of((8_000 * np.sin(2 * np.pi * VOICE_HZ * at)).astype(np.int16))
    clock = SystemClock()
    due, tick = clock.monotonic(), 0
    while True:
        came = peer.leg.read()
        if came is not None:
            heard.append(came)
        peer.leg.write(frames[tick % len(frames)])
        tick += 1
        due += 0.02
        await clock.sleep(max(0.0, due - clock.monotonic()))


def _write_tone(path: Path) -> None:
    at = np.arange(10 * 48_000) / 48_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((12_000 * np.sin(2 * np.pi * MICROPHONE_HZ * at)).astype(np.int16).tobytes())
