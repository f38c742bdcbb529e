"""A browser's sound as a Leg: packets in through a jitter buffer, packets out paced by the room's writes."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from server.browser.outgoing import PacketSender
from server.kit.clock import Clock
from server.media.buffer import FrameBuffer
from server.media.dtmf import GAP_MS, EventPacket, KeyReceiver, key_packets
from server.media.frame import FRAME_MS, FRAME_S, FRAME_SAMPLES, Frame, silence
from server.media.jitter import Gap, JitterBuffer
from server.media.leg import Role
from server.media.opus import CLOCK_HZ, OpusDecoder, OpusEncoder, packet_ms

FRAMES_MAX = 16  # a packet holds at most 120 ms: with what was left over before, 7 frames
PAUSE_S = 5 * FRAME_S  # a longer time without a write is a pause, and shows in the timestamps
UNSENT_MAX = 600  # packets of pressed keys that wait for their turn: twelve seconds of them
_FRAME_TICKS = int(CLOCK_HZ * FRAME_S)
KEY_PACKET_MAX_MS = 100.0  # a first packet may come late in its event
_KEY_PACKET = b""  # in the jitter buffer: nothing was said while a key was pressed
_NOTHING = np.zeros(0, np.int16)


class FrameEncoder(Protocol):
    """What makes packets of frames."""

    def encode(self, frame: Frame) -> bytes:
        """The Opus packet of 20 ms."""
        ...


OnKey = Callable[[str], None]
"""Told each key that was pressed on the page, once, on the event loop."""


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
        self._keys = KeyReceiver()
        self.on_key: OnKey | None = None
        self._events_hz: int | None = None
        self._unsent: deque[EventPacket | None] = deque()  # None: a frame of sound between two keys
        self._event_began = 0
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
            elif taken.payload == _KEY_PACKET:
                for _ in range(round(taken.duration_ms / FRAME_MS)):
                    self._cut(silence())
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
        event = self._unsent.popleft() if self._unsent else None
        if event is None:
            self._sender.send(self._encoder.encode(frame), self._timestamp)
        else:
            self._send_event(event)
        self._timestamp += _FRAME_TICKS

    def use_events(self, clock_hz: int) -> None:
        """The page takes and sends keys as RTP events whose durations count at `clock_hz`."""
        self._events_hz = clock_hz

    def press(self, digits: str) -> bool:
        """Send keys as events, in the place of sound; False when the page takes none, or far too many wait."""
        if self._events_hz is None or self._closed:
            return False
        for digit in digits:
            if len(self._unsent) > UNSENT_MAX:
                return False
            self._unsent += [*key_packets(digit, self._events_hz), *[None] * (GAP_MS // FRAME_MS)]
        return True

    def clear(self) -> None:
        """Nothing to forget: what is written is sent at once."""

    async def close(self) -> None:
        """Say and hear nothing any more; the connection itself belongs to the peer."""
        self._closed = True
        self._unsent.clear()
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

    def take_event(self, sequence: int, timestamp: int, payload: bytes) -> int:
        """One RTP packet of a pressed key, as it arrives; answers the timestamp that sound would have now."""
        if self._closed or self._events_hz is None:
            return timestamp
        heard = self._keys.take(timestamp, payload)
        if heard is None:
            self.malformed += 1
            return timestamp
        # It has a place in the line of packets, and for as long as the key was pressed nothing is missing there.
        ticks = CLOCK_HZ // self._events_hz
        reached = (timestamp + heard.duration * ticks) & 0xFFFFFFFF
        lasted_ms = min(heard.advanced * ticks * 1000 / CLOCK_HZ, KEY_PACKET_MAX_MS)
        self._jitter.put(sequence, reached, _KEY_PACKET, lasted_ms, self._clock.monotonic())
        if heard.pressed is not None and self.on_key is not None:
            self.on_key(heard.pressed)
        return reached

    def _send_event(self, event: EventPacket) -> None:
        if event.is_first:
            self._event_began = self._timestamp
        self._sender.send_event(event.payload(), self._event_began, is_first=event.is_first)

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
