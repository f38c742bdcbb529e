"""Packets of a browser's microphone, straight from aiortc's receiver: no decoder thread, no decoded queue.

aiortc 1.16 offers no public way to this. The receiver hands every unprotected RTP packet to its jitter buffer and
puts complete frames in a queue for a thread. Here the jitter buffer is ours, which keeps the packet and never
completes a frame, and the queue tells the thread to end as soon as it begins.
tests/unit/browser/test_browser_inline_decode.py fails when these internals change; aiortc is pinned exactly.
"""

from collections.abc import Callable
from typing import Protocol

from aiortc import RTCRtpReceiver

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_DECODER_QUEUE = "_RTCRtpReceiver__decoder_queue"
_DECODER_THREAD = "_RTCRtpReceiver__decoder_thread"

TakePacket = Callable[[int, int, bytes], None]
"""Told (16-bit sequence number, 32-bit timestamp, payload) of each packet, on the event loop, as it arrives."""


class _RtpPacket(Protocol):
    sequence_number: int
    timestamp: int
    payload: bytes


class _Tap:
    """Stands where the receiver keeps its jitter buffer."""

    def __init__(self, take: TakePacket) -> None:
        self._take = take

    def add(self, packet: _RtpPacket) -> tuple[bool, None]:
        """Answers (no picture loss, no complete frame)."""
        self._take(packet.sequence_number, packet.timestamp, packet.payload)
        return False, None


class _EndedQueue:
    """Stands where the receiver keeps its decoder queue: its reader is told to stop at once."""

    def get(self) -> None:
        return None

    def put(self, task: object) -> None:
        """Nothing is left to tell."""


def take_packets(receiver: RTCRtpReceiver, take: TakePacket) -> None:
    """Give `take` every packet of `receiver`, which must not have started. Raises RuntimeError on another aiortc."""
    if any(not hasattr(receiver, name) for name in (_JITTER_BUFFER, _DECODER_QUEUE, _DECODER_THREAD)):
        raise RuntimeError("the receiver of this aiortc is built differently: see server/browser/inline_decode.py")
    if getattr(receiver, _DECODER_THREAD) is not None:
        raise RuntimeError("the receiver has started already")
    setattr(receiver, _JITTER_BUFFER, _Tap(take))
    setattr(receiver, _DECODER_QUEUE, _EndedQueue())
