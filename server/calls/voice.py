"""The voice path of one conversation: a room with the agent in it and the page's peer connection of the moment."""

import json
from collections.abc import Callable

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.calls.allowance import Allowance
from server.calls.control import MESSAGES_PER_S, Incoming, Outgoing, parse
from server.calls.journal import ControlChannel
from server.calls.room import Room
from server.calls.room_clock import RoomClock
from server.kit.clock import Clock
from server.kit.errors import AppError
from server.kit.ids import new_uid
from server.kit.tasks import TaskScope
from server.media.leg import Leg

TakeControl = Callable[[Incoming, ControlChannel], None]
VoiceChanged = Callable[[bool], None]
ChannelGone = Callable[[ControlChannel], None]
LAST_WORDS_S = 0.3  # for the message that says the conversation ended to leave before the connection does


class VoicePath:
    """Joins the agent and the visitor in a room. A new offer takes the place of the connection before it."""

    def __init__(self, tasks: TaskScope, network: MediaNetwork, rooms: RoomClock, clock: Clock) -> None:
        self._tasks = tasks
        self._network = network
        self._rooms = rooms
        self._clock = clock
        self._room: Room | None = None
        self._line: _Line | None = None
        self._muted = False
        self.was_connected = False

    @property
    def is_connected(self) -> bool:
        """Whether sound reaches a page now."""
        return self._line is not None and self._line.peer.state is PeerState.CONNECTED

    async def connect(self, offer: str, agent: Leg, take: TakeControl, changed: VoiceChanged, gone: ChannelGone) -> str:
        """Answer `offer`; the SDP answer. `take` gets the page's control messages, `changed` whether it is there.

        `gone` is told the channel of a connection that is over: nothing reaches its page any more.

        Raises InvalidInput `invalid_sdp`, Unavailable `voice_unavailable`.
        """
        line = _Line(take, self._clock)
        line.peer = await BrowserPeer.answer(
            offer,
            leg_id=new_uid("leg"),
            network=self._network,
            clock=self._clock,
            on_control=line.take_raw,
            on_state=lambda state: self._peer_changed(line, state, changed, gone),
        )
        before, self._line = self._line, line
        if before is not None:
            self._leave(before)
            gone(before)
            self._tasks.spawn(before.peer.close(), "close earlier connection")
        self._muted = False
        if self._room is None:
            self._room = Room()
            self._room.add(agent)
            self._rooms.join(self._room)
        return line.peer.answer_sdp

    def mute(self, on: bool) -> None:
        """Whether the agent stops hearing the visitor."""
        self._muted = on
        if self._room is not None and self._line is not None and self._line.is_seated:
            self._room.mute(self._line.peer.leg.id, on)

    async def close(self) -> None:
        """Hang up, after a moment for the last words. Idempotent."""
        line, self._line = self._line, None
        if line is not None:
            if line.peer.state is PeerState.CONNECTED:
                await self._clock.sleep(LAST_WORDS_S)
            self._leave(line)
            await line.peer.close()
        if self._room is not None:
            await self._room.close()

    def _peer_changed(self, line: "_Line", state: PeerState, changed: VoiceChanged, gone: ChannelGone) -> None:
        if line is not self._line or self._room is None:
            return
        if state is PeerState.CONNECTED:
            self.was_connected = True
            if not line.is_seated:
                self._room.add(line.peer.leg)
                line.is_seated = True
                self._room.mute(line.peer.leg.id, self._muted)
            changed(True)
        else:
            self._leave(line)
            if state is PeerState.CLOSED:
                gone(line)
            changed(False)

    def _leave(self, line: "_Line") -> None:
        if line.is_seated and self._room is not None:
            self._room.remove(line.peer.leg.id)
            line.is_seated = False


class _Line:
    """One peer connection and its control channel."""

    peer: BrowserPeer

    def __init__(self, take: TakeControl, clock: Clock) -> None:
        self._take = take
        self._allowance = Allowance(MESSAGES_PER_S, clock.monotonic)
        self.is_seated = False

    def send(self, message: Outgoing) -> None:
        is_partial = message["type"] == "message" and not message["final"]
        self.peer.send_control(json.dumps(message), droppable=is_partial)

    def take_raw(self, raw: str) -> None:
        """A control message as it came; a wrong one is answered, a flood ignored."""
        if not self._allowance.take():
            return
        try:
            self._take(parse(raw), self)
        except AppError as refusal:
            self.send({"type": "error", "code": refusal.code, "message": refusal.message})
