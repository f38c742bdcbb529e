"""The one thread of a process that encodes and writes its recordings, and the bounded feeds it takes them from."""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future

import numpy as np

from server.kit.log import logger
from server.media.frame import FRAME_MS, FRAME_SAMPLES, Frame, Samples
from server.recordings.track import OpenFile, Paths, Track, Written, create_locked

_log = logger(__name__)

FLUSH_S = 0.2
FEED_TICKS = 10_000 // FRAME_MS  # what a disk may be late by before sound is lost
_BLOCK_TICKS = 10_000 // FRAME_MS
_CLOSE_TIMEOUT_S = 10.0
_IDLE_S = 60.0


class Feed:
    """From the event loop, which never waits, to the writer's thread. When full, silence takes the place of sound.

    Both ends use a deque's own atomic operations; each counter has one writer.
    """

    def __init__(self, ticks_max: int = FEED_TICKS) -> None:
        self._max = ticks_max
        self._items: deque[tuple[Frame, Frame] | int] = deque()  # a tick, or how many ticks of silence
        self._unfed = 0
        self._ended = threading.Event()
        self.lost_ticks = 0
        """Ticks whose sound is not in the recording."""
        self.result: Future[Written] = Future()
        """Set by the writer's thread, once, at the end or when writing failed."""
        self.result.set_running_or_notify_cancel()  # whoever waits for it cannot cancel the writing

    def offer(self, customer: Frame, ours: Frame) -> None:
        """One tick. Nothing happens after end()."""
        if self.result.done() or self._ended.is_set():
            return
        if len(self._items) >= self._max:
            self.skip(1)
            return
        self._feed_silence()
        self._items.append((customer, ours))

    def skip(self, ticks: int) -> None:
        """So many ticks had no sound to offer: silence stands there."""
        self._unfed += ticks
        self.lost_ticks += ticks

    def end(self) -> None:
        """Nothing comes any more. Idempotent."""
        if not self._ended.is_set():
            self._feed_silence()
            self._ended.set()

    def take(self) -> Iterator[tuple[Samples, Samples]]:
        """What waits, both sides equally long, in blocks of bounded size. For the writer's thread."""
        block: list[tuple[Frame, Frame]] = []
        for _ in range(len(self._items)):
            item = self._items.popleft()
            if not isinstance(item, int):
                block.append(item)
                continue
            yield from _joined(block)
            block = []
            for done in range(0, item, _BLOCK_TICKS):
                silence = np.zeros(min(_BLOCK_TICKS, item - done) * FRAME_SAMPLES, dtype=np.int16)
                yield silence, silence
        yield from _joined(block)

    @property
    def is_over(self) -> bool:
        """Whether everything was offered and taken."""
        return self._ended.is_set() and not self._items

    def _feed_silence(self) -> None:
        if self._unfed:
            self._items.append(self._unfed)
            self._unfed = 0


class _Job:
    """One recording in the writer's thread."""

    def __init__(self, feed: Feed, paths: Paths, open_file: OpenFile) -> None:
        self._feed = feed
        self._paths = paths
        self._open_file = open_file
        self._track: Track | None = None

    def advance(self) -> bool:
        """Write what waits; whether there is more to come."""
        try:
            if self._track is None:
                self._track = Track(self._paths, self._open_file)
            for left, right in self._feed.take():
                self._track.add(left, right)
            if self._feed.is_over:
                self._feed.result.set_result(self._track.finish())
                return False
        except Exception as failure:  # noqa: BLE001  # whatever it is, the other recordings go on
            _log.error("a recording failed; its call goes on", failure=type(failure).__name__, reason=str(failure))
            if self._track is not None:
                self._track.close()
            self._feed.result.set_exception(failure)
            return False
        return True

    def leave(self) -> None:
        """Write no more; the files stay as they are."""
        if self._track is not None:
            self._track.close()


class RecordingWriter:
    """Starts its thread with the first recording. Wakes up five times a second, however many recordings there are."""

    def __init__(self, open_file: OpenFile = create_locked, flush_s: float = FLUSH_S) -> None:
        self._open_file = open_file
        self._flush_s = flush_s
        self._jobs: list[_Job] = []
        self._arriving: deque[_Job] = deque()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, feed: Feed, paths: Paths) -> None:
        """Write what `feed` is offered until its end. Raises RuntimeError after close()."""
        if self._stopping.is_set():
            raise RuntimeError("the recording writer is closed")
        self._arriving.append(_Job(feed, paths, self._open_file))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
            self._thread.start()
        self.wake()

    def wake(self) -> None:
        """Write now what waits, instead of a moment later."""
        self._woken.set()

    def close(self) -> None:
        """Write what waits, leave unfinished files for recover(), and end. Blocks for a bounded time. Idempotent."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._woken.wait(self._flush_s if self._jobs else _IDLE_S)
            self._woken.clear()
            is_last = self._stopping.is_set()
            while self._arriving:
                self._jobs.append(self._arriving.popleft())
            self._jobs = [job for job in self._jobs if job.advance()]
        for job in self._jobs:
            job.leave()


def _joined(block: list[tuple[Frame, Frame]]) -> Iterator[tuple[Samples, Samples]]:
    if block:
        yield np.concatenate([left for left, _ in block]), np.concatenate([right for _, right in block])
