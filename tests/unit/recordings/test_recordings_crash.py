"""A recording survives whatever ends its process: at most the last second is lost, and the next start finishes it."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.recordings import Recordings, State, mp3, peaks, track
from server.recordings.track import Paths, Track
from server.storage.objects import LocalObjects
from tests.fixtures.recordings import TICKS_PER_SECOND, WITHIN_S, Place, content, heard, settled, tone

ROOT = Path(__file__).resolve().parents[3]
TURNS_MAX = 60
TALKED_TICKS = 4 * TICKS_PER_SECOND + 10


def killed_in_mid_call(url: str, place: Place, call: int) -> int:
    """Let another process record some seconds at real pace and kill it; how many ticks it had recorded."""
    command = [sys.executable, "-m", "tests.fixtures.dying_recorder", url, str(place.folder), str(call)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tick = in_time = 0
        while tick < TALKED_TICKS or in_time < TICKS_PER_SECOND:
            tick, in_time = map(int, process.stdout.readline().split())
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().splitlines()
    assert process.returncode == -signal.SIGKILL
    return int(said[-1].split()[0]) if said else tick


@pytest.mark.slow
async def test_a_killed_process_loses_at_most_its_last_second(place: Place, sqlite_url: str, call: int) -> None:
    ticks = await asyncio.to_thread(killed_in_mid_call, sqlite_url, place, call)
    (left_behind,) = place.spool.glob("*.mp3")
    as_it_is = heard(left_behind.read_bytes())
    assert as_it_is.seconds >= ticks / TICKS_PER_SECOND - 1  # playable before anybody put it right

    recordings = place.recordings()
    assert (await recordings.of(call)).state == State.RECORDING
    assert await recordings.recover() == 1
    recording = await recordings.of(call)
    assert recording.state == State.READY
    sound = heard(await content(recordings, call))
    peaks_kept = await recordings.peaks(call)
    await recordings.close()
    assert ticks * 20 - 1_000 <= recording.duration_ms <= ticks * 20
    assert sound.seconds == pytest.approx(recording.duration_ms / 1000, abs=0.001)
    for channel, hertz, first in ((0, 440, 0), (1, 1_500, 1)):
        turns = [start for start in range(first, TURNS_MAX, 2) if start < sound.seconds - 2 * WITHIN_S]
        spans = sound.spans(channel)
        assert len(turns) <= len(spans) <= len(turns) + 1  # one that has just begun may be too short to tell
        for number, (start, end) in enumerate(spans):
            assert start == pytest.approx(first + 2 * number, abs=WITHIN_S)
            assert end == pytest.approx(min(first + 2 * number + 1, sound.seconds), abs=WITHIN_S)
            if end - start > 0.5:
                assert sound.hertz(channel, start + 0.1, end - 0.1) == pytest.approx(hertz, abs=5)
    assert len(peaks_kept) == peaks.peaks_bytes(round(sound.seconds * 16_000))
    assert max(peaks_kept[4::2]) > 30
    assert list(place.spool.iterdir()) == []


async def test_a_process_that_is_stopped_in_mid_call_leaves_it_to_the_next(place: Place, call: int) -> None:
    stopped = place.recordings()
    recorder = await stopped.start(call)
    place.speak(recorder, range(2 * TICKS_PER_SECOND), 440, None)
    await stopped.close()
    await stopped.close()
    following = place.recordings()
    assert await following.recover() == 1
    assert await following.recover() == 0
    sound = heard(await content(following, call))
    await following.close()
    assert sound.seconds == pytest.approx(2, abs=0.2)


async def test_what_a_living_process_records_is_left_alone(place: Place, recordings: Recordings, call: int) -> None:
    recorder = await recordings.start(call)
    place.speak(recorder, range(TICKS_PER_SECOND), 440, None)
    async with asyncio.timeout(30):
        while len(await recordings.peaks(call)) < len(peaks.HEADER) + 40:  # noqa: ASYNC110  # as the disk goes
            await asyncio.sleep(0.01)
    neighbour = place.recordings()
    assert await neighbour.recover() == 0
    await neighbour.close()
    place.speak(recorder, range(TICKS_PER_SECOND, 2 * TICKS_PER_SECOND), 440, None)
    await recorder.finish()
    assert heard(await content(recordings, call)).seconds == 2.0


class StoppedWhileStoring(LocalObjects):
    """Keeps what it is given, and then its process dies."""

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        await super().put_file(key, path, content_type)
        if key.endswith(".mp3"):
            await asyncio.Event().wait()


@pytest.mark.parametrize("is_file_left", [True, False])
async def test_a_process_that_dies_while_storing_is_made_up_for(place: Place, call: int, is_file_left: bool) -> None:
    dying = place.recordings(objects=StoppedWhileStoring(place.folder / "objects"))
    recorder = await dying.start(call)
    place.speak(recorder, range(TICKS_PER_SECOND), 440, None)
    finishing = asyncio.create_task(recorder.finish())
    async with asyncio.timeout(30):
        while len(list((place.folder / "objects").rglob("*.mp3"))) == 0:  # noqa: ASYNC110  # another task stores it
            await asyncio.sleep(0.01)
    await dying.close()
    await finishing
    assert (await dying.of(call)).state == State.PROCESSING
    if not is_file_left:
        for file in place.spool.iterdir():
            file.unlink()
    following = place.recordings()
    assert await following.recover() == 1
    assert await settled(following, call) == State.READY
    assert heard(await content(following, call)).seconds == 1.0
    await following.close()


async def test_a_recording_that_is_nowhere_is_given_up_after_a_day(place: Place, call: int) -> None:
    lost = place.recordings()
    place.speak(await lost.start(call), range(TICKS_PER_SECOND), 440, None)
    await lost.close()
    for file in place.spool.iterdir():
        file.unlink()
    following = place.recordings()
    assert await following.recover() == 0  # another machine may have it
    assert (await following.of(call)).state == State.RECORDING
    place.clock.jump(timedelta(hours=25).total_seconds())
    assert await following.recover() == 1
    assert (await following.of(call)).state == State.FAILED
    await following.close()


async def test_a_process_that_died_before_any_sound_leaves_no_recording(place: Place, call: int) -> None:
    dying = place.recordings()
    await dying.start(call)
    await dying.close()
    following = place.recordings()
    assert await following.recover() == 1
    assert (await following.of(call)).state == State.NONE
    assert list(place.spool.iterdir()) == []
    await following.close()


@given(lost=st.integers(0, 30_000), zeros=st.integers(0, 2_000), peaks_left=st.integers(0, 100))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_is_left_of_a_file_becomes_one_that_says_its_length(
    tmp_path: Path, lost: int, zeros: int, peaks_left: int
) -> None:
    """Cut off anywhere, or longer than what was written as after a loss of power."""
    paths = Paths.of(tmp_path, "rec")
    paths.remove()
    recorded = Track(paths)
    for tick in range(3 * TICKS_PER_SECOND):
        recorded.add(tone(440, tick), tone(1_500, tick))
    recorded.close()
    whole = paths.sound.read_bytes()
    paths.sound.write_bytes(whole[: max(0, len(whole) - lost)] + bytes(zeros))
    paths.peaks.write_bytes(paths.peaks.read_bytes()[:peaks_left])
    written = track.recover(paths)
    frames, torn = divmod(max(0, len(whole) - lost), mp3.FRAME_BYTES)
    frames -= 1
    if torn >= len(mp3.FRAME_HEADER) and torn + zeros >= mp3.FRAME_BYTES:
        frames += 1  # it begins as a frame does, so it is kept: a player hears what there is
    if mp3.samples_in(frames) == 0:
        assert written is None
        return
    assert written is not None
    assert written.size == paths.sound.stat().st_size == (frames + 1) * mp3.FRAME_BYTES
    assert written.samples == mp3.samples_in(frames)
    assert heard(paths.sound.read_bytes()).channels.shape == (2, written.samples)
    assert paths.peaks.stat().st_size == peaks.peaks_bytes(written.samples)
    assert paths.peaks.read_bytes().startswith(peaks.HEADER)
    assert track.recover(paths) == written
