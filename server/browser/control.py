"""The data channel of one page, with a bounded queue before it."""

import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiortc import RTCDataChannel, RTCSctpTransport
from OpenSSL.SSL import Error as TlsError

LABEL = "control"
QUEUED_MAX = 256
MESSAGE_MAX_BYTES = 16 * 1024
RECEIVED_MAX_BYTES = 256 * 1024  # on one connection; a page that has so much to say connects anew, and goes on
UNSENT_MAX_BYTES = 64 * 1024  # handed to SCTP and not yet acknowledged


def lose_what_cannot_go(association: RTCSctpTransport) -> None:
    """Let a datagram of the association that finds no path be a lost one, as UDP has it, instead of an error.

    aiortc 1.16 sends from timers and tasks that nobody awaits, also while the path below is being closed, by either
    side: OpenSSL refuses to send when the page has said that it closes.
    """
    secured = association.transport
    send = secured._send_data

    async def send_or_lose(data: bytes) -> None:
        with contextlib.suppress(ConnectionError, TlsError):
            await send(data)

    secured._send_data = send_or_lose  # type: ignore[method-assign]


def is_acknowledged(association: RTCSctpTransport) -> bool:
    """Whether the page has all that was handed over."""
    return not (association._data_channel_queue or association._outbound_queue or association._sent_queue)


@dataclass
class _Queued:
    text: str = field(repr=False)
    droppable: bool


class ControlOutbox:
    """Messages to the page in order, kept until the channel opens and takes them."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        """`on_overflow` is called once, when even dropping what may be dropped leaves no room."""
        self._on_overflow = on_overflow
        self._queue: deque[_Queued] = deque()
        self._channel: RTCDataChannel | None = None
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._queue)

    def attach(self, channel: RTCDataChannel) -> None:
        """Send through `channel` from now on."""
        self._channel = channel
        channel.bufferedAmountLowThreshold = UNSENT_MAX_BYTES // 2
        channel.on("bufferedamountlow", self.flush)
        self.flush()

    def send(self, text: str, droppable: bool) -> None:
        """Queue `text`; never blocks. When full the oldest droppable message goes; without one it is over."""
        if self._closed:
            return
        if len(self._queue) >= QUEUED_MAX and not self._drop_one():
            self.close()
            self._on_overflow()
            return
        self._queue.append(_Queued(text, droppable))
        self.flush()

    def flush(self) -> None:
        """Hand over as much as the channel takes now."""
        channel = self._channel
        while self._queue and channel is not None and channel.readyState == "open":
            if channel.bufferedAmount > UNSENT_MAX_BYTES:
                return
            channel.send(self._queue.popleft().text)

    def close(self) -> None:
        """Forget what is queued and take nothing more. Idempotent."""
        self._closed = True
        self._queue.clear()
        self._channel = None

    def _drop_one(self) -> bool:
        for queued in self._queue:
            if queued.droppable:
                self._queue.remove(queued)
                self.dropped += 1
                return True
        return False
