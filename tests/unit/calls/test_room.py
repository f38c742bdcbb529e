"""The room: who hears whom, what the taps are told, how it ends."""

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest

from server.calls.room import Room
from server.kit.errors import Conflict, NotFound
from server.media.frame import FRAME_SAMPLES, Frame
from server.media.leg import Role


class SayingLeg:
    """Says the same value in every sample, remembers what it heard."""

    def __init__(self, leg_id: str, value: int | None, role: Role = Role.TALK) -> None:
        self.id = leg_id
        self.role = role
        self.value = value
        self.heard: list[Frame] = []
        self.reads = 0
        self.closed = 0

    def read(self) -> Frame | None:
        self.reads += 1
        return None if self.value is None else np.full(FRAME_SAMPLES, self.value, np.int16)

    def write(self, frame: Frame) -> None:
        self.heard.append(frame)

    def clear(self) -> None:
        self.heard.clear()

    async def close(self) -> None:
        self.closed += 1

    @property
    def last(self) -> int:
        assert len(set(self.heard[-1].tolist())) == 1
        return int(self.heard[-1][0])


class BrokenLeg(SayingLeg):
    def __init__(self, leg_id: str, breaks_on: str) -> None:
        super().__init__(leg_id, 7)
        self._breaks_on = breaks_on

    def read(self) -> Frame | None:
        if self._breaks_on == "read":
            raise OSError("gone")
        return super().read()

    def write(self, frame: Frame) -> None:
        if self._breaks_on == "write":
            raise OSError("gone")

    async def close(self) -> None:
        raise OSError("gone")


def seated(*legs: SayingLeg) -> Room:
    room = Room()
    for leg in legs:
        room.add(leg)
    return room


def test_two_hear_each_other_and_three_hear_the_sum_of_the_others() -> None:
    a, b, c = SayingLeg("a", 100), SayingLeg("b", 20), SayingLeg("c", 3)
    room = seated(a, b)
    room.tick()
    assert (a.last, b.last) == (20, 100)
    room.add(c)
    room.tick()
    assert (a.last, b.last, c.last) == (23, 103, 120)


@pytest.mark.parametrize("role", [Role.LISTEN, Role.MONITOR])
def test_listeners_hear_everybody_and_are_never_heard(role: Role) -> None:
    a, b, listener = SayingLeg("a", 100), SayingLeg("b", 20), SayingLeg("l", 9_000, role)
    room = seated(a, listener, b)
    told: list[str] = []
    room.add_tap(told.extend)
    room.tick()
    assert (a.last, b.last, listener.last) == (20, 100, 120)
    assert told == ["a", "b"]
    assert listener.reads == 1  # its queue is emptied all the same


def test_every_leg_is_written_one_frame_a_tick_even_in_silence() -> None:
    a, b = SayingLeg("a", None), SayingLeg("b", None)
    room = seated(a, b)
    for _ in range(3):
        room.tick()
    assert len(a.heard) == len(b.heard) == 3
    assert not np.any(a.heard)


def test_muted_is_not_heard_held_neither_hears_nor_is_heard() -> None:
    a, b = SayingLeg("a", 100), SayingLeg("b", 20)
    room = seated(a, b)
    room.mute("a", True)
    room.tick()
    assert (a.last, b.last) == (20, 0)
    room.mute("a", False)
    room.hold("a", True)
    room.tick()
    assert (a.last, b.last) == (0, 0)
    room.hold("a", False)
    room.tick()
    assert (a.last, b.last) == (20, 100)
    with pytest.raises(NotFound):
        room.mute("nobody", True)


def test_an_agent_does_not_hear_announcements() -> None:
    person, agent, tone = SayingLeg("a", 100), SayingLeg("b", 20, Role.AI), SayingLeg("t", 7, Role.ANNOUNCEMENT)
    seated(person, agent, tone).tick()
    assert (person.last, agent.last) == (27, 100)


def test_taps_are_told_on_every_tick_who_was_heard() -> None:
    a, b, tone = SayingLeg("a", 100), SayingLeg("b", None), SayingLeg("t", 7, Role.ANNOUNCEMENT)
    room = seated(a, b, tone)
    told: list[dict[str, int]] = []

    def tap(spoken: Mapping[str, Frame]) -> None:
        told.append({leg_id: int(frame[0]) for leg_id, frame in spoken.items()})

    room.add_tap(tap)
    room.tick()
    assert b.last == 107  # an announcement is heard, and is nobody's words
    room.mute("a", True)
    room.tick()
    room.remove_tap(tap)
    room.remove_tap(tap)
    room.tick()
    assert told == [{"a": 100}, {}]


def test_who_is_held_hears_what_is_played_to_those_who_wait() -> None:
    a, b = SayingLeg("a", 100), SayingLeg("b", 20)
    music = iter([np.full(FRAME_SAMPLES, 5, np.int16), np.full(FRAME_SAMPLES, 6, np.int16)])
    room = Room(held_hear=lambda: next(music))
    for leg in (a, b):
        room.add(leg)
    room.tick()
    room.hold("b", True)
    room.tick()
    room.tick()
    assert [int(frame[0]) for frame in b.heard] == [100, 5, 6]
    assert a.last == 0
    room.hold("b", False)
    room.tick()
    assert (a.last, b.last) == (20, 100)


def test_listeners_share_one_frame_so_that_it_can_be_encoded_once() -> None:
    a, b = SayingLeg("a", 100), SayingLeg("b", 20)
    first, second = SayingLeg("l", 0, Role.LISTEN), SayingLeg("m", 0, Role.MONITOR)
    room = seated(a, b, first, second)
    room.tick()
    assert first.heard[-1] is second.heard[-1]


def test_legs_come_and_go_while_it_runs() -> None:
    a, b = SayingLeg("a", 100), SayingLeg("b", 20)
    room = seated(a, b)
    with pytest.raises(Conflict):
        room.add(SayingLeg("a", 1))
    room.tick()
    assert room.remove("b") is b
    assert room.remove("b") is None
    room.tick()
    assert a.last == 0
    assert b.closed == 0
    room.add(b)
    room.tick()
    assert a.last == 20


@pytest.mark.parametrize("breaks_on", ["read", "write"])
async def test_a_broken_leg_or_tap_leaves_and_nobody_else_notices(breaks_on: str) -> None:
    a, b, broken = SayingLeg("a", 100), SayingLeg("b", 20), BrokenLeg("x", breaks_on)
    room = seated(broken, a, b)

    def broken_tap(spoken: Mapping[str, Frame]) -> None:
        raise ValueError("no")

    room.add_tap(broken_tap)
    room.tick()
    assert len(room) == 2
    room.tick()
    assert (a.last, b.last) == (20, 100)
    await room.close()


async def test_closing_closes_the_legs_once_and_refuses_newcomers() -> None:
    a, b = SayingLeg("a", 1), SayingLeg("b", 2)
    room = seated(a, b)
    await asyncio.gather(room.close(), room.close())
    await room.close()
    assert (a.closed, b.closed, len(room), room.is_closed) == (1, 1, 0, True)
    with pytest.raises(Conflict):
        room.add(SayingLeg("c", 1))


async def test_a_leg_that_fails_to_close_does_not_keep_the_room_open() -> None:
    a, broken = SayingLeg("a", 1), BrokenLeg("x", "close")
    room = seated(broken, a)
    await room.close()
    assert a.closed == 1
