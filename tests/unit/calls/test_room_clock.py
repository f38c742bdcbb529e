"""The rooms' clock: every room 50 times a second, whatever the others do, and stalls made up for within bounds."""

import asyncio
from datetime import UTC, datetime

import pytest
from prometheus_client import generate_latest

from server.calls.metrics import CallMetrics
from server.calls.room_clock import CATCH_UP_TICKS, PHASES, RoomClock
from server.media.frame import FRAME_S
from tests.fakes.clock import FakeClock


class HandClock:
    """Sleeping moves it; `stall()` moves it as a busy machine would."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)

    def stall(self, seconds: float) -> None:
        self.at += seconds


class Counted:
    """A room that ends by itself after `lives` ticks, and remembers when they came."""

    def __init__(self, clock: HandClock | FakeClock, lives: int = 50) -> None:
        self._clock = clock
        self._lives = lives
        self.at: list[float] = []
        self.ended = asyncio.Event()

    @property
    def is_closed(self) -> bool:
        return self.ended.is_set()

    def tick(self) -> None:
        self.at.append(self._clock.monotonic())
        if len(self.at) == self._lives:
            self.ended.set()


class Broken(Counted):
    def tick(self) -> None:
        super().tick()
        raise OSError("gone")


class Stalling(Counted):
    """Keeps everybody waiting once, at its tenth tick."""

    def __init__(self, clock: HandClock, lives: int, stall_s: float) -> None:
        super().__init__(clock, lives)
        self._stall_s = stall_s
        self._hand = clock

    def tick(self) -> None:
        super().tick()
        if len(self.at) == 10:
            self._hand.stall(self._stall_s)


async def until_all_ended(*rooms: Counted) -> None:
    async with asyncio.timeout(30):
        for room in rooms:
            await room.ended.wait()


async def test_rooms_tick_every_20_ms_of_the_clock_spread_over_a_frame() -> None:
    clock = HandClock()
    rooms = RoomClock(clock)
    several = [Counted(clock) for _ in range(2 * PHASES)]
    for room in several:
        rooms.join(room)
    await until_all_ended(*several)
    for room in several:
        assert [later - sooner for sooner, later in zip(room.at, room.at[1:], strict=False)] == pytest.approx(
            [FRAME_S] * 49
        )
    assert len({round(room.at[0] % FRAME_S, 6) for room in several}) == PHASES
    assert (rooms.pace.ticks, rooms.pace.late_ticks, rooms.pace.skipped_ticks) == (2 * PHASES * 50, 0, 0)
    await rooms.close()


@pytest.mark.parametrize(("stall_s", "made_up", "skipped"), [(0.05, 2, 0), (1.0, CATCH_UP_TICKS, 45)])
async def test_a_stall_is_made_up_for_boundedly_and_measured(stall_s: float, made_up: int, skipped: int) -> None:
    clock = HandClock()
    rooms = RoomClock(clock)
    room = Stalling(clock, 10 + made_up + 5, stall_s)
    rooms.join(room)
    await until_all_ended(room)
    pace = rooms.pace
    assert pace.skipped_ticks == skipped
    assert pace.late_ticks == made_up + skipped
    assert pace.worst_lateness_s == pytest.approx(stall_s - FRAME_S, abs=1e-6)
    await rooms.close()


async def test_operators_see_how_late_the_rooms_were() -> None:
    clock, metrics = HandClock(), CallMetrics()
    rooms = RoomClock(clock, metrics.ticked)
    metrics.count_ticks(lambda: rooms.pace)
    room = Stalling(clock, 10 + CATCH_UP_TICKS + 5, stall_s=1.0)
    rooms.join(room)
    await until_all_ended(room)
    shown = generate_latest(metrics.registry).decode()
    lateness = "parloir_room_tick_lateness_seconds"
    assert f'{lateness}_bucket{{le="0.001"}} 15.0' in shown
    assert f'{lateness}_bucket{{le="0.25"}} 15.0' in shown
    assert f'{lateness}_bucket{{le="1.0"}} 16.0' in shown
    assert f"parloir_room_ticks_total {10 + CATCH_UP_TICKS + 5}.0" in shown
    assert f"parloir_room_ticks_late_total {CATCH_UP_TICKS + 45}.0" in shown
    assert "parloir_room_ticks_skipped_total 45.0" in shown
    await rooms.close()


async def test_a_room_that_raises_is_ticked_no_more_and_the_others_do_not_notice() -> None:
    clock = HandClock()
    rooms = RoomClock(clock)
    broken = [Broken(clock) for _ in range(PHASES)]
    sound = [Counted(clock) for _ in range(PHASES)]
    for room in [*broken, *sound]:
        rooms.join(room)
    await until_all_ended(*sound)
    assert [len(room.at) for room in broken] == [1] * PHASES
    assert [len(room.at) for room in sound] == [50] * PHASES
    await rooms.close()


async def test_it_rests_without_rooms_and_goes_on_with_the_next() -> None:
    clock = FakeClock()
    rooms = RoomClock(clock)
    assert clock.sleepers == 0
    for _ in range(2):
        room = Counted(clock, lives=3)
        rooms.join(room)
        for _ in range(10):
            await clock.advance(FRAME_S / PHASES * 2)
        assert (len(room.at), len(rooms), clock.sleepers) == (3, 0, 0)
    await rooms.close()


async def test_closing_ends_the_ticks_and_refuses_newcomers() -> None:
    clock = FakeClock()
    rooms = RoomClock(clock)
    room = Counted(clock)
    rooms.join(room)
    await clock.advance(5 * FRAME_S)
    ticked = len(room.at)
    await rooms.close()
    await rooms.close()
    await clock.advance(5 * FRAME_S)
    assert ticked > 0
    assert (len(room.at), len(rooms)) == (ticked, 0)
    with pytest.raises(RuntimeError):
        rooms.join(room)
