"""The bus between processes: small notices, at most once, to whoever listens now. Nothing depends on one arriving."""

from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

Listener = Callable[[str], None]


class Bus(Protocol):
    def listen(self, topic: str, listener: Listener) -> None:
        """Call `listener(notice)` on the event loop for every notice on `topic` from now on."""
        ...

    async def publish(self, topic: str, notice: str) -> None:
        """Tell every listener of `topic`, in this process and in others."""
        ...

    async def close(self) -> None: ...


class LocalBus:
    """One process: listeners are called at once."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)

    def listen(self, topic: str, listener: Listener) -> None:
        self._listeners[topic].append(listener)

    async def publish(self, topic: str, notice: str) -> None:
        for listener in self._listeners[topic]:
            listener(notice)

    async def close(self) -> None:
        self._listeners.clear()
