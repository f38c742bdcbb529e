"""Keys as RTP events (RFC 4733): written packet by packet, and read so that each press counts once."""

import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

KEYS = "0123456789*#ABCD"
"""Every key of a telephone, in the order of its event code."""
PRESS_MS = 100
GAP_MS = 60
PACKET_MS = 20
END_PACKETS = 3
VOLUME_DBM0 = 10  # below the reference: what RFC 4733 and every telephone call a usual level

_PAYLOAD = struct.Struct("!BBH")
_END = 0x80
_VOLUME = 0x3F
_DURATION_MAX = 0xFFFF
_REMEMBERED = 16  # presses; a packet that is later than that is taken for a new one


@dataclass(frozen=True)
class EventPacket:
    """What one packet of a key says. `duration` in ticks of the stream's clock since the event's timestamp."""

    key: str
    duration: int
    is_end: bool = False
    is_first: bool = False  # its packet has the RTP marker

    def payload(self) -> bytes:
        return _PAYLOAD.pack(KEYS.index(self.key), (_END if self.is_end else 0) | VOLUME_DBM0, self.duration)


def key_packets(key: str, clock_hz: int, press_ms: int = PRESS_MS) -> Iterator[EventPacket]:
    """The packets of one press, one every PACKET_MS, all with the timestamp of the first; the last comes three times.

    Raises ValueError for what is no key, or for a press that one event cannot hold.
    """
    steps, step = max(1, round(press_ms / PACKET_MS)), clock_hz * PACKET_MS // 1000
    if key not in KEYS or len(key) != 1 or steps * step > _DURATION_MAX:
        raise ValueError("one key of a telephone, pressed no longer than an event lasts")
    for place in range(1, steps):
        yield EventPacket(key, place * step, is_first=place == 1)
    for place in range(END_PACKETS):
        yield EventPacket(key, steps * step, is_end=True, is_first=steps == 1 and place == 0)


def read_event(payload: bytes) -> EventPacket | None:
    """The event in `payload`; None for anything that is no key of a telephone."""
    if len(payload) < _PAYLOAD.size:
        return None
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return EventPacket(KEYS[code], duration, bool(flags & _END)) if code < len(KEYS) else None


@dataclass
class _Press:
    key: str
    duration: int
    has_ended: bool


@dataclass(frozen=True)
class Heard:
    """What a packet of an event meant: the key if this is the first that is known of its press. `duration` since the
    event's timestamp, and by how much of it this packet `advanced` the event, in ticks of the event's clock."""

    pressed: str | None
    duration: int
    advanced: int


class KeyReceiver:
    """Reads the events of one stream; bounded. Every press is told once, as soon as any packet of it arrives."""

    def __init__(self) -> None:
        self._presses: OrderedDict[int, _Press] = OrderedDict()  # by timestamp

    def take(self, timestamp: int, payload: bytes) -> Heard | None:
        """One packet: its 32-bit RTP timestamp and payload. None when it is no key."""
        event = read_event(payload)
        if event is None:
            return None
        known = self._presses.get(timestamp)
        if known is not None:
            advanced = max(0, event.duration - known.duration)
            known.duration += advanced
            known.has_ended = known.has_ended or event.is_end
            return Heard(None, known.duration, advanced)
        is_continued = self._continues(timestamp, event.key)
        self._remember(timestamp, event)
        return Heard(None if is_continued else event.key, event.duration, event.duration)

    def _continues(self, timestamp: int, key: str) -> bool:
        """Whether this is the next segment of a press longer than an event can say (RFC 4733, 2.5.1.3)."""
        before = self._presses.get((timestamp - _DURATION_MAX) & 0xFFFFFFFF)
        return before is not None and before.key == key and not before.has_ended

    def _remember(self, timestamp: int, event: EventPacket) -> None:
        self._presses[timestamp] = _Press(event.key, event.duration, event.is_end)
        if len(self._presses) > _REMEMBERED:
            self._presses.popitem(last=False)
