"""The 20 ms tick of every room of this process: one timer for all, so that a call more costs no wake-up more."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from server.kit.clock import Clock
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import FRAME_S

_log = logger(__name__)

CATCH_UP_TICKS = 5  # ticks made up for after a stall; what is older is left out
PHASES = 4  # rooms tick on one of these, spread over a frame: a full server does not send everything at once
TIMER_S = 0.001  # event loops wake up to this much early, and would spin until it is time


class Ticking(Protocol):
    """What a RoomClock drives: a Room."""

    @property
    def is_closed(self) -> bool: ...

    def tick(self) -> None:
        """Move 20 ms of sound."""
        ...


@dataclass(frozen=True)
class Pace:
    """How well the rooms keep time, added up since the beginning."""

    ticks: int = 0
    late_ticks: int = 0  # began more than half a frame after their time
    skipped_ticks: int = 0  # left out because the process was too far behind
    worst_lateness_s: float = 0.0


@dataclass(eq=False)
class _Phase:
    rooms: list[Ticking] = field(default_factory=list)
    due: float = 0.0


class RoomClock:
    """Rooms join it and are ticked until they close; it waits only while there are rooms. `close()` is idempotent."""

    def __init__(self, clock: Clock, on_tick: Callable[[float], None] = lambda _late_s: None) -> None:
        """`on_tick` is told, up to PHASES times a frame, by how many seconds that turn was late; it must not block."""
        self._clock = clock
        self._on_tick = on_tick
        self._phases = [_Phase() for _ in range(PHASES)]
        self._tasks = TaskScope("room clock")
        self._running: asyncio.Task[None] | None = None
        self._ticks = self._late_ticks = self._skipped_ticks = 0
        self._worst_lateness_s = 0.0

    def __len__(self) -> int:
        return sum(len(phase.rooms) for phase in self._phases)

    @property
    def pace(self) -> Pace:
        return Pace(self._ticks, self._late_ticks, self._skipped_ticks, self._worst_lateness_s)

    def join(self, room: Ticking) -> None:
        """Tick `room` every 20 ms until it is closed. Raises RuntimeError after close().

        A room whose tick raises is logged and ticked no more; the others do not notice.
        """
        if self._running is None or self._running.done():
            self._running = self._tasks.spawn(self._run(), "ticks")
        phase = min(self._phases, key=lambda phase: len(phase.rooms))
        if not phase.rooms:
            phase.due = self._first_due(self._phases.index(phase) * FRAME_S / PHASES)
        phase.rooms.append(room)

    async def close(self) -> None:
        """Tick nobody any more; the rooms themselves belong to others."""
        await self._tasks.close()
        for phase in self._phases:
            phase.rooms.clear()

    async def _run(self) -> None:
        while due := [phase for phase in self._phases if phase.rooms]:
            phase = min(due, key=lambda phase: phase.due)
            behind_s = self._clock.monotonic() - phase.due
            if behind_s > -TIMER_S:
                self._catch_up(phase, max(0.0, behind_s))
            # Even when there is no time left to wait: everybody else must get a turn.
            await self._clock.sleep(max(0.0, min(each.due for each in due) - self._clock.monotonic()))

    def _first_due(self, offset_s: float) -> float:
        """A whole frame ahead at least, so that no wait that has begun ends too late for it."""
        earliest = self._clock.monotonic() + FRAME_S
        return math.ceil((earliest - offset_s) / FRAME_S) * FRAME_S + offset_s

    def _catch_up(self, phase: _Phase, behind_s: float) -> None:
        """Tick the rooms of `phase` as often as is due."""
        self._on_tick(behind_s)
        self._worst_lateness_s = max(self._worst_lateness_s, behind_s)
        ticks_due = int(behind_s / FRAME_S) + 1
        skipped = max(0, ticks_due - CATCH_UP_TICKS)
        phase.due += ticks_due * FRAME_S
        for room in tuple(phase.rooms):
            if behind_s > FRAME_S / 2:
                self._late_ticks += ticks_due
            self._skipped_ticks += skipped
            self._tick(phase, room, ticks_due - skipped)

    def _tick(self, phase: _Phase, room: Ticking, times: int) -> None:
        try:
            for _ in range(times):
                if not room.is_closed:
                    self._ticks += 1
                    room.tick()
        except Exception as failure:  # noqa: BLE001 - whatever it is, it must not stop the other rooms
            _log.error("a room failed and is ticked no more", exc_info=failure)
            phase.rooms.remove(room)
            return
        if room.is_closed:
            phase.rooms.remove(room)
