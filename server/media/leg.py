"""The Leg port: whoever takes part in a call is one of these to the room."""

from enum import StrEnum
from typing import Protocol

from server.media.frame import Frame


class Role(StrEnum):
    """What a participant is in a call; the room decides by it who is heard."""

    VISITOR = "visitor"
    CALLER = "caller"
    CALLEE = "callee"
    AGENT = "agent"
    TALK = "talk"
    LISTEN = "listen"
    MONITOR = "monitor"
    AI = "ai"
    ANNOUNCEMENT = "announcement"  # a tone or recorded words, played to whoever is in the room


class Leg(Protocol):
    """A participant's sound, both ways. The room's tick calls read and write every 20 ms."""

    @property
    def id(self) -> str: ...

    @property
    def role(self) -> Role: ...

    def read(self) -> Frame | None:
        """The next frame this participant says, or None for silence. Never blocks."""
        ...

    def write(self, frame: Frame) -> None:
        """What this participant hears next. Never blocks; when full the oldest frame goes, and is counted."""
        ...

    def clear(self) -> None:
        """Forget what was written and has not been heard yet (barge-in)."""
        ...

    async def close(self) -> None:
        """Leave. Idempotent."""
        ...
