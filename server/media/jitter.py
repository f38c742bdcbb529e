"""Packets that come early, late, twice or never, put back in line: a bounded jitter buffer. Pure: it is told the time.

The playout asks for one packet after the other; the buffer answers with the packet, with a Gap to be concealed,
or with None (nothing to play). How long it holds packets back follows how unevenly they arrive.
"""

from enum import Enum
from typing import NamedTuple

CLOCK_HZ = 48_000
TICK_MS = 20
TARGET_MIN_MS = 20.0
TARGET_MAX_MS = 120.0
DEPTH_MAX_MS = 400.0
FIRST_SPREAD_S = 0.020
CONCEAL_MAX = 5  # guesses in a row before silence is more honest
SURPLUS_MS = 40.0  # this much more than the target, ...
SURPLUS_TAKES = 25  # ... for this long, and one packet is left out to catch up
RESTART_JUMP = 500  # sequence numbers; a jump this far is a new stream
SPREAD_DECAY = 0.995  # per packet: half in three seconds
DRIFT_S = 10e-6  # per packet: clocks differ by up to 500 ppm
STREAM_BREAK_S = 2.0


class Packet(NamedTuple):
    """One packet in line. `sequence` is unwrapped: it only grows."""

    sequence: int
    payload: bytes
    duration_ms: float


class Gap(Enum):
    """Nothing where sound should be."""

    LOST = "lost"  # later packets are here, this one is not: it is given up
    DRY = "dry"  # nothing is here yet: the stream goes on where it stopped


class JitterBuffer:
    """Bounded to DEPTH_MAX_MS. Counters say what became of the packets."""

    def __init__(self) -> None:
        self._packets: dict[int, Packet] = {}
        self._depth_ms = 0.0
        self._highest: int | None = None
        self._next = 0
        self._started = False  # whether _next means anything yet
        self._playing = False
        self._waited = 0
        self._gaps = 0
        self._surplus_takes = 0
        self._arrivals = _Spread()
        self.lost = 0
        self.late = 0
        self.duplicates = 0
        self.dropped = 0
        self.restarts = 0

    @property
    def target_ms(self) -> float:
        """How much sound is gathered before playing, TARGET_MIN_MS to TARGET_MAX_MS."""
        return min(TARGET_MAX_MS, TARGET_MIN_MS + self._arrivals.spread_s * 1000)

    @property
    def depth_ms(self) -> float:
        """How much sound waits now."""
        return self._depth_ms

    def put(self, sequence: int, timestamp: int, payload: bytes, duration_ms: float, arrival_s: float) -> None:
        """Take one packet: 16-bit RTP `sequence`, 32-bit `timestamp` at CLOCK_HZ, `arrival_s` on a monotonic clock."""
        number = self._unwrapped(sequence)
        if number in self._packets:
            self.duplicates += 1
            return
        self._arrivals.add(timestamp, arrival_s)
        if self._started and number < self._next:
            self.late += 1
            return
        self._packets[number] = Packet(number, payload, duration_ms)
        self._depth_ms += duration_ms
        while self._depth_ms > DEPTH_MAX_MS:
            self._leave_out_oldest()

    def take(self) -> Packet | Gap | None:
        """What to play next; called whenever the playout has nothing left."""
        if not self._playing and not self._may_start():
            return None
        if self._next in self._packets:
            self._gaps = 0
            self._catch_up()
            return self._pop(self._next)
        self._gaps += 1
        if self._packets:
            return self._skip()
        if self._gaps > CONCEAL_MAX:
            self._playing = False
            self._waited = 0
            return None
        return Gap.DRY

    def _may_start(self) -> bool:
        if not self._packets:
            return False
        self._waited += 1
        # A sender that pauses may never fill the target: its packets are not held longer than the target either.
        if self._depth_ms < self.target_ms and self._waited * TICK_MS <= self.target_ms:
            return False
        first = min(self._packets)
        if self._started:
            self.lost += first - self._next
        self._next = first
        self._playing = self._started = True
        self._gaps = self._surplus_takes = 0
        return True

    def _skip(self) -> Packet | Gap:
        if self._gaps > CONCEAL_MAX:
            first = min(self._packets)
            self.lost += first - self._next
            self._gaps = 0
            return self._pop(first)
        self.lost += 1
        self._next += 1
        return Gap.LOST

    def _catch_up(self) -> None:
        """Clocks drift and networks stall: what waits beyond need is left out, one packet at a time."""
        is_surplus = self._depth_ms > self.target_ms + SURPLUS_MS
        self._surplus_takes = self._surplus_takes + 1 if is_surplus else 0
        if self._surplus_takes >= SURPLUS_TAKES and len(self._packets) > 1:
            self._surplus_takes = 0
            self._leave_out_oldest()
            self._next = min(self._packets)

    def _leave_out_oldest(self) -> None:
        self._pop(min(self._packets))
        self.dropped += 1
        self._started = True

    def _pop(self, number: int) -> Packet:
        packet = self._packets.pop(number)
        self._depth_ms -= packet.duration_ms
        self._next = number + 1
        return packet

    def _unwrapped(self, sequence: int) -> int:
        if self._highest is None:
            self._highest = sequence
            return sequence
        step = (sequence - self._highest) & 0xFFFF
        if step >= 0x8000:
            step -= 0x10000
        number = self._highest + step
        if abs(step) > RESTART_JUMP:
            self._restart()
            above = self._highest + 1
            number = above + ((sequence - above) & 0xFFFF)
        self._highest = max(self._highest, number)
        return number

    def _restart(self) -> None:
        self.restarts += 1
        self._packets.clear()
        self._depth_ms = 0.0
        self._started = self._playing = False
        self._waited = self._gaps = 0
        self._arrivals = _Spread()


class _Spread:
    """How much later than the fastest packets the slow ones come; rises at once, falls slowly."""

    def __init__(self) -> None:
        self.spread_s = FIRST_SPREAD_S
        self._first: tuple[int, float] | None = None
        self._fastest_s = 0.0

    def add(self, timestamp: int, arrival_s: float) -> None:
        if self._first is None:
            self._begin(timestamp, arrival_s)
            return
        ticks = (timestamp - self._first[0]) & 0xFFFFFFFF
        if ticks >= 0x80000000:
            ticks -= 0x100000000
        delay_s = (arrival_s - self._first[1]) - ticks / CLOCK_HZ
        if abs(delay_s - self._fastest_s) > STREAM_BREAK_S or abs(ticks) > 0x40000000:
            self._begin(timestamp, arrival_s)
            return
        self._fastest_s = min(delay_s, self._fastest_s + DRIFT_S)
        self.spread_s = max(delay_s - self._fastest_s, self.spread_s * SPREAD_DECAY)

    def _begin(self, timestamp: int, arrival_s: float) -> None:
        self._first = (timestamp, arrival_s)
        self._fastest_s = 0.0
