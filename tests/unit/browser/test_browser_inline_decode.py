"""What inline_decode.py relies on inside aiortc. When one of these fails, aiortc changed: read that file again."""

import inspect
from importlib.metadata import version

import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver, rtcdtlstransport, rtcrtpreceiver
from aiortc.rtp import RtpPacket

from server.browser import inline_decode


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


def test_receiving_sound_never_waits() -> None:
    """take_datagrams() runs these coroutines to their end without the event loop."""
    source = inspect.getsource(RTCRtpReceiver._handle_rtp_packet)
    awaits = [line.strip() for line in source.splitlines() if "await " in line]
    assert awaits == [
        "await self._send_rtcp(rtcp_packet)",  # bandwidth feedback: video only
        "await self._send_rtcp_nack(",  # video only
        "await self._send_rtcp_pli(packet.ssrc)",  # picture loss: our jitter buffer never says so
    ]
    transport = inspect.getsource(rtcdtlstransport.RTCDtlsTransport._handle_rtp_data)
    assert transport.count("await ") == 1


async def test_an_aiortc_built_differently_is_noticed_at_once(transceiver: RTCRtpTransceiver) -> None:
    del transceiver.receiver._RTCRtpReceiver__decoder_queue
    with pytest.raises(RuntimeError, match="built differently"):
        inline_decode.take_packets(transceiver.receiver, lambda *packet: None)
    transport = transceiver.receiver.transport
    del transport._rx_srtp
    with pytest.raises(RuntimeError, match="built differently"):
        inline_decode.take_datagrams(transport)
