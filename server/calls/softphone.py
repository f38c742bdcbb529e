"""One softphone in a call: the page's peer connection of the moment, its control channel, and its absence."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from server.browser import BrowserPeer, FrameEncoder, MediaNetwork, PeerState
from server.calls.absence import Absence, Attendance
from server.calls.allowance import Allowance
from server.calls.messages import MESSAGES_PER_S, Outgoing
from server.calls.participants import Participant, Presence
from server.calls.quality import QualityWatch
from server.calls.softphone_control import Command, Keys, read_command, refuse_unless_permitted
from server.kit.clock import Clock
from server.kit.errors import AppError, Gone
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Leg

_log = logger(__name__)

QUALITY_EVERY_S = 2.0


@dataclass(frozen=True)
class SoftphoneCallbacks:
    """Called on the event loop; none may block. `gone` comes at most once, and not when the call ends first."""

    present: Callable[["SoftphoneLine"], None]
    away: Callable[["SoftphoneLine"], None]
    gone: Callable[["SoftphoneLine", str], None]
    command: Callable[["SoftphoneLine", Command], None]
    patience: Callable[[], float]
    """Asked: seconds that a connection which is lost now is waited for."""


class SoftphoneLine:
    """A participant by browser. A new offer takes the place of the connection before it."""

    def __init__(
        self,
        participant: Participant,
        network: MediaNetwork,
        clock: Clock,
        tell: SoftphoneCallbacks,
        tasks: TaskScope,
        encoder: FrameEncoder | None = None,
    ) -> None:
        """`encoder`: shared with other softphones that hear the same."""
        self.participant = participant
        self._network = network
        self._clock = clock
        self._tell = tell
        self._tasks = tasks
        self._encoder = encoder
        self._peer: BrowserPeer | None = None
        self._last_peer: BrowserPeer | None = None  # once it is closed
        self._absence = Absence(
            participant.uid, clock, tasks, patience=tell.patience, heard_at=self._heard_at, gone=self._give_up
        )
        self._allowance = Allowance(MESSAGES_PER_S, clock.monotonic)
        self._quality = QualityWatch(clock)
        self._watching = False
        self._is_over = False
        self._is_transferred = False

    @property
    def leg(self) -> Leg | None:
        """Its sound, while it is connected."""
        is_connected = self._peer is not None and self._peer.state is PeerState.CONNECTED
        return self._peer.leg if self._peer is not None and is_connected else None

    async def connect(self, offer: str) -> str:
        """Answer the page's offer: the SDP answer.

        Raises `invalid_sdp`, `voice_unavailable`, `left_call`, `call_transferred`.
        """
        self._refuse_when_over()
        peer = await BrowserPeer.answer(
            offer,
            leg_id=self.participant.uid,
            role=self.participant.role,
            network=self._network,
            clock=self._clock,
            on_control=lambda raw: self._take(peer, raw),
            on_state=lambda state: self._peer_changed(peer, state),
            encoder=self._encoder,
        )
        if self._is_over:
            await peer.close()
        self._refuse_when_over()
        peer.take_keys(lambda key: self._take(peer, Keys(key)))
        before, self._peer = self._peer, peer
        self._absence.back()
        if before is not None:
            self._tell.away(self)
            self._tasks.spawn(before.close(), "close earlier connection")
        if not self._watching:
            self._watching = True
            self._tasks.spawn(self._watch_quality(), f"quality/{self.participant.uid}")
        return peer.answer_sdp

    def leave(self) -> None:
        """The page goes; a moment later, if it has not come back, the participant has left."""
        self._absence.said()

    def returning(self) -> None:
        """The page was loaded anew, and will connect."""
        self._absence.returning()

    def attend(self) -> Attendance:
        """The page opened a socket, whose end says that the page is gone."""
        return self._absence.attend()

    def dismiss(self) -> None:
        """Out of the call at once and for good. Idempotent."""
        if not self._is_over:
            self._give_up("dismissed")

    def send(self, message: Outgoing, droppable: bool = False) -> None:
        if self._peer is not None:
            self._peer.send_control(json.dumps(message), droppable=droppable)

    def heard(self, frame: Frame) -> None:
        """A frame this participant said, whether or not the others hear it."""
        self._quality.heard(frame)

    async def close(self, *, transferred: bool = False) -> None:
        """Hang up, after a moment for the last words. Idempotent; every caller returns when it is done.

        `transferred`: the call goes on without this participant, and its page is told.
        """
        if transferred:
            self._is_transferred = True
            self.send({"type": "left", "reason": "transferred"})
        self._is_over = True
        self._absence.close()
        if self._peer is not None:
            self._last_peer, self._peer = self._peer, None
        if self._last_peer is not None:
            try:
                await self._last_peer.last_words()
            finally:  # nobody else has it any more
                await self._last_peer.close()

    def _peer_changed(self, peer: BrowserPeer, state: PeerState) -> None:
        if peer is not self._peer or self._is_over:
            return
        if state is PeerState.CONNECTED:
            self._absence.back()
            self.participant.presence = Presence.JOINED
            self._tell.present(self)
            return
        if self.participant.presence is Presence.JOINED:
            self.participant.presence = Presence.AWAY
            self._tell.away(self)
        if state is PeerState.CLOSED and not peer.has_failed:
            self._absence.peer_closed()
        else:
            self._absence.silent()

    def _take(self, peer: BrowserPeer, said: str | Command) -> None:
        """A control message as it came, or a key in the sound; a wrong one is answered, a flood ignored."""
        if peer is not self._peer or self._is_over or not self._allowance.take():
            return
        key = None
        try:
            command, key = read_command(said) if isinstance(said, str) else (said, None)
            refuse_unless_permitted(self.participant.role, command)
            self._tell.command(self, command)
            if key:
                self.send({"type": "done", "re": key})
        except AppError as refusal:
            self.refuse(refusal, key)

    def refuse(self, refusal: AppError, key: str | None = None) -> None:
        error = {"type": "error", "code": refusal.code, "message": refusal.message}
        self.send(error | ({"re": key} if key else {}))

    def _refuse_when_over(self) -> None:
        if self._is_transferred:
            raise Gone("call_transferred", "This call was transferred, and goes on without you.")
        if self._is_over:
            raise Gone("left_call", "This participant is no longer in the call.")

    def _heard_at(self) -> float:
        return self._peer.heard_at if self._peer is not None else 0.0

    def _give_up(self, reason: str) -> None:
        self._is_over = True
        self.participant.presence = Presence.LEFT
        self._tell.gone(self, reason)

    async def _watch_quality(self) -> None:
        while not self._is_over:
            await self._clock.sleep(QUALITY_EVERY_S)
            peer = self._peer
            if peer is not None and peer.state is PeerState.CONNECTED:
                stats = await peer.stats()
                self.send(self._quality.message(stats, self.participant.muted), droppable=True)
