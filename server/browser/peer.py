"""One browser's peer connection, from offer to close: its sound as a Leg, its control channel, how it fares."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpCapabilities,
    RTCRtpCodecCapability,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from server.browser import control, gathering, inline_decode
from server.browser.gathering import MediaNetwork
from server.browser.leg import BrowserLeg, FrameEncoder, OnKey
from server.browser.offer import KeyEvents, Offer, invalid_sdp, read_offer
from server.browser.outgoing import PacketSender, SilentTrack
from server.kit.clock import Clock
from server.kit.errors import Unavailable
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.leg import Leg, Role
from server.media.opus import CLOCK_HZ

_log = logger(__name__)

CONNECT_TIMEOUT_S = 15.0
NEGOTIATE_TIMEOUT_S = 5.0
SILENT_S = 5.0  # without a single datagram: a browser sends at least a check every 2.5 s
WATCH_INTERVAL_S = 0.5
CLOSE_TIMEOUT_S = 5.0
LAST_WORDS_S = 3.0
ACKNOWLEDGED_INTERVAL_S = 0.05

# What the page should send: mono wideband speech that survives a lost packet.
_OPUS_WISHES = "minptime=10;useinbandfec=1;stereo=0;maxplaybackrate=16000;maxaveragebitrate=32000"

# aiortc checks little of what it applies: these are its ways to say that an offer makes no sense.
_NOT_UNDERSTOOD = (
    ValueError,
    AssertionError,
    LookupError,
    AttributeError,
    TypeError,
    RuntimeError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)


class PeerState(StrEnum):
    """CONNECTED and DISCONNECTED may alternate; FAILED is followed by CLOSED; CLOSED is last."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True)
class PeerStats:
    """How the connection fares. Ours: what we receive from the page; theirs: what the page reports of our sound."""

    packets_received: int
    packets_lost: int
    jitter_ms: float
    concealed_frames: int
    dropped_frames: int
    late_packets: int
    malformed_packets: int
    dropped_messages: int
    rtt_ms: float | None  # None until the page has reported
    their_packets_lost: int | None
    their_jitter_ms: float | None


OnControl = Callable[[str], None]
OnState = Callable[[PeerState], None]


class BrowserPeer:
    """Made by answer(). A page that comes back gets a new one. `close()` is idempotent."""

    def __init__(
        self,
        leg_id: str,
        role: Role,
        network: MediaNetwork,
        clock: Clock,
        on_control: OnControl,
        on_state: OnState,
        encoder: FrameEncoder | None,
    ) -> None:
        self._clock = clock
        self._on_control = on_control
        self._on_state = on_state
        self._state = PeerState.CONNECTING
        self._has_failed = False
        self._tasks = TaskScope(f"peer {leg_id}")
        self._closing: asyncio.Task[None] | None = None
        self._answer_sdp = ""
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=network.aiortc_servers(), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._audio = self._connection.addTransceiver(SilentTrack(), direction="sendrecv")
        self._audio.setCodecPreferences(_opus(RTCRtpSender.getCapabilities("audio")))
        secured = self._audio.receiver.transport
        self._ice = secured.transport
        self._bound = gathering.bind(self._ice, network, clock)
        self._sender = PacketSender(self._audio.sender, secured, self._bound)
        self._leg = BrowserLeg(leg_id, role, self._sender, clock, encoder)
        inline_decode.take_packets(self._audio.receiver, self._leg.take_packet)
        self._intake = inline_decode.SoundIntake(secured, self._audio.receiver, self._leg.take_packet)
        self._bound.take_at_once = self._intake.take_datagram
        self._outbox = control.ControlOutbox(self._overflowed)
        self._received_bytes = 0
        self._connection.on("connectionstatechange", self._connection_changed)
        self._connection.on("datachannel", self._channel_opened)

    @classmethod
    async def answer(
        cls,
        offer_sdp: str,
        *,
        leg_id: str,
        network: MediaNetwork,
        clock: Clock,
        on_control: OnControl = lambda text: None,
        on_state: OnState = lambda state: None,
        role: Role = Role.VISITOR,
        encoder: FrameEncoder | None = None,
    ) -> "BrowserPeer":
        """Answer a page's offer; `answer_sdp` goes back to it. Connecting goes on in the background.

        The callbacks run on the event loop and must not block. `encoder` may be shared by those who hear the same.

        Raises InvalidInput `invalid_sdp`, and Unavailable
        `voice_unavailable` when no address can be bound.
        """
        offer = read_offer(offer_sdp)
        peer = cls(leg_id, role, network, clock, on_control, on_state, encoder)
        try:
            async with asyncio.timeout(NEGOTIATE_TIMEOUT_S):
                await peer._negotiate(offer)
        except _NOT_UNDERSTOOD as wrong:
            await peer._give_up()
            raise invalid_sdp() from wrong
        except BaseException:
            await peer._give_up()
            raise
        peer._tasks.spawn(peer._watch(), "watch")
        return peer

    async def _give_up(self) -> None:
        """Close without a word: who asked for it has no peer that could be told of."""
        self._on_state = lambda state: None
        await self.close()

    @property
    def answer_sdp(self) -> str:
        return self._answer_sdp

    @property
    def leg(self) -> Leg:
        """The page's sound; give it to a room."""
        return self._leg

    @property
    def state(self) -> PeerState:
        return self._state

    @property
    def heard_at(self) -> float:
        """The monotonic time of the latest datagram."""
        return self._bound.heard_at

    @property
    def has_failed(self) -> bool:
        """Given up from here: whoever sees it CLOSED otherwise sees that the page closed it."""
        return self._has_failed

    def send_control(self, text: str, droppable: bool = False) -> None:
        """Send `text` on the control channel; queued until it opens. A page that cannot keep up is closed."""
        self._outbox.send(text, droppable)

    async def last_words(self) -> None:
        """Return when the page has every message, or can hardly be waited for any longer."""
        association = self._connection.sctp
        deadline = self._clock.monotonic() + LAST_WORDS_S
        while self._state is PeerState.CONNECTED and self._clock.monotonic() < deadline:
            if association is None or (not len(self._outbox) and control.is_acknowledged(association)):
                return
            await self._clock.sleep(ACKNOWLEDGED_INTERVAL_S)

    def take_keys(self, on_key: OnKey) -> None:
        """Tell `on_key` what is pressed on the page from now on, if the page says keys as RTP events."""
        self._leg.on_key = on_key

    def press(self, digits: str) -> bool:
        """Let the page hear keys, as RTP events; False when it takes none."""
        return self._leg.press(digits)

    async def stats(self) -> PeerStats:
        """Counters since the beginning."""
        ours = theirs = None
        for entry in (await self._connection.getStats()).values():
            if isinstance(entry, RTCInboundRtpStreamStats) and entry.kind == "audio":
                ours = entry
            elif isinstance(entry, RTCRemoteInboundRtpStreamStats) and entry.kind == "audio":
                theirs = entry
        rtt_s = theirs.roundTripTime if theirs else None
        return PeerStats(
            packets_received=ours.packetsReceived if ours else 0,
            packets_lost=ours.packetsLost if ours else 0,
            jitter_ms=_milliseconds(ours.jitter) if ours else 0.0,
            concealed_frames=self._leg.concealed,
            dropped_frames=self._leg.dropped + self._bound.datagrams_dropped,
            late_packets=self._leg.jitter.late,
            malformed_packets=self._leg.malformed,
            dropped_messages=self._outbox.dropped,
            rtt_ms=None if rtt_s is None else rtt_s * 1000,
            their_packets_lost=theirs.packetsLost if theirs else None,
            their_jitter_ms=_milliseconds(theirs.jitter) if theirs else None,
        )

    async def close(self) -> None:
        """Hang up and free everything; every caller returns when it is done."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(), name="close peer")
        await asyncio.shield(self._closing)

    async def _negotiate(self, offer: Offer) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        if self._connection.sctp is not None:
            control.lose_what_cannot_go(self._connection.sctp)
        for transceiver in self._connection.getTransceivers():
            if transceiver is not self._audio:
                transceiver.direction = "inactive"
        for candidate in offer.candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._connection.setLocalDescription()
        if not self._bound.local_candidates:
            raise Unavailable("voice_unavailable", "The server has no free address for sound.")
        answer = self._connection.localDescription.sdp
        payload_type = _opus_payload_type(answer)
        self._answer_sdp = _with_wishes(answer, payload_type)
        events_type = None
        if offer.key_events is not None:
            events_type = offer.key_events.payload_type
            self._answer_sdp = _with_events(self._answer_sdp, offer.key_events)
            self._leg.use_events(offer.key_events.clock_hz)
        direction = self._audio.currentDirection or ""
        if "recv" in direction:
            self._intake.start(payload_type, events_type, self._leg.take_event)
        if "send" in direction:
            self._sender.start(payload_type, events_type)

    async def _watch(self) -> None:
        """Tell a page that vanished from one that is quiet, and give up on one that never comes."""
        deadline = self._clock.monotonic() + CONNECT_TIMEOUT_S
        while self._state is not PeerState.CLOSED:
            await self._clock.sleep(WATCH_INTERVAL_S)
            now = self._clock.monotonic()
            if self._state is PeerState.CONNECTING:
                if now > deadline:
                    self._fail()
                continue
            is_silent = now - self._bound.heard_at > SILENT_S
            if is_silent and self._state is PeerState.CONNECTED:
                self._become(PeerState.DISCONNECTED)
            elif not is_silent and self._state is PeerState.DISCONNECTED:
                self._become(PeerState.CONNECTED)

    def _connection_changed(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self._bound.heard_at = self._clock.monotonic()
                self._become(PeerState.CONNECTED)
            case "failed":
                self._fail()
            case "closed":
                self._close_soon()

    def _channel_opened(self, channel: RTCDataChannel) -> None:
        if channel.label != control.LABEL:
            channel.close()
            return
        channel.on("message", self._message_came)
        self._outbox.attach(channel)

    def _message_came(self, message: str | bytes) -> None:
        self._received_bytes += len(message)
        if self._received_bytes > control.RECEIVED_MAX_BYTES:
            if self._state not in (PeerState.FAILED, PeerState.CLOSED):
                _log.warning("a page floods its control channel", leg=self._leg.id)
                self._fail()
            return
        # Only text is part of the protocol; aiortc hands over whole messages, so the size is checked here.
        if isinstance(message, str) and len(message) <= control.MESSAGE_MAX_BYTES:
            self._on_control(message)

    def _overflowed(self) -> None:
        _log.warning("a page cannot keep up with its control channel", leg=self._leg.id)
        self._fail()

    def _fail(self) -> None:
        self._has_failed = True
        self._become(PeerState.FAILED)
        self._close_soon()

    def _close_soon(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(), name="close peer")

    def _become(self, state: PeerState) -> None:
        over = self._state is PeerState.CLOSED or (self._state is PeerState.FAILED and state is not PeerState.CLOSED)
        if state is self._state or over:
            return
        self._state = state
        self._on_state(state)

    async def _close(self) -> None:
        self._outbox.close()
        await self._leg.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            _log.warning("a peer connection did not close in time", leg=self._leg.id)
        await self._tasks.close()
        self._become(PeerState.CLOSED)


def _opus(capabilities: RTCRtpCapabilities) -> list[RTCRtpCodecCapability]:
    return [codec for codec in capabilities.codecs if codec.mimeType.lower() == "audio/opus"]


def _opus_payload_type(answer_sdp: str) -> int:
    for line in answer_sdp.splitlines():
        if line.startswith("a=rtpmap:") and "opus/48000" in line.lower():
            return int(line.removeprefix("a=rtpmap:").split()[0])
    raise ValueError("the answer has no Opus")


def _with_wishes(answer_sdp: str, payload_type: int) -> str:
    """The answer with what we would like to receive: aiortc only repeats what the page offered."""
    lines: list[str] = []
    for line in answer_sdp.splitlines():
        if line.startswith(f"a=fmtp:{payload_type} "):
            continue
        lines.append(line)
        if line.startswith(f"a=rtpmap:{payload_type} "):
            lines.append(f"a=fmtp:{payload_type} {_OPUS_WISHES}")
    return "\r\n".join(lines) + "\r\n"


def _with_events(answer_sdp: str, events: KeyEvents) -> str:
    """The answer with keys as RTP events among the formats of the sound; aiortc knows none."""
    kind = events.payload_type
    described = f"a=rtpmap:{kind} telephone-event/{events.clock_hz}\r\na=fmtp:{kind} 0-15"
    before, media, rest = answer_sdp.partition("m=audio ")
    formats, connection, attributes = rest.split("\r\n", 2)
    return f"{before}{media}{formats} {kind}\r\n{connection}\r\n{described}\r\n{attributes}"


def _milliseconds(ticks: int) -> float:
    return ticks * 1000 / CLOCK_HZ
