"""What the telephony contract needs of a carrier under test: its driver, and somebody at the other end of the line."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from server.media.frame import Frame
from server.telephony.port import CallEnd, PhoneEvent, TelephonyDriver

EVENTS_MAX = 64


class Telephone(Protocol):
    """The other party's telephone, which a test plays."""

    @property
    def number(self) -> str: ...

    @property
    def pressed(self) -> str:
        """Keys that our end pressed, as they were heard."""
        ...

    @property
    def left(self) -> list[CallEnd]:
        """How calls ended, as this telephone was told."""
        ...

    async def rang(self) -> None:
        """Until a call rings here."""
        ...

    async def pick_up(self) -> None: ...

    async def decline(self) -> None: ...

    async def say_busy(self) -> None: ...

    async def hang_up(self) -> None: ...

    async def press(self, digit: str) -> None: ...

    async def call(self, to: str) -> None:
        """Dial one of our numbers."""
        ...

    def say(self, frame: Frame) -> None: ...

    def heard(self) -> Frame | None:
        """The oldest frame that was heard and not asked for yet."""
        ...


class Carrier(Protocol):
    """A driver and its surroundings."""

    @property
    def driver(self) -> TelephonyDriver: ...

    @property
    def nobody(self) -> str:
        """A number that no telephone has."""
        ...

    async def telephone(self) -> Telephone:
        """A telephone that can be reached."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let time pass for the driver."""
        ...


@dataclass
class Told:
    """Everything a leg told, in order."""

    events: list[PhoneEvent] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: PhoneEvent) -> None:
        assert len(self.events) < EVENTS_MAX
        self.events.append(event)
        self._news.set()

    async def until(self, kind: type[PhoneEvent]) -> PhoneEvent:
        """The first event of `kind`, waited for."""
        async with asyncio.timeout(30):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        return event
                self._news.clear()
                await self._news.wait()
