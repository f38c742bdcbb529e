"""The voice path of one conversation: a room with the agent in it and the page's peer connection of the moment."""

import json
from collections.abc import Callable

from server.browser import BrowserPeer, MediaNetwork, PeerState
from server.calls.allowance import Allowance
from server.calls.control import MESSAGES_PER_S, Incoming, Outgoing, parse
from server.calls.journal import ControlChannel
from server.calls.room import Room
from server.kit.clock import Clock
from server.kit.errors import AppError
from server.kit.tasks import TaskScope
from server.media.leg import Leg

TakeControl = Callable[[Incoming, ControlChannel], None]


class _DataChannel:
    """The control channel of one peer connection."""

    def __init__(self, peer: BrowserPeer) -> None:
        self._peer = peer

    def send(self, message: Outgoing) -> None:
        self._peer.send_control(json.dumps(message))


class VoicePath:
    """Joins the agent and the visitor in a room. A new offer takes the place of the connection before it."""

    def __init__(self, tasks: TaskScope, network: MediaNetwork, clock: Clock) -> None:
        self._tasks = tasks
        self._network = network
        self._clock = clock
        self._room = Room(clock)
        self._peer: BrowserPeer | None = None
        self._channel: _DataChannel | None = None
        self._running = False
        self._closed = False
        self.was_connected = False

    @property
    def is_connected(self) -> bool:
        """Whether sound reaches a page now."""
        return self._peer is not None and self._peer.state is PeerState.CONNECTED
