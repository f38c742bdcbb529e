"""What is said in a call, on its way to the pages that show it; what was said is stored first."""

from typing import Protocol

from server.calls.call_services import Keepsakes
from server.calls.capture import Words
from server.calls.ledger import Ledger
from server.calls.messages import Outgoing
from server.calls.scene import CallScene


class Broadcast(Protocol):
    def __call__(self, message: Outgoing, *, droppable: bool = False) -> None:
        """Send `message` to every page of the call; a `droppable` one only where nothing waits to be sent."""


class SpokenWords:
    """Of one call, by speaker."""

    def __init__(self, ledger: Ledger, scene: CallScene, keepsakes: Keepsakes, broadcast: Broadcast) -> None:
        self._ledger = ledger
        self._scene = scene
        self._keepsakes = keepsakes
        self._broadcast = broadcast

    def take(self, words: Words) -> None:
        """Final words are shown with the number they are stored under; of who may not be kept, none are."""
        call, speaker = self._ledger.call, self._scene.participants.get(words.participant)
        if speaker is None or not call.may_be_kept:
            return
        message = words.message(speaker)
        if not words.final or not words.text:
            self._broadcast(message, droppable=not words.final)
            return

        async def keep() -> None:
            message["seq"] = await self._keepsakes.keep(call, speaker, words)

        self._ledger.add("words", keep, lambda: self._broadcast(message))
