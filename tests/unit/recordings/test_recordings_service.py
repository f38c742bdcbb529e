"""From the first tick to the object store: what is heard afterwards and when, and what happens when something fails."""

import asyncio
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from server.kit.errors import Conflict, Gone, NotFound, Unavailable
from server.media.frame import FRAME_MS
from server.recordings import Recording, Recordings, State, peaks
from server.recordings.track import create_locked
from server.recordings.writer import RecordingWriter
from server.storage import Database
from server.storage.objects import LocalObjects
from server.storage.s3_objects import Bucket, S3Objects
from tests.fixtures.object_servers import s3_bucket, s3_endpoint  # noqa: F401  # fixtures are found by name
from tests.fixtures.recordings import (
    TICKS_PER_SECOND,
    WITHIN_S,
    Place,
    content,
    heard,
    new_calls,
    settled,
)

SECOND = TICKS_PER_SECOND
LOW, HIGH = 440.0, 1_500.0


class FullDisk:
    """A file that takes some bytes and then says that the disk is full."""

    def __init__(self, path: Path, takes: int) -> None:
        self._file = create_locked(path)
        self._left = takes

    def write(self, data: bytes) -> int:
        if self._left <= 0:
            raise OSError(28, "No space left on device")
        taken = self._file.write(data[: self._left])
        self._left -= taken
        return taken

    def seek(self, at: int) -> int:
        return self._file.seek(at)

    def close(self) -> None:
        self._file.close()


class AwayObjects(LocalObjects):
    """A folder that cannot be reached for some attempts."""

    def __init__(self, folder: Path, failures: int) -> None:
        super().__init__(folder)
        self.failures = failures

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("storage_unavailable", "Stored files cannot be reached.")
        await super().put_file(key, path, content_type)


async def test_each_side_is_heard_on_its_channel_at_its_time(place: Place, recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), None, None)
    place.speak(recorder, range(SECOND, 3 * SECOND), LOW, None)
    place.speak(recorder, range(3 * SECOND, 4 * SECOND), LOW, HIGH)
    place.speak(recorder, range(4 * SECOND, 6 * SECOND), None, HIGH)
    place.speak(recorder, range(6 * SECOND, 7 * SECOND), None, None)
    await recorder.finish()
    assert await recordings.of(call) == Recording(State.READY, 7_000, 57_024)
    data = await content(recordings, call)
    assert len(data) == 57_024
    sound = heard(data)
    assert sound.seconds == 7.0
    assert sound.says_s == 7.0
    assert sound.spans(0) == [(pytest.approx(1, abs=WITHIN_S), pytest.approx(4, abs=WITHIN_S))]
    assert sound.spans(1) == [(pytest.approx(3, abs=WITHIN_S), pytest.approx(6, abs=WITHIN_S))]
    assert sound.hertz(0, 1.2, 3.8) == pytest.approx(LOW, abs=2)
    assert sound.hertz(1, 3.2, 5.8) == pytest.approx(HIGH, abs=2)
    assert list(place.spool.iterdir()) == []


@pytest.mark.slow
async def test_ten_minutes_keep_their_time_to_the_end(place: Place, recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    for minute in range(10):
        place.speak(recorder, range(minute * 60 * SECOND, (minute * 60 + 1) * SECOND), LOW, None)
        place.speak(recorder, range((minute * 60 + 1) * SECOND, (minute + 1) * 60 * SECOND), None, None)
    recorder.write(None, None)
    await recorder.finish()
    assert await settled(recordings, call) == State.READY
    sound = heard(await content(recordings, call))
    assert sound.seconds == 600.02
    starts = [start for start, _ in sound.spans(0)]
    assert starts == [pytest.approx(60 * minute, abs=WITHIN_S) for minute in range(10)]


async def test_several_calls_are_recorded_side_by_side(place: Place, recordings: Recordings) -> None:
    calls = await new_calls(place.database, 5)
    recorders = [await recordings.start(each) for each in calls]
    for tick in range(2 * SECOND):
        for number, recorder in enumerate(recorders):
            place.speak(recorder, [tick], 400.0 + 200 * number, None)
            place.clock.jump(-FRAME_MS / 1000)
        place.clock.jump(FRAME_MS / 1000)
    await asyncio.gather(*(recorder.finish() for recorder in recorders))
    for number, each in enumerate(calls):
        sound = heard(await content(recordings, each))
        assert sound.seconds == 2.0
        assert sound.hertz(0, 0.2, 1.8) == pytest.approx(400 + 200 * number, abs=2)


async def test_a_pause_is_silence_and_time_goes_on(place: Place, recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, HIGH)
    await recorder.pause(True)
    assert (await recordings.of(call)).is_paused
    place.speak(recorder, range(SECOND, 2 * SECOND), LOW, HIGH)
    await recorder.pause(False)
    place.speak(recorder, range(2 * SECOND, 3 * SECOND), LOW, HIGH)
    await recorder.finish()
    sound = heard(await content(recordings, call))
    assert sound.seconds == 3.0
    for channel in (0, 1):
        assert [end - start for start, end in sound.spans(channel)] == [pytest.approx(1, abs=2 * WITHIN_S)] * 2
        assert sound.loudness(channel, 1.1, 1.9) < 1e-3
    loud = np.frombuffer((await recordings.peaks(call))[4:], np.int8).reshape(-1, 2)
    assert loud[20:40].max() == 0


async def test_what_a_stalled_process_did_not_hear_is_silence_and_counted(
    place: Place, recordings: Recordings, call: int
) -> None:
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    place.clock.jump(1.0)
    place.speak(recorder, range(2 * SECOND, 3 * SECOND), LOW, None)
    await recorder.finish()
    sound = heard(await content(recordings, call))
    first, second = sound.spans(0)
    assert first[1] == pytest.approx(1, abs=WITHIN_S)
    # The room makes up for the last ticks of a stall at once; here they come one by one, which is up to 80 ms less.
    assert second[0] == pytest.approx(2, abs=WITHIN_S + 0.08)
    assert (await recordings.of(call)).lost_ms == pytest.approx(1_000, abs=100)


async def test_ticks_that_are_made_up_for_are_not_counted_twice(
    place: Place, recordings: Recordings, call: int
) -> None:
    """As the room's clock does it: of 51 ticks that are due at once, five are made up for."""
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    place.clock.jump(1.0)
    for tick in range(5):
        place.speak(recorder, [SECOND + 46 + tick], None, None)
        place.clock.jump(-FRAME_MS / 1000)
    place.clock.jump(FRAME_MS / 1000)
    place.speak(recorder, range(2 * SECOND + 1, 3 * SECOND), None, LOW)
    await recorder.finish()
    assert await recordings.of(call) == Recording(State.READY, 3_000, lost_ms=920, size=25_056)
    sound = heard(await content(recordings, call))
    assert sound.spans(1)[0][0] == pytest.approx(2.02, abs=0.01)


async def test_a_disk_that_falls_behind_costs_sound_that_is_counted_but_no_time(place: Place, call: int) -> None:
    may_open = threading.Event()

    def slow(path: Path) -> BinaryIO:
        assert may_open.wait(30)
        return create_locked(path)

    recordings = place.recordings(writer=RecordingWriter(slow), feed_ticks=SECOND)
    recorder = await recordings.start(call)
    place.speak(recorder, range(3 * SECOND), LOW, HIGH)
    assert recorder.lost_ms == 2_000
    may_open.set()
    async with asyncio.timeout(30):
        while len(await recordings.peaks(call)) < len(peaks.HEADER) + 20 * 2:  # noqa: ASYNC110  # as the disk goes
            await asyncio.sleep(0.01)
    place.speak(recorder, range(3 * SECOND, 4 * SECOND - 1), LOW, HIGH)
    await recorder.finish()
    assert (await recordings.of(call)).lost_ms == 2_000
    sound = heard(await content(recordings, call))
    await recordings.close()
    assert sound.seconds == pytest.approx(3.98)
    assert sound.spans(0) == [
        (pytest.approx(0, abs=WITHIN_S), pytest.approx(1, abs=WITHIN_S)),
        (pytest.approx(3, abs=WITHIN_S), pytest.approx(3.98, abs=WITHIN_S)),
    ]


@pytest.mark.parametrize("takes", [0, 100, 5_000])
async def test_a_full_disk_fails_one_recording_and_nothing_else(place: Place, takes: int) -> None:
    opened: list[Path] = []

    def disk(path: Path) -> BinaryIO:
        opened.append(path)
        return FullDisk(path, takes) if len(opened) == 1 else create_locked(path)  # type: ignore[return-value]

    told: list[tuple[int, State]] = []
    recordings = place.recordings(writer=RecordingWriter(disk), told=lambda call, state: told.append((call, state)))
    calls = await new_calls(place.database, 2)
    first = await recordings.start(calls[0])
    place.speak(first, range(SECOND), LOW, HIGH)
    assert await settled(recordings, calls[0]) == State.FAILED  # at once, not only when the call is over
    assert first.has_failed
    second = await recordings.start(calls[1])
    for tick in range(SECOND, 2 * SECOND):
        place.speak(first, [tick], LOW, HIGH)
        place.speak(second, [tick], LOW, HIGH)
    await first.finish()
    await second.finish()
    assert told[-1] == (calls[1], State.READY)
    assert (await recordings.of(calls[0])).state == State.FAILED
    with pytest.raises(NotFound) as refusal:
        await recordings.info(calls[0])
    assert refusal.value.code == "no_recording"
    await recordings.close()


async def test_a_call_in_which_nothing_was_heard_has_no_recording(recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    await recorder.finish()
    assert await recordings.of(call) == Recording(State.NONE)
    with pytest.raises(NotFound):
        await recordings.info(call)
    assert await recordings.peaks(call) == peaks.HEADER


async def test_a_call_is_recorded_once_and_finished_once(place: Place, recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    with pytest.raises(Conflict) as refusal:
        await recordings.start(call)
    assert refusal.value.code == "already_recorded"
    place.speak(recorder, range(SECOND), LOW, None)
    await asyncio.gather(recorder.finish(), recorder.finish())
    place.speak(recorder, range(SECOND, 2 * SECOND), LOW, None)  # too late
    await recorder.finish()
    assert (await recordings.of(call)).duration_ms == 1_000
    assert heard(await content(recordings, call)).seconds == 1.0


async def test_its_states_are_told_in_order(place: Place, call: int) -> None:
    told: list[tuple[int, State]] = []
    recordings = place.recordings(told=lambda call, state: told.append((call, state)))
    assert (await recordings.of(call)).state == State.NONE
    recorder = await recordings.start(call)
    assert (await recordings.of(call)).state == State.RECORDING
    with pytest.raises(Conflict) as refusal:
        await recordings.open(call)
    assert refusal.value.code == "recording_not_ready"
    place.speak(recorder, range(10), LOW, None)
    assert (await recordings.of(call)).duration_ms == 200
    await recorder.finish()
    await recordings.erase(call)
    assert told == [(call, state) for state in (State.RECORDING, State.PROCESSING, State.READY, State.ERASED)]
    await recordings.close()


async def test_a_store_that_is_away_gets_the_recording_later(place: Place, call: int) -> None:
    recordings = place.recordings(objects=AwayObjects(place.folder / "objects", failures=3))
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    await recorder.finish()
    assert (await recordings.of(call)).state == State.PROCESSING
    assert len(await recordings.peaks(call)) == len(peaks.HEADER) + 40
    assert await recordings.recover() == 0  # it is looked after already
    async with asyncio.timeout(30):
        while (await recordings.of(call)).state != State.READY:
            await place.clock.advance(60)
            await asyncio.sleep(0.01)
    assert heard(await content(recordings, call)).seconds == 1.0
    assert list(place.spool.iterdir()) == []
    await recordings.close()


async def test_recordings_live_in_an_s3_bucket_as_well(place: Place, call: int, s3_bucket: Bucket) -> None:  # noqa: F811
    recordings = place.recordings(objects=S3Objects(s3_bucket))
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, HIGH)
    await recorder.finish()
    assert await settled(recordings, call) == State.READY
    assert heard(await content(recordings, call)).seconds == 1.0
    assert len(await recordings.peaks(call)) == len(peaks.HEADER) + 40
    assert list(place.spool.iterdir()) == []
    await recordings.close()


async def test_peaks_grow_while_the_call_goes_on_and_stay(place: Place, recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    async with asyncio.timeout(30):
        while len(seen := await recordings.peaks(call)) < len(peaks.HEADER) + 40:  # noqa: ASYNC110  # as the disk goes
            await asyncio.sleep(0.01)
    loud = np.frombuffer(seen[4:], np.int8).reshape(-1, 2)
    assert loud[:, 0].min() > 30
    assert loud[:, 1].max() == 0
    place.speak(recorder, range(SECOND, 2 * SECOND + 1), None, HIGH)
    await recorder.finish()
    kept = await recordings.peaks(call)
    assert kept.startswith(seen)
    assert len(kept) == peaks.peaks_bytes(32_320)


@pytest.mark.parametrize("when", ["recording", "ready"])
async def test_nothing_is_left_of_an_erased_recording(
    place: Place, recordings: Recordings, call: int, when: str
) -> None:
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    if when == "ready":
        await recorder.finish()
    await recordings.erase(call)
    await recordings.erase(call)
    place.speak(recorder, range(SECOND, 2 * SECOND), LOW, None)
    await recorder.finish()
    assert await recordings.of(call) == Recording(State.ERASED)
    assert await recordings.peaks(call) == peaks.HEADER
    with pytest.raises(Gone) as refusal:
        await recordings.info(call)
    assert refusal.value.code == "recording_erased"
    assert [file for file in place.folder.rglob("rec_*") if file.is_file()] == []


class SlowObjects(LocalObjects):
    """Takes a recording only when it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked, self.may_take = asyncio.Event(), asyncio.Event()

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        self.asked.set()
        await self.may_take.wait()
        await super().put_file(key, path, content_type)


@pytest.mark.parametrize("is_kept_first", [True, False])
async def test_nothing_is_left_of_what_is_erased_while_it_is_being_stored(
    place: Place, call: int, is_kept_first: bool
) -> None:
    slow = SlowObjects(place.folder / "objects")
    recordings = place.recordings(objects=slow)
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    finishing = asyncio.create_task(recorder.finish())
    await asyncio.wait_for(slow.asked.wait(), 30)
    if is_kept_first:
        slow.may_take.set()
        await recordings.erase(call)
    else:
        erasing = asyncio.create_task(recordings.erase(call))
        async with asyncio.timeout(30):
            while (await recordings.of(call)).state != State.ERASED:  # noqa: ASYNC110  # it is in the database
                await asyncio.sleep(0.01)
        slow.may_take.set()
        await erasing
    await finishing
    assert (await recordings.of(call)).state == State.ERASED
    await recordings.close()
    assert [file for file in place.folder.rglob("*") if file.name.startswith("rec_")] == []


async def test_erasing_what_never_was_changes_nothing(recordings: Recordings, call: int) -> None:
    await recordings.erase(call)
    assert (await recordings.of(call)).state == State.NONE


async def test_it_works_on_every_database(database: Database, tmp_path: Path) -> None:
    (call,) = await new_calls(database, 1)
    place = Place(database, tmp_path)
    recordings = place.recordings()
    recorder = await recordings.start(call)
    place.speak(recorder, range(SECOND), LOW, None)
    await recorder.finish()
    assert await settled(recordings, call) == State.READY
    await recordings.erase(call)
    assert await recordings.of(call) == Recording(State.ERASED)
    await recordings.close()
