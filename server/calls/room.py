"""Where the legs of a call hear each other: one tick every 20 ms, who hears whom, taps, holding and muting."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server.kit.errors import Conflict, NotFound
from server.kit.log import logger
from server.media.frame import Frame
from server.media.leg import Leg, Role
from server.media.mix import SILENCE, mix_minus

_log = logger(__name__)

Tap = Callable[[Mapping[str, Frame]], None]
"""Told on every tick what was said, by leg id: who is muted, held or silent is left out, and so are
announcements. Must not block."""

LEG_CLOSE_TIMEOUT_S = 5.0
VOICELESS = frozenset({Role.LISTEN, Role.MONITOR})  # they hear everybody, nobody hears them
UNTOLD = frozenset({Role.ANNOUNCEMENT})  # heard, but nobody's words: neither recorded nor transcribed


@dataclass(eq=False)
class _Seat:
    leg: Leg
    muted: bool = False
    held: bool = False


class Room:
    """Legs may come and go while it runs. A RoomClock keeps the time; `tick()` does the work and knows no time."""

    def __init__(self, held_hear: Callable[[], Frame] | None = None) -> None:
        """`held_hear` gives the next frame of what held legs hear, once a tick; without it they hear silence."""
        self._held_hear = held_hear
        self._seats: dict[str, _Seat] = {}
        self._taps: list[Tap] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def is_closed(self) -> bool:
        return self._closed

    def add(self, leg: Leg) -> None:
        """Seat `leg`; it speaks and hears from the next tick on. Raises Conflict if it is here, or the call over."""
        if self._closed:
            raise Conflict("room_closed", "The call is over.")
        if leg.id in self._seats:
            raise Conflict("already_in_room", "This participant is in the call already.")
        self._seats[leg.id] = _Seat(leg)

    def has(self, leg_id: str) -> bool:
        return leg_id in self._seats

    def remove(self, leg_id: str) -> Leg | None:
        """Let a leg go without closing it; None when it is not here."""
        seat = self._seats.pop(leg_id, None)
        return seat.leg if seat else None

    def mute(self, leg_id: str, on: bool) -> None:
        """A muted leg hears and is not heard. Raises NotFound."""
        self._seat(leg_id).muted = on

    def hold(self, leg_id: str, on: bool) -> None:
        """A held leg is not heard, and hears nobody but what is played to those who wait. Raises NotFound."""
        self._seat(leg_id).held = on

    def add_tap(self, tap: Tap) -> None:
        self._taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """Removing what is not there changes nothing."""
        if tap in self._taps:
            self._taps.remove(tap)

    def tick(self) -> None:
        """Move 20 ms of sound: read every leg, tell the taps, write to every leg exactly one frame.

        A leg or tap that fails is logged and removed; the others do not notice.
        """
        spoken: dict[str, Frame] = {}
        for leg_id, seat in tuple(self._seats.items()):
            frame = self._read(leg_id, seat)
            if frame is not None and not seat.muted and not seat.held and seat.leg.role not in VOICELESS:
                spoken[leg_id] = frame
        told = {leg_id: frame for leg_id, frame in spoken.items() if self._seats[leg_id].leg.role not in UNTOLD}
        self._tell_taps(told)
        seats = tuple(self._seats.items())
        heard = mix_minus(spoken, [leg_id for leg_id, seat in seats if not seat.held])
        if len(told) < len(spoken):  # an agent would take it for the customer's words
            heard |= mix_minus(told, [leg_id for leg_id, seat in seats if seat.leg.role is Role.AI])
        waiting = self._held_hear() if self._held_hear and any(seat.held for _, seat in seats) else SILENCE
        for leg_id, seat in seats:
            self._write(leg_id, seat, heard.get(leg_id, waiting))

    async def close(self) -> None:
        """End the call for everybody: it is ticked no more and every leg is closed. Idempotent."""
        if self._closed:
            return
        self._closed = True
        legs = [seat.leg for seat in self._seats.values()]
        self._seats.clear()
        self._taps.clear()
        closing = [asyncio.wait_for(leg.close(), LEG_CLOSE_TIMEOUT_S) for leg in legs]
        for leg, outcome in zip(legs, await asyncio.gather(*closing, return_exceptions=True), strict=True):
            if isinstance(outcome, Exception):
                _log.error("a leg did not close", leg=leg.id, exc_info=outcome)

    def _seat(self, leg_id: str) -> _Seat:
        seat = self._seats.get(leg_id)
        if seat is None:
            raise NotFound("not_in_room", "This participant is not in the call.")
        return seat

    def _read(self, leg_id: str, seat: _Seat) -> Frame | None:
        try:
            return seat.leg.read()
        except Exception as failure:  # noqa: BLE001 - whatever it is, it must not silence the others
            self._expel(leg_id, failure)
            return None

    def _write(self, leg_id: str, seat: _Seat, frame: Frame) -> None:
        try:
            seat.leg.write(frame)
        except Exception as failure:  # noqa: BLE001 - as above
            self._expel(leg_id, failure)

    def _tell_taps(self, told: Mapping[str, Frame]) -> None:
        for tap in tuple(self._taps):
            try:
                tap(told)
            except Exception as failure:  # noqa: BLE001 - as above
                _log.error("a tap failed and was removed", exc_info=failure)
                self.remove_tap(tap)

    def _expel(self, leg_id: str, failure: Exception) -> None:
        _log.error("a leg failed and was removed", leg=leg_id, exc_info=failure)
        self._seats.pop(leg_id, None)
