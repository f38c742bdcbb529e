"""Packets we encoded, straight to a page: RTP, SRTP and the socket in one step, without a queue, a task or a copy.

aiortc's sender accepts encoded packets from a track, but hands each over through a task and rebuilds headers from
objects. Here its track stays silent and the packets go beside it; the sender goes on sending RTCP reports, from
the counters kept here. tests/unit/browser/test_browser_inline.py fails when these internals change.
"""

import asyncio
import random
import struct
from typing import NoReturn

from aiortc import MediaStreamTrack, RTCDtlsTransport, RTCRtpSender, clock
from aiortc.mediastreams import MediaStreamError

from server.browser.gathering import BoundConnection

REPORT_EVERY = 25  # packets: the time that goes into RTCP reports is noted twice a second

_HEADER = struct.Struct("!BBHII")
_RTP_VERSION = 0x80
_MARKER = 0x80
_COUNTERS = {
    "ntp": "_RTCRtpSender__ntp_timestamp",
    "rtp": "_RTCRtpSender__rtp_timestamp",
    "octets": "_RTCRtpSender__octet_count",
    "packets": "_RTCRtpSender__packet_count",
}


class SilentTrack(MediaStreamTrack):
    """What aiortc's sender waits for; nothing ever comes."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._ended = asyncio.Event()

    async def recv(self) -> NoReturn:
        await self._ended.wait()
        raise MediaStreamError

    def stop(self) -> None:
        super().stop()
        self._ended.set()


class PacketSender:
    """Sends to one page once `start()` named the payload type and the connection stands."""

    def __init__(self, sender: RTCRtpSender, transport: RTCDtlsTransport, connection: BoundConnection) -> None:
        """Raises RuntimeError on an aiortc built differently."""
        if not hasattr(transport, "_tx_srtp") or any(not hasattr(sender, name) for name in _COUNTERS.values()):
            raise RuntimeError("the sender of this aiortc is built differently: see server/browser/outgoing.py")
        self._sender = sender
        self._transport = transport
        self._connection = connection
        self._payload_type: int | None = None
        self._events_type: int | None = None
        # Keeping to the lower half of both avoids a wrap in the first minutes, which some receivers mistake for loss.
        self._sequence = random.randrange(1 << 15)  # noqa: S311 - SRTP keeps the secret, not the numbers
        self._origin = random.randrange(1 << 31)  # noqa: S311 - as above
        self._packets = 0
        self._octets = 0

    def start(self, payload_type: int, events_type: int | None = None) -> None:
        """`events_type`: of keys as RTP events, if the page takes them."""
        self._payload_type, self._events_type = payload_type, events_type

    def stop(self) -> None:
        self._payload_type = self._events_type = None

    @property
    def is_ready(self) -> bool:
        """Whether anybody would hear."""
        return (
            self._payload_type is not None
            and self._transport._tx_srtp is not None
            and self._connection.active_pair is not None
        )

    def send(self, payload: bytes, timestamp: int) -> None:
        """Send one packet now; `timestamp` counts at 48 kHz from 0. Forgotten while not ready."""
        self._send(self._payload_type, payload, timestamp)

    def send_event(self, payload: bytes, timestamp: int, *, is_first: bool) -> None:
        """The same for an event; the first packet of each is marked."""
        self._send(self._events_type, payload, timestamp, _MARKER if is_first else 0)

    def _send(self, payload_type: int | None, payload: bytes, timestamp: int, marker: int = 0) -> None:
        pair = self._connection.active_pair
        session = self._transport._tx_srtp
        if payload_type is None or session is None or pair is None:
            return
        stamp = (self._origin + timestamp) & 0xFFFFFFFF
        header = _HEADER.pack(_RTP_VERSION, payload_type | marker, self._sequence, stamp, self._sender._ssrc)
        pair.protocol.transport.sendto(session.protect(header + payload), pair.remote_addr)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        if self._packets % REPORT_EVERY == 1:
            self._note(stamp)

    def _note(self, stamp: int) -> None:
        setattr(self._sender, _COUNTERS["ntp"], clock.current_ntp_time())
        setattr(self._sender, _COUNTERS["rtp"], stamp)
        setattr(self._sender, _COUNTERS["octets"], self._octets)
        setattr(self._sender, _COUNTERS["packets"], self._packets)
