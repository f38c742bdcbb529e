"""Packets of a browser's microphone, straight from aiortc's receiver: no decoder thread, no decoded queue.

aiortc 1.16 offers no public way to this. The receiver hands every unprotected RTP packet to its jitter buffer and
puts complete frames in a queue for a thread. Here the jitter buffer is ours, which keeps the packet and never
completes a frame, and the queue tells the thread to end as soon as it begins. Nearly all sound does not even get
there: SoundIntake takes it from the socket, and keeps the receiver's statistics, from which it sends RTCP reports.
tests/unit/browser/test_browser_inline.py fails when these internals change; aiortc is pinned exactly.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple, Protocol

import pylibsrtp
from aiortc import RTCDtlsTransport, RTCRtpReceiver
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import is_rtcp

from server.media.opus import CLOCK_HZ

SOURCES_MAX = 4  # a page has one microphone; changing it may change the source

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_DECODER_QUEUE = "_RTCRtpReceiver__decoder_queue"
_DECODER_THREAD = "_RTCRtpReceiver__decoder_thread"
_REMOTE_STREAMS = "_RTCRtpReceiver__remote_streams"
_HEADER = struct.Struct("!BBHII")

TakePacket = Callable[[int, int, bytes], None]
"""Told (16-bit sequence number, 32-bit timestamp, payload) of each packet, on the event loop, as it arrives."""
TakeEvent = Callable[[int, int, bytes], int]
"""The same for a key as an RTP event; answers the timestamp that sound would have now."""


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


class SoundIntake:
    """Sound straight from the socket: unprotected, its RTP header read, counted for RTCP, given to `take`."""

    def __init__(self, transport: RTCDtlsTransport, receiver: RTCRtpReceiver, take: TakePacket) -> None:
        """Raises RuntimeError on an aiortc built differently."""
        if not hasattr(transport, "_rx_srtp") or not hasattr(receiver, _REMOTE_STREAMS):
            raise RuntimeError("this aiortc is built differently: see server/browser/inline_decode.py")
        self._transport = transport
        self._streams: dict[int, StreamStatistics] = getattr(receiver, _REMOTE_STREAMS)
        self._take = take
        self._payload_type: int | None = None
        self._events_type: int | None = None
        self._take_event: TakeEvent | None = None

    def start(self, payload_type: int, events_type: int | None = None, take_event: TakeEvent | None = None) -> None:
        """Sound and events have these payload types; anything else is dropped."""
        self._payload_type, self._events_type, self._take_event = payload_type, events_type, take_event

    def take_datagram(self, data: bytes) -> bool:
        """Handle `data` at once if it is sound, and say whether it was."""
        session = self._transport._rx_srtp
        if session is None or len(data) < _HEADER.size or not 127 < data[0] < 192 or is_rtcp(data):
            return False
        try:
            data = session.unprotect(data)
        except pylibsrtp.Error:
            return True  # forged, repeated or damaged: there is nothing to hear in it
        first, kind, sequence, timestamp, source = _HEADER.unpack_from(data)
        begin, end = _payload_bounds(data, first)
        is_event = self._take_event is not None and kind & 0x7F == self._events_type
        if begin >= end or not (is_event or kind & 0x7F == self._payload_type):
            return True
        stream = self._streams.get(source)
        if stream is None:
            if len(self._streams) >= SOURCES_MAX:
                return True
            stream = self._streams[source] = StreamStatistics(CLOCK_HZ)
        if is_event and self._take_event is not None:
            timestamp = self._take_event(sequence, timestamp, data[begin:end])
        else:
            self._take(sequence, timestamp, data[begin:end])
        stream.add(_Arrived(sequence, timestamp))  # type: ignore[arg-type]  # it reads only these two
        return True


class _Arrived(NamedTuple):
    """What StreamStatistics reads of a packet."""

    sequence_number: int
    timestamp: int


def _payload_bounds(data: bytes, first: int) -> tuple[int, int]:
    """Where the payload begins and ends (RFC 3550, section 5.1); begins after the end when it makes no sense."""
    begin = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if begin + 4 > len(data):
            return 1, 0
        begin += 4 + 4 * int.from_bytes(data[begin + 2 : begin + 4], "big")
    return begin, len(data) - (data[-1] if first & 0x20 else 0)
