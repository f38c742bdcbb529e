"""Offers that make no sense: always `invalid_sdp`, never another error, a log line or anything left behind."""

import asyncio
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.browser import BrowserPeer, MediaNetwork
from server.browser.offer import OFFER_MAX_BYTES, read_offer
from server.kit.clock import SystemClock
from server.kit.errors import InvalidInput
from tests.fakes.browser_page import Page

LOOPBACK = MediaNetwork(bind_addresses=("127.0.0.1",))

CHROMIUM = "\r\n".join(
    """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 7b6d5f6e-8c11-4f62-9d7a-0d4c1a2b3c4d.local 51234 typ host generation 0
a=candidate:2 1 udp 2113937150 192.0.2.7 51235 typ host generation 0
a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0
a=ice-ufrag:EsAw
a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
a=ice-options:trickle
a=fingerprint:sha-256 DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09:DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:3735928559 cname:page
a=ssrc:3735928559 msid:stream track
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
a=ice-options:trickle
a=fingerprint:sha-256 DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09:DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".split("\n")
)
VIDEO = "\r\n".join(
    """m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
a=fingerprint:sha-256 DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09:DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF
a=setup:actpass
a=mid:2
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
""".split("\n")
)


async def answer(offer: str) -> str | None:
    """The answer to `offer`, or None for a clean refusal."""
    try:
        peer = await BrowserPeer.answer(offer, leg_id="visitor", network=LOOPBACK, clock=SystemClock())
    except InvalidInput as refusal:
        assert refusal.code == "invalid_sdp"  # noqa: PT017 - half of the offers are answered
        return None
    answered = peer.answer_sdp
    await peer.close()
    return answered


async def tidy(offer: str) -> bool:
    """Whether `offer` is answered; fails when it leaves a task or an unheard failure behind."""
    failures: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    before = asyncio.all_tasks()
    answered = await answer(offer)
    for _ in range(50):
        await asyncio.sleep(0)
    assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()
    assert failures == []
    return answered is not None


def test_an_offer_of_chromium_is_read() -> None:
    offer = read_offer(CHROMIUM)
    assert (offer.audio_mid, offer.has_control) == ("0", True)
    assert [(candidate.ip, candidate.port) for candidate in offer.candidates] == [("192.0.2.7", 51235)]
    assert "candidate" not in offer.sdp


async def test_an_offer_of_chromium_is_answered_and_mdns_names_do_not_hold_it_up() -> None:
    took_s = []
    for _ in range(5):  # a machine that stalls holds up one answer, a name that is looked up each
        began = time.monotonic()
        answered = await answer(CHROMIUM)
        took_s.append(time.monotonic() - began)
    assert min(took_s) < 1
    assert answered is not None
    assert "a=rtpmap:111 opus/48000/2" in answered
    assert "a=group:BUNDLE 0 1" in answered


async def test_video_is_refused_and_sound_is_not() -> None:
    answered = await answer(CHROMIUM + VIDEO)
    assert answered is not None
    audio, video = answered.split("m=audio")[1].split("m=")[0], answered.split("m=video")[1]
    assert "a=sendrecv" in audio
    assert "a=inactive" in video


async def test_the_control_section_may_come_first() -> None:
    head, audio, control = CHROMIUM.partition("m=audio")[0], *CHROMIUM.partition("m=audio")[2].split("m=application")
    answered = await answer(head.replace("BUNDLE 0 1", "BUNDLE 1 0") + "m=application" + control + "m=audio" + audio)
    assert answered is not None
    assert answered.index("m=application") < answered.index("m=audio")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "v=0",
        "not SDP at all",
        "\ud800",
        CHROMIUM.replace("m=audio", "m=video").replace("opus/48000/2", "VP8/90000"),
        CHROMIUM.replace("opus", "speex"),
        CHROMIUM.replace("a=rtcp-mux\r\n", ""),
        CHROMIUM.replace("a=setup:actpass\r\n", ""),
        CHROMIUM.replace("a=setup:actpass", "a=setup:nobody"),
        CHROMIUM.replace("sha-256", "md5"),
        CHROMIUM.replace("DA:39", "DA"),
        CHROMIUM.replace("a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\n", ""),
        CHROMIUM.replace("EsAw", "E"),
        CHROMIUM.replace("a=mid:1", "a=mid:0"),
        CHROMIUM.replace("a=mid:0\r\n", ""),
        CHROMIUM.replace("a=sctp-port:5000\r\n", ""),
        CHROMIUM.replace("sctp-port:5000", "sctp-port:0"),
        CHROMIUM.replace("a=max-message-size:262144\r\n", ""),
        CHROMIUM.replace("a=sendrecv\r\n", ""),
        CHROMIUM.replace(" 111 63", " 64000 -1"),
        CHROMIUM + VIDEO * 8,
        CHROMIUM + "a=x:" + "y" * OFFER_MAX_BYTES,
    ],
)
async def test_what_cannot_be_answered_is_refused_cleanly(wrong: str) -> None:
    assert not await tidy(wrong)


async def test_offers_cut_short_or_damaged_are_refused_or_answered_cleanly() -> None:
    dice = random.Random(20_26)
    real = await _real_offer()
    lines = real.splitlines(keepends=True)
    answered = 0
    for _ in range(60):
        damaged = dice.choice(
            [
                real[: dice.randrange(len(real))],
                "".join(line for line in lines if dice.random() > 0.05),
                "".join(dice.sample(lines, len(lines))),
                "".join(chr(dice.randrange(256)) if dice.random() < 0.004 else letter for letter in real),
                real.replace(dice.choice(real.split()), dice.choice(real.split())),
            ]
        )
        answered += await tidy(damaged)
    assert answered < 60


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.one_of(st.text(max_size=1_000), st.binary(max_size=1_000).map(lambda raw: raw.decode("latin-1"))))
def test_random_bytes_are_refused(noise: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_offer(noise)
    assert refusal.value.code == "invalid_sdp"


async def _real_offer() -> str:
    page = Page()
    offer = await page.offer()
    await page.close()
    return offer
