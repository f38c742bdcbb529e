"""A UDP socket on the event loop with one system call for a datagram: libuv, under uvloop, makes two for each it reads.

A datagram that cannot be sent at once is dropped and counted: late sound is worth nothing, STUN and DTLS ask again.
"""

import asyncio
import socket
from typing import Any

DATAGRAM_MAX_BYTES = 2_048


class SocketTransport(asyncio.DatagramTransport):
    """Owns `bound`, a non-blocking UDP socket, and reads it for `protocol` until closed. Needs a running loop."""

    def __init__(self, bound: socket.socket, protocol: asyncio.DatagramProtocol) -> None:
        super().__init__()
        self._socket = bound
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self.unsent = 0
        protocol.connection_made(self)
        self._loop.add_reader(bound.fileno(), self._read_one)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname` or `socket`."""
        if self._closing:
            return default
        return {"sockname": self._socket.getsockname(), "socket": self._socket}.get(name, default)

    def sendto(self, data: bytes | bytearray | memoryview, addr: Any = None) -> None:
        """Send now or not at all. Forgotten after close()."""
        if self._closing or addr is None:
            return
        try:
            self._socket.sendto(data, addr)
        except (BlockingIOError, InterruptedError):
            self.unsent += 1
        except OSError as failure:
            self._protocol.error_received(failure)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Idempotent; the protocol is told soon after."""
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def _read_one(self) -> None:
        # Only one: the loop calls again while there is more, and every other socket gets its turn.
        try:
            data, address = self._socket.recvfrom(DATAGRAM_MAX_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as failure:
            self._protocol.error_received(failure)
            return
        self._protocol.datagram_received(data, address)
