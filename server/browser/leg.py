"""A browser's sound as a Leg: packets in through a jitter buffer, packets out paced by the room's writes."""

from typing import Protocol

import numpy as np

from server.browser.outgoing import PacketSender
from server.kit.clock import Clock
from server.media.buffer import FrameBuffer
from server.media.frame import FRAME_S, FRAME_SAMPLES, Frame
from server.media.jitter import Gap, JitterBuffer
from server.media.leg import Role
from server.media.opus import CLOCK_HZ, OpusDecoder, OpusEncoder, packet_ms

FRAMES_MAX = 16  # a packet holds at most 120 ms: with what was left over before, 7 frames
PAUSE_S = 5 * FRAME_S  # a longer time without a write is a pause, and shows in the timestamps
_FRAME_TICKS = int(CLOCK_HZ * FRAME_S)
_NOTHING = np.zeros(0, np.int16)


class FrameEncoder(Protocol):
    """What makes packets of frames."""

    def encode(self, frame: Frame) -> bytes:
        """The Opus packet of 20 ms."""
        ...


class BrowserLeg:
    """Decodes when the room reads and encodes when it writes, on the event loop. Owned by its BrowserPeer."""

    def __init__(
        self, leg_id: str, role: Role, sender: PacketSender, clock: Clock, encoder: FrameEncoder | None = None
    ) -> None:
        """`encoder`: shared with those who hear the same; an own one unless given."""
        self._id = leg_id
        self._role = role
        self._sender = sender
        self._clock = clock
        self._jitter = JitterBuffer()
        self._decoder = OpusDecoder()
        self._encoder = encoder or OpusEncoder()
        self._frames = FrameBuffer(FRAMES_MAX)
        self._left_over = _NOTHING
        self._timestamp = 0
        self._written_at: float | None = None
        self._closed = False
        self.concealed = 0
        self.malformed = 0

    @property
    def id(self) -> str:
        return self._id

    @property
    def role(self) -> Role:
        return self._role

    @property
    def jitter(self) -> JitterBuffer:
        """The buffer of what arrives, for its counters."""
        return self._jitter

    @property
    def dropped(self) -> int:
        """Packets and frames that had to go because a queue was full or the delay too long."""
        return self._jitter.dropped + self._frames.dropped

    def read(self) -> Frame | None:
        """The next 20 ms of the microphone, lost packets concealed; None when nothing has come for a while."""
        while not len(self._frames):
            taken = None if self._closed else self._jitter.take()
            if taken is None:
                return None
            if isinstance(taken, Gap):
                self.concealed += 1
                self._cut(self._decoder.conceal())
            else:
                self._cut(self._decoded(taken.payload))
        return self._frames.pop()

    def write(self, frame: Frame) -> None:
        """Send one frame to the page. While the page is not connected it is forgotten."""
        if self._closed or not self._sender.is_ready:
            return
        now = self._clock.monotonic()
        if self._written_at is not None and now - self._written_at > PAUSE_S:
            self._timestamp += (int((now - self._written_at) / FRAME_S) - 1) * _FRAME_TICKS
        self._written_at = now
        self._sender.send(self._encoder.encode(frame), self._timestamp)
        self._timestamp += _FRAME_TICKS

    def clear(self) -> None:
        """Nothing to forget: what is written is sent at once."""

    async def close(self) -> None:
        """Say and hear nothing any more; the connection itself belongs to the peer."""
        self._closed = True
        self._sender.stop()

    def take_packet(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """One RTP packet of the microphone, as it arrives."""
        if self._closed:
            return
        try:
            duration_ms = packet_ms(payload)
        except ValueError:
            self.malformed += 1
            return
        self._jitter.put(sequence, timestamp, payload, duration_ms, self._clock.monotonic())

    def _decoded(self, payload: bytes) -> Frame:
        try:
            return self._decoder.decode(payload)
        except ValueError:
            self.malformed += 1
            return self._decoder.conceal()

    def _cut(self, samples: Frame) -> None:
        """Queue whole frames; keep the rest for the next packet."""
        if len(samples) == FRAME_SAMPLES and not len(self._left_over):
            self._frames.push(samples)
            return
        line = np.concatenate([self._left_over, samples])
        whole = len(line) - len(line) % FRAME_SAMPLES
        for frame in line[:whole].reshape(-1, FRAME_SAMPLES):
            self._frames.push(frame)
        self._left_over = line[whole:]
