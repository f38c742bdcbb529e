"""Serving: Hypercorn inside our own loop, one process, a stop that drains first."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from server.kit.tasks import TaskScope
from server.web.widget_socket import SocketLimits

_BACKLOG = 512
_READ_TIMEOUT_S = int(SocketLimits().silence_s) + 5  # or the widget's socket would close before its own limit
_KEEP_ALIVE_S = 30
_GRACEFUL_S = 3
_WEBSOCKET_MAX_BYTES = 64 * 1024


class Listener:
    """One address and what answers there."""

    def __init__(self, app: Quart, host: str, port: int, tls: tuple[Path, Path] | None = None) -> None:
        self._app = app
        self._stop = asyncio.Event()
        self._config = Config()
        self._config.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
        self._config.backlog = _BACKLOG
        self._config.read_timeout = _READ_TIMEOUT_S
        self._config.keep_alive_timeout = _KEEP_ALIVE_S
        self._config.graceful_timeout = _GRACEFUL_S
        self._config.websocket_max_message_size = _WEBSOCKET_MAX_BYTES
        self._config.include_server_header = False
        self._config.accesslog = None  # query strings hold keys: the access log is ours to write
        self._config.errorlog = logging.getLogger("hypercorn.error")
        if tls:
            self._config.certfile, self._config.keyfile = str(tls[0]), str(tls[1])

    async def run(self) -> None:
        """Serve until stop()."""
        await serve(self._app, self._config, shutdown_trigger=self._stop.wait)

    def stop(self) -> None:
        self._stop.set()


async def serve_until_signal(
    listeners: list[Listener], on_started: Callable[[], None], drain: Callable[[], Awaitable[None]]
) -> None:
    """Serve every listener; on SIGINT or SIGTERM drain, stop, return. Raises what a listener raised."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, stopping.set)
    tasks = TaskScope("serving")
    failures: list[BaseException] = []

    async def run(listener: Listener) -> None:
        try:
            await listener.run()
        except OSError as failure:
            failures.append(failure)
        stopping.set()

    running = [tasks.spawn(run(listener), "listener") for listener in listeners]
    try:
        on_started()
        await stopping.wait()
        if not failures:
            await drain()
        for listener in listeners:
            listener.stop()
        await asyncio.wait(running, timeout=_GRACEFUL_S * 2)
    finally:
        await tasks.close()
    if failures:
        raise failures[0]
