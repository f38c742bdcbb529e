"""Keys on the virtual network: events where the telephone has them, tones in the sound where it has not."""

import asyncio

import numpy as np

from server.media.buffer import FrameBuffer
from server.media.frame import Frame, silence
from server.media.key_tones import KeyToneDetector, key_tone
from server.media.leg import Role
from server.telephony.port import CallEnd, Dtmf, PhoneEvent
from server.telephony.providers.virtual.line import TONES_MAX, VirtualLine
from server.telephony.providers.virtual.magic import EchoParty


class Telephone:
    """The other end: hears and says frames, and may have keys."""

    def __init__(self, *, has_keys: bool) -> None:
        self.has_keys = has_keys
        self.saying = FrameBuffer(100)
        self.heard: list[Frame] = []
        self.pressed = ""

    def read(self) -> Frame | None:
        return self.saying.pop()

    def write(self, frame: Frame) -> None:
        self.heard.append(frame)

    def picked_up(self) -> None:
        """Its sound says so."""

    def press(self, digit: str) -> None:
        self.pressed += digit

    async def leave(self, end: CallEnd) -> None:
        """Nothing to free."""


def talking(party: Telephone | EchoParty) -> tuple[VirtualLine, list[PhoneEvent]]:
    told: list[PhoneEvent] = []
    line = VirtualLine("leg_1", Role.CALLEE, "+33612345678")
    line.listen(told.append)
    line.answers(party)
    return line, told


def keys_in(told: list[PhoneEvent]) -> str:
    return "".join(event.digit for event in told if isinstance(event, Dtmf))


def detected(frames: list[Frame]) -> str:
    detector = KeyToneDetector()
    return "".join(key for frame in frames if (key := detector.take(frame)))


async def test_a_telephone_with_keys_is_told_and_hears_no_tone() -> None:
    phone = Telephone(has_keys=True)
    line, told = talking(phone)
    await line.send_dtmf("12#")
    for _ in range(40):
        line.write(silence())
        phone.saying.push(silence())
        line.read()
    assert phone.pressed == "12#"
    assert not any(frame.any() for frame in phone.heard)


async def test_a_telephone_without_keys_hears_tones_over_what_is_said() -> None:
    phone = Telephone(has_keys=False)
    line, _ = talking(phone)
    await line.send_dtmf("159D*0")
    for _ in range(80):
        line.write(silence())
    assert detected(phone.heard) == "159D*0"
    assert phone.pressed == ""
    await line.send_dtmf("5")
    line.write(np.full(320, 700, np.int16))
    assert abs(int(phone.heard[-1].mean()) - 700) < 60
    assert phone.heard[-1].max() > 3_000


async def test_tones_of_a_telephone_without_keys_are_keys_once() -> None:
    phone = Telephone(has_keys=False)
    line, told = talking(phone)
    for key in "7703#":
        for frame in key_tone(key):
            phone.saying.push(frame)
            line.read()
    for _ in range(5):
        line.read()
    await asyncio.sleep(0)
    assert keys_in(told) == "7703#"


async def test_tones_of_a_telephone_with_keys_are_sound() -> None:
    phone = Telephone(has_keys=True)
    line, told = talking(phone)
    for frame in key_tone("7"):
        phone.saying.push(frame)
        line.read()
    line.presses("7")
    await asyncio.sleep(0)
    assert keys_in(told) == "7"


async def test_an_echo_presses_what_it_hears() -> None:
    line, told = talking(EchoParty())
    await line.send_dtmf("42")
    for _ in range(40):
        line.write(silence())
        line.read()
    await asyncio.sleep(0)
    assert keys_in(told) == "42"


async def test_tones_that_nobody_hears_are_bounded() -> None:
    phone = Telephone(has_keys=False)
    line, _ = talking(phone)
    await line.send_dtmf("1" * 10_000)
    for _ in range(TONES_MAX + 10):
        line.write(silence())
    assert not any(frame.any() for frame in phone.heard[TONES_MAX:])
