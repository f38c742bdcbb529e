"""From the event loop to the writer's thread: bounded, in order, and every tick has its place, heard or lost."""

import asyncio
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.media.frame import FRAME_SAMPLES
from server.recordings import State
from server.recordings.track import create_locked
from server.recordings.writer import Feed, RecordingWriter
from tests.fixtures.recordings import Place, settled

ROOM = 5


@given(st.lists(st.sampled_from(["offer", "take"]) | st.integers(1, 1_200), max_size=60))
def test_what_comes_out_is_what_went_in_with_silence_for_what_was_lost(steps: list[str | int]) -> None:
    feed, taken, expected = Feed(ROOM), [], []
    for number, step in enumerate([*steps, "take", "offer", "end", "take"], start=1):
        if isinstance(step, int):
            feed.skip(step)
            expected += [0] * step
        elif step == "offer":
            feed.offer(np.full(FRAME_SAMPLES, number, np.int16), np.full(FRAME_SAMPLES, -number, np.int16))
            expected.append(number)
        elif step == "end":
            feed.end()
        else:
            for left, right in feed.take():
                assert (left == -right).all()
                taken += left.reshape(-1, FRAME_SAMPLES)[:, 0].tolist()
    assert feed.is_over
    assert len(taken) == len(expected)
    lost = [tick for tick, (out, wanted) in enumerate(zip(taken, expected, strict=True)) if out != wanted]
    assert all(taken[tick] == 0 for tick in lost)
    assert feed.lost_ticks == sum(step for step in steps if isinstance(step, int)) + len(lost)


def test_a_feed_that_is_not_taken_from_does_not_grow() -> None:
    feed = Feed(ROOM)
    tick = np.ones(FRAME_SAMPLES, np.int16)
    for _ in range(1_000):
        feed.offer(tick, tick)
    assert feed.lost_ticks == 1_000 - ROOM
    assert sum(len(left) for left, _ in feed.take()) == ROOM * FRAME_SAMPLES


def test_nothing_comes_after_the_end() -> None:
    feed = Feed(ROOM)
    feed.end()
    feed.offer(np.ones(FRAME_SAMPLES, np.int16), np.ones(FRAME_SAMPLES, np.int16))
    feed.end()
    assert list(feed.take()) == []
    assert feed.is_over


@pytest.mark.slow
async def test_the_end_of_a_call_waits_for_a_disk_only_so_long(place: Place, call: int) -> None:
    may_open = threading.Event()

    def stuck(path: Path) -> BinaryIO:
        assert may_open.wait(60)
        return create_locked(path)

    recordings = place.recordings(writer=RecordingWriter(stuck))
    recorder = await recordings.start(call)
    place.speak(recorder, range(50), 440, None)
    async with asyncio.timeout(30):
        await recorder.finish()
    assert (await recordings.of(call)).state == State.RECORDING
    may_open.set()
    assert await settled(recordings, call) == State.READY
    await recordings.close()
