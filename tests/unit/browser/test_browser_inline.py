"""What inline_decode.py and outgoing.py rely on inside aiortc. When one fails, aiortc changed: read them again."""

import inspect
from importlib.metadata import version

import pylibsrtp
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver, rtcrtpreceiver
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from server.browser import MediaNetwork, gathering, inline_decode
from server.browser.outgoing import PacketSender
from server.kit.clock import SystemClock


@pytest.fixture
def transceiver() -> RTCRtpTransceiver:
    return RTCPeerConnection().addTransceiver("audio")


def test_aiortc_is_the_version_these_internals_were_read_in() -> None:
    assert version("aiortc") == "1.16.0"


async def test_the_receiver_has_the_parts_that_are_replaced(transceiver: RTCRtpTransceiver) -> None:
    receiver = transceiver.receiver
    assert type(receiver._RTCRtpReceiver__jitter_buffer).__name__ == "JitterBuffer"
    assert receiver._RTCRtpReceiver__decoder_thread is None
    came: list[tuple[int, int, bytes]] = []
    inline_decode.take_packets(receiver, lambda *packet: came.append(packet))
    packet = RtpPacket(payload_type=96, sequence_number=7, timestamp=960, payload=b"sound")
    assert receiver._RTCRtpReceiver__jitter_buffer.add(packet) == (False, None)
    assert came == [(7, 960, b"sound")]


async def test_the_decoder_thread_ends_on_the_queue_it_is_given(transceiver: RTCRtpTransceiver) -> None:
    source = inspect.getsource(rtcrtpreceiver.decoder_worker)
    assert "task = input_q.get()" in source
    assert "if task is None:" in source
    inline_decode.take_packets(transceiver.receiver, lambda *packet: None)
    assert transceiver.receiver._RTCRtpReceiver__decoder_queue.get() is None


class Session:
    """Stands for an SRTP session: protects nothing, refuses what begins with `forged`."""

    def unprotect(self, data: bytes) -> bytes:
        if data.endswith(b"forged"):
            raise pylibsrtp.Error("authentication failure")
        return data


def intake(transceiver: RTCRtpTransceiver) -> tuple[inline_decode.SoundIntake, list[tuple[int, int, bytes]]]:
    came: list[tuple[int, int, bytes]] = []
    transport = transceiver.receiver.transport
    taking = inline_decode.SoundIntake(transport, transceiver.receiver, lambda *packet: came.append(packet))
    taking.start(96)
    transport._rx_srtp = Session()
    return taking, came


def rtp(sequence: int, payload: bytes = b"sound", payload_type: int = 96, ssrc: int = 1) -> RtpPacket:
    packet = RtpPacket(payload_type=payload_type, sequence_number=sequence, timestamp=sequence * 960, payload=payload)
    packet.ssrc = ssrc
    return packet


async def test_headers_are_read_as_aiortc_writes_them(transceiver: RTCRtpTransceiver) -> None:
    taking, came = intake(transceiver)
    extensions = HeaderExtensionsMap()
    extensions.configure(
        RTCRtpParameters(
            headerExtensions=[RTCRtpHeaderExtensionParameters(id=1, uri="urn:ietf:params:rtp-hdrext:sdes:mid")]
        )
    )
    extended = rtp(2)
    extended.extensions.mid = "audio"
    contributed = rtp(3)
    contributed.csrc = [4, 5]
    padded = rtp(4)
    padded.padding_size = 8
    for packet in (rtp(1), extended, contributed, padded):
        assert taking.take_datagram(packet.serialize(extensions))
    assert came == [(number, number * 960, b"sound") for number in (1, 2, 3, 4)]


async def test_what_is_not_our_sound_is_dropped_and_what_is_not_sound_is_left(transceiver: RTCRtpTransceiver) -> None:
    taking, came = intake(transceiver)
    plain = HeaderExtensionsMap()
    for dropped in (rtp(1, payload_type=0), rtp(2, payload=b""), rtp(3, payload=b"forged")):
        assert taking.take_datagram(dropped.serialize(plain))
    assert taking.take_datagram(b"\xbf\x60" + b"\xff" * 14)  # lengths that reach past the end
    for other in (b"", b"\x80", b"\x16\xfe\xfd" + b"\0" * 20, b"\x80\xc8" + b"\0" * 26):
        assert not taking.take_datagram(other)
    assert came == []


async def test_reports_count_what_was_taken_and_sources_are_bounded(transceiver: RTCRtpTransceiver) -> None:
    taking, came = intake(transceiver)
    for number in (10, 11, 13):
        taking.take_datagram(rtp(number).serialize(HeaderExtensionsMap()))
    stats = [entry for entry in (await transceiver.receiver.getStats()).values() if entry.type == "inbound-rtp"]
    assert [(entry.packetsReceived, entry.packetsLost) for entry in stats] == [(3, 1)]
    for source in range(2, 50):
        taking.take_datagram(rtp(1, ssrc=source).serialize(HeaderExtensionsMap()))
    assert (
        len({entry.ssrc for entry in (await transceiver.receiver.getStats()).values() if entry.type == "inbound-rtp"})
        <= 4
    )
    assert len(came) == 3 + inline_decode.SOURCES_MAX - 1


@pytest.mark.parametrize("part", ["_RTCRtpReceiver__decoder_queue", "_RTCRtpReceiver__jitter_buffer"])
async def test_a_receiver_built_differently_is_noticed_at_once(transceiver: RTCRtpTransceiver, part: str) -> None:
    delattr(transceiver.receiver, part)
    with pytest.raises(RuntimeError, match="built differently"):
        inline_decode.take_packets(transceiver.receiver, lambda *packet: None)


async def test_a_transport_or_sender_built_differently_is_noticed_at_once(transceiver: RTCRtpTransceiver) -> None:
    transport = transceiver.receiver.transport
    bound = gathering.bind(transport.transport, MediaNetwork(), SystemClock())
    PacketSender(transceiver.sender, transport, bound)
    del transceiver.sender._RTCRtpSender__packet_count
    with pytest.raises(RuntimeError, match="built differently"):
        PacketSender(transceiver.sender, transport, bound)
    del transport._rx_srtp
    with pytest.raises(RuntimeError, match="built differently"):
        inline_decode.SoundIntake(transport, transceiver.receiver, lambda *packet: None)


def test_reports_are_made_from_the_counters_we_keep() -> None:
    source = inspect.getsource(RTCRtpSender._run_rtcp)
    for counter in ("__ntp_timestamp", "__rtp_timestamp", "__packet_count", "__octet_count"):
        assert f"self.{counter}" in source
