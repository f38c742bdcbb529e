"""Packets of a browser's microphone, straight from aiortc's receiver: no decoder thread, no decoded queue.

aiortc 1.16 offers no public way to this. The receiver hands every unprotected RTP packet to its jitter buffer and
puts complete frames in a queue for a thread. Here the jitter buffer is ours, which keeps the packet and never
completes a frame, and the queue tells the thread to end as soon as it begins. Datagrams with sound go to the receiver
at once instead of through a queue and a task: for sound it never waits for anything.
tests/unit/browser/test_browser_inline_decode.py fails when these internals change; aiortc is pinned exactly.
"""

from collections.abc import Callable
from typing import Protocol

import pylibsrtp
from aiortc import RTCDtlsTransport, RTCRtpReceiver, clock
from aiortc.rtp import is_rtcp

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


def take_datagrams(transport: RTCDtlsTransport) -> Callable[[bytes], bool]:
    """A function that handles a datagram at once if it is sound, and says whether it was."""
    if not (hasattr(transport, "_rx_srtp") and hasattr(transport, "_handle_rtp_data")):
        raise RuntimeError("the transport of this aiortc is built differently: see server/browser/inline_decode.py")

    def take(data: bytes) -> bool:
        session = transport._rx_srtp
        if session is None or not 127 < data[0] < 192 or is_rtcp(data):
            return False
        try:
            handling = transport._handle_rtp_data(session.unprotect(data), arrival_time_ms=clock.current_ms())
        except pylibsrtp.Error:
            return True  # forged or damaged: there is nothing to hear in it
        try:
            handling.send(None)
        except StopIteration:
            return True
        handling.close()
        raise RuntimeError("aiortc waits while it receives sound: see server/browser/inline_decode.py")

    return take
