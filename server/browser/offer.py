"""A page's SDP offer, checked before aiortc acts on it: what passes here can be answered."""

import ipaddress
import re
from dataclasses import dataclass

from aiortc import RTCIceCandidate, RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from server.kit.errors import InvalidInput

OFFER_MAX_BYTES = 32 * 1024
SECTIONS_MAX = 8
CANDIDATES_MAX = 16
EVENT_CLOCKS_HZ = (8_000, 48_000)  # what browsers offer

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_MID = re.compile(r"[!-~]{1,32}")
_FINGERPRINTS = {"sha-256": 95, "sha-384": 143, "sha-512": 191}  # algorithm -> characters of its value
_KEY_EVENTS = "audio/telephone-event"
_LEFT_OUT = ("a=candidate:", "a=end-of-candidates", "a=group:BUNDLE")


@dataclass(frozen=True)
class KeyEvents:
    """The page can say and hear keys as RTP events, with this payload type and clock."""

    payload_type: int
    clock_hz: int


@dataclass(frozen=True)
class Offer:
    """`sdp` is for aiortc: candidates are taken out (they are added one by one), and so is the bundle group, because
    everything shares the first transport anyway."""

    sdp: str
    audio_mid: str
    has_control: bool
    candidates: tuple[RTCIceCandidate, ...]
    key_events: KeyEvents | None


def read_offer(text: str) -> Offer:
    """Check `text`. Raises InvalidInput `invalid_sdp` for anything that cannot be answered with sound."""
    if len(text.encode("utf-8", "surrogatepass")) > OFFER_MAX_BYTES:
        raise invalid_sdp()
    try:
        description = SessionDescription.parse(text)
    # aiortc's parser raises whatever Python raises on the way: KeyError, IndexError, StopIteration, AssertionError, …
    except Exception:  # noqa: BLE001
        raise invalid_sdp() from None
    sections = description.media
    audio = next((section for section in sections if section.kind == "audio"), None)
    if audio is None or len(sections) > SECTIONS_MAX or not all(_is_answerable(section) for section in sections):
        raise invalid_sdp()
    mids = [section.rtp.muxId for section in sections]
    controls = [section for section in sections if section.kind == "application"]
    if len(set(mids)) != len(mids) or len(controls) > 1:
        raise invalid_sdp()
    lines = [line for line in text.splitlines() if not line.startswith(_LEFT_OUT)]
    return Offer(
        "\r\n".join(lines) + "\r\n", audio.rtp.muxId, bool(controls), _candidates(sections), _key_events(audio)
    )


def invalid_sdp() -> InvalidInput:
    return InvalidInput("invalid_sdp", "The SDP offer cannot be answered.")


def _is_answerable(section: MediaDescription) -> bool:
    if not (_MID.fullmatch(section.rtp.muxId or "") and _is_secured(section)):
        return False
    if section.kind == "application":
        return (
            "DTLS/SCTP" in section.profile
            and section.sctp_port is not None
            and 0 < section.sctp_port < 65_536
            and section.sctpCapabilities is not None
        )
    return section.kind in ("audio", "video") and section.rtcp_mux and section.direction is not None


def _is_secured(section: MediaDescription) -> bool:
    return (
        section.dtls is not None
        and any(_FINGERPRINTS.get(each.algorithm.lower()) == len(each.value) for each in section.dtls.fingerprints)
        and section.ice is not None
        and bool(_UFRAG.fullmatch(section.ice.usernameFragment or ""))
        and bool(_PASSWORD.fullmatch(section.ice.password or ""))
    )


def _key_events(audio: MediaDescription) -> KeyEvents | None:
    """With the clock of Opus if there is a choice: events share the timestamps of the sound."""
    offered = [
        KeyEvents(codec.payloadType, codec.clockRate)
        for codec in audio.rtp.codecs
        if codec.payloadType is not None and 0 <= codec.payloadType < 128 and _is_key_events(codec)
    ]
    return max(offered, key=lambda events: events.clock_hz, default=None)


def _is_key_events(codec: RTCRtpCodecParameters) -> bool:
    return codec.mimeType.lower() == _KEY_EVENTS and codec.clockRate in EVENT_CLOCKS_HZ


def _candidates(sections: list[MediaDescription]) -> tuple[RTCIceCandidate, ...]:
    """Addresses worth trying: UDP, written as numbers, each once."""
    found: dict[tuple[str, int], RTCIceCandidate] = {}
    for section in sections:
        for candidate in section.ice_candidates:
            if candidate.protocol.lower() == "udp" and candidate.component == 1 and _is_reachable(candidate):
                found.setdefault((candidate.ip, candidate.port), candidate)
    return tuple(found.values())[:CANDIDATES_MAX]


def _is_reachable(candidate: RTCIceCandidate) -> bool:
    try:
        address = ipaddress.ip_address(candidate.ip)
    except ValueError:
        return False  # an mDNS name: the page is found by its own first packet
    return 0 < candidate.port < 65_536 and not (address.is_multicast or address.is_unspecified)
