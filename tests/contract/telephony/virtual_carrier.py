"""The virtual network as a carrier under test: handsets that a test plays, on a clock moved by hand."""

import asyncio

from server.media.buffer import FrameBuffer
from server.media.frame import Frame
from server.telephony.port import CallEnd
from server.telephony.providers import VirtualDriver, VirtualExchange
from server.telephony.providers.virtual.line import VirtualLine
from tests.fakes.clock import FakeClock

_FIRST_NUMBER = 33_612_345_600


class PlayedHandset:
    """A Telephone, and to the virtual network both a Subscriber and a Party."""

    def __init__(self, number: str, driver: VirtualDriver) -> None:
        self.number = number
        self.pressed = ""
        self.left: list[CallEnd] = []
        self._driver = driver
        self._line: VirtualLine | None = None
        self._rang = asyncio.Event()
        self._saying = FrameBuffer(50)
        self._hearing = FrameBuffer(50)

    # To the network.

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        self._line = line
        line.rings()
        self._rang.set()

    def read(self) -> Frame | None:
        return self._saying.pop()

    def write(self, frame: Frame) -> None:
        self._hearing.push(frame)

    def picked_up(self) -> None:
        """Heard by the frames that follow."""

    def press_from_line(self, digit: str) -> None:
        self.pressed += digit

    async def leave(self, end: CallEnd) -> None:
        self.left.append(end)

    # To the test.

    async def rang(self) -> None:
        async with asyncio.timeout(30):
            await self._rang.wait()

    async def pick_up(self) -> None:
        self._on_line.answers(_PartyOf(self))

    async def decline(self) -> None:
        await self._on_line.ends(CallEnd.DECLINED)

    async def say_busy(self) -> None:
        await self._on_line.ends(CallEnd.BUSY)

    async def hang_up(self) -> None:
        end = CallEnd.REMOTE_HANGUP if self._on_line.is_answered else CallEnd.CANCELED
        await self._on_line.ends(end)

    async def press(self, digit: str) -> None:
        self._on_line.presses(digit)

    async def call(self, to: str) -> None:
        self._line = self._driver.call_in(self.number, to, _PartyOf(self))

    def say(self, frame: Frame) -> None:
        self._saying.push(frame)

    def heard(self) -> Frame | None:
        return self._hearing.pop()

    @property
    def _on_line(self) -> VirtualLine:
        assert self._line is not None
        return self._line


class _PartyOf:
    """The network's view of a handset on a call, where `press` is a key of the other side."""

    has_keys = True

    def __init__(self, handset: PlayedHandset) -> None:
        self.read = handset.read
        self.write = handset.write
        self.picked_up = handset.picked_up
        self.press = handset.press_from_line
        self.leave = handset.leave


class VirtualCarrier:
    """A Carrier with as many telephones as a test asks for."""

    nobody = "+33699999999"

    def __init__(self) -> None:
        self._clock = FakeClock()
        self._exchange = VirtualExchange()
        self.driver = VirtualDriver(self._exchange, {}, self._clock)
        self._next = _FIRST_NUMBER

    async def telephone(self) -> PlayedHandset:
        self._next += 1
        handset = PlayedHandset(f"+{self._next}", self.driver)
        self._exchange.subscribe(handset.number, handset)
        return handset

    async def wait(self, seconds: float) -> None:
        await self._clock.advance(seconds)
