"""What recording a call costs, and how soon it can be replayed: our recorder beside ffmpeg's libmp3lame alone.

    python -m bench.recording

The sound is a voice-like mixture on both sides in turn. CPU is that of the whole process, its database included, for
sound that is made beforehand. Takes about two minutes, most of it for the call of two hours.
"""

import asyncio
import io
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bench.legs import speech
from server.kit.clock import SystemClock
from server.media.frame import FRAME_MS, FRAME_S, SAMPLE_RATE_HZ, Frame
from server.recordings import Recorder, Recordings
from server.recordings.mp3 import BIT_RATE, FRAME_SAMPLES
from server.recordings.peaks import peaks_bytes
from server.storage import Database
from server.storage.migrations import migrate
from server.storage.objects import LocalObjects
from tests.fixtures.recordings import UNHURRIED, new_calls

TURN_TICKS = 150  # one side speaks for three seconds, then the other
BLOCK_TICKS = 2_000
LENGTHS = {"10 minutes": 600, "2 hours": 7_200}
READY_TARGET_S = 3.0
SIDE_BY_SIDE, REAL_TIME_S = 40, 10


def mp3_alone(frames: list[Frame], seconds: int) -> tuple[float, float]:
    """ffmpeg's encoder and muxer through PyAV, as simple as can be: CPU a second of sound, and seconds to write it."""
    began, cpu = time.perf_counter(), time.process_time()
    with av.open(io.BytesIO(), "w", format="mp3") as file:
        stream = file.add_stream("libmp3lame", rate=SAMPLE_RATE_HZ, layout="stereo", format="s16p")
        stream.bit_rate, stream.time_base = BIT_RATE, Fraction(1, SAMPLE_RATE_HZ)
        stream.options = {"compression_level": "7"}
        sound = np.concatenate(frames)
        sound = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES]
        quiet = np.zeros_like(sound)
        at = 0
        for number in range(seconds * SAMPLE_RATE_HZ // len(sound)):
            sides = np.stack([sound, quiet] if number % 2 else [quiet, sound])
            for start in range(0, len(sound), FRAME_SAMPLES):
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(sides[:, start : start + FRAME_SAMPLES]), format="s16p", layout="stereo"
                )
                frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, at
                at += frame.samples
                file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return (time.process_time() - cpu) / seconds, time.perf_counter() - began


def say(recorder: Recorder, frames: list[Frame], tick: int) -> None:
    """One tick of a conversation in turns."""
    frame = frames[tick % len(frames)]
    is_ours = tick // TURN_TICKS % 2
    recorder.write(None if is_ours else frame, frame if is_ours else None)


class StandingClock(SystemClock):
    """Calls are told faster than they happen: a recorder that looked at the time would think it waits for nothing."""

    def monotonic(self) -> float:
        return 0.0


async def caught_up(recordings: Recordings, call: int, ticks: int) -> None:
    """Wait until so many ticks are on disk, as they would be in a call at its real pace."""
    samples = ticks * FRAME_MS * SAMPLE_RATE_HZ // 1000
    while len(await recordings.peaks(call)) < peaks_bytes(samples) - 2:  # noqa: ASYNC110  # a thread is at work
        await asyncio.sleep(0.02)


async def one_call(recordings: Recordings, call: int, frames: list[Frame], seconds: int) -> tuple[float, float, int]:
    """CPU a call second, seconds from the end of the call until it is ready, bytes."""
    cpu = time.process_time()
    recorder = await recordings.start(call)
    ticks = int(seconds / FRAME_S)
    for start in range(0, ticks, BLOCK_TICKS):
        for tick in range(start, min(start + BLOCK_TICKS, ticks)):
            say(recorder, frames, tick)
        await caught_up(recordings, call, min(start + BLOCK_TICKS, ticks))
    began = time.perf_counter()
    await recorder.finish()
    ready_s = time.perf_counter() - began
    recording = await recordings.of(call)
    assert recording.state == "ready", recording
    assert recording.duration_ms == seconds * 1000, recording
    return (time.process_time() - cpu) / seconds, ready_s, recording.size


async def many_calls(recordings: Recordings, calls: list[int], frames: list[Frame]) -> None:
    """At the real pace, all at once."""
    clock = SystemClock()
    recorders = [await recordings.start(call) for call in calls]
    took: list[float] = []
    cpu, began = time.process_time(), clock.monotonic()
    for tick in range(int(REAL_TIME_S / FRAME_S)):
        await clock.sleep(began + tick * FRAME_S - clock.monotonic())
        for number, recorder in enumerate(recorders):
            at = time.perf_counter()
            say(recorder, frames, tick + 37 * number)
            took.append(time.perf_counter() - at)
    share = (time.process_time() - cpu) / REAL_TIME_S / len(calls)
    lost = sum(recorder.lost_ms for recorder in recorders)
    ended = time.perf_counter()
    await asyncio.gather(*(recorder.finish() for recorder in recorders))
    print(
        f"{len(calls)} calls at once, at their real pace: {share:.2%} of a core each; a tick costs the event loop "
        f"{np.percentile(took, 50) * 1e6:.1f} us (p99 {np.percentile(took, 99) * 1e6:.0f} us); {lost} ms lost; "
        f"all ready {time.perf_counter() - ended:.2f} s after their end"
    )


async def measure(folder: Path) -> None:
    frames = speech()
    alone, took_s = mp3_alone(frames, LENGTHS["10 minutes"])
    print(f"libmp3lame alone: {alone:.2%} of a core a call; written after the call, 10 minutes take {took_s:.1f} s")
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    await migrate(database)
    one, other, *many = await new_calls(database, 2 + SIDE_BY_SIDE)
    objects, spool = LocalObjects(folder / "objects"), folder / "recording"
    told = Recordings(database, objects, StandingClock(), spool, feed_ticks=UNHURRIED)
    for call, (length, seconds) in zip((one, other), LENGTHS.items(), strict=True):
        cpu, ready_s, size = await one_call(told, call, frames, seconds)
        print(
            f"a call of {length}: {cpu:.2%} of a core = {cpu / alone:.2f} x libmp3lame alone; ready {ready_s:.3f} s "
            f"after its end (target {READY_TARGET_S:.0f} s: {ready_s / READY_TARGET_S:.2f} x); {size / 1e6:.1f} MB"
        )
    await told.close()
    live = Recordings(database, objects, SystemClock(), spool)
    await many_calls(live, many, frames)
    await live.close()
    await database.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="parloir-bench-") as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
