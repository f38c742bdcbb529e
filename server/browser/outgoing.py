"""What a browser hears, as a track of packets encoded before aiortc sees them."""

import asyncio
from collections import deque
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from server.media.opus import CLOCK_HZ

PACKETS_MAX = 10  # 200 ms: more would only be heard late

_PACKET_TIME = Fraction(1, CLOCK_HZ)


class OutgoingTrack(MediaStreamTrack):
    """aiortc's sender waits in recv(); push() wakes it. Bounded: the oldest packet goes, and is counted."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets: deque[av.Packet[Any]] = deque(maxlen=PACKETS_MAX)
        self._waiter: asyncio.Future[None] | None = None
        self.is_wanted = False  # whether the sender has begun: before, nobody can hear
        self.dropped = 0

    def push(self, payload: bytes, timestamp: int) -> None:
        """Send `payload` next; `timestamp` counts at CLOCK_HZ."""
        packet: av.Packet[Any] = av.Packet(payload)
        packet.pts = timestamp
        packet.time_base = _PACKET_TIME
        if len(self._packets) == PACKETS_MAX:
            self.dropped += 1
        self._packets.append(packet)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        """Forget what has not been sent."""
        self._packets.clear()

    async def recv(self) -> "av.Packet[Any]":
        """The next packet; for aiortc's sender, its only reader."""
        self.is_wanted = True
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._packets.popleft()

    def stop(self) -> None:
        """End the track; a waiting reader is told."""
        super().stop()
        self.is_wanted = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
