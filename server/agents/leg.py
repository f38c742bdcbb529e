"""The agent's place in a room: what the visitor says comes in, what the agent says goes out."""

from collections.abc import Awaitable, Callable

from server.media.frame import Frame
from server.media.leg import Role
from server.media.mix import SILENCE

_MISSED_READS = 2  # the room reads and writes once a tick, in either order


class AgentLeg:
    """A Leg over three callables. After `leave` it hears and says nothing."""

    def __init__(
        self,
        leg_id: str,
        hear: Callable[[Frame], None],
        speak: Callable[[bool], Frame | None],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        """`speak` is told whether the visitor's frames have stopped coming."""
        self._id = leg_id
        self._hear = hear
        self._speak = speak
        self._close = close
        self._reads_since_write = 0
        self._left = False

    @property
    def id(self) -> str:
        return self._id

    @property
    def role(self) -> Role:
        return Role.AI

    def read(self) -> Frame | None:
        """The agent's next frame. None: it says nothing now."""
        if self._left:
            return None
        self._reads_since_write += 1
        return self._speak(self._reads_since_write > _MISSED_READS)

    def write(self, frame: Frame) -> None:
        """What the visitor says. The room's SILENCE says nothing was heard: a muted or lost microphone."""
        if not self._left and frame is not SILENCE:
            self._reads_since_write = 0
            self._hear(frame)

    def clear(self) -> None:
        """Nothing to forget: what is written is heard at once."""

    def leave(self) -> None:
        self._left = True

    async def close(self) -> None:
        """End the whole session: it has no life outside its leg once that was closed."""
        await self._close()
