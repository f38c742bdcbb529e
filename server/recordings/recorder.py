"""The recording of one call as the call sees it: one tick after the other, pause, finish."""

from collections.abc import Awaitable, Callable

from server.kit.clock import Clock
from server.media.frame import FRAME_MS, FRAME_S, Frame
from server.media.mix import SILENCE
from server.recordings.writer import Feed

_LATE_TICKS = 5  # as many as a room makes up for at once after a stall; what is older it leaves out


class Recorder:
    """Use from the event loop. None of its methods blocks, and none raises because a disk is full."""

    def __init__(self, feed: Feed, clock: Clock, settled: Callable[[], Awaitable[None]]) -> None:
        """`settled` waits, for a bounded time, until what was fed is kept."""
        self._feed = feed
        self._clock = clock
        self._settled = settled
        self._began: float | None = None
        self._ticks = 0
        self._is_paused = False

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    @property
    def has_failed(self) -> bool:
        """Nothing is written any more; why, the log says."""
        return self._feed.result.done() and self._feed.result.exception() is not None

    @property
    def duration_ms(self) -> int:
        return self._ticks * FRAME_MS

    @property
    def lost_ms(self) -> int:
        """How much of it is silence because it could not be written in time, or was never heard."""
        return self._feed.lost_ticks * FRAME_MS

    def write(self, customer: Frame | None, ours: Frame | None) -> None:
        """One tick of both sides; None is silence. The frames must not change afterwards."""
        now = self._clock.monotonic()
        if self._began is None:
            self._began = now
        behind = round((now - self._began) / FRAME_S) - self._ticks
        if behind > _LATE_TICKS:
            skipped = behind - _LATE_TICKS + 1  # the ticks that are made up for follow at once
            self._feed.skip(skipped)
            self._ticks += skipped
        self._ticks += 1
        if self._is_paused:
            self._feed.offer(SILENCE, SILENCE)
        else:
            self._feed.offer(SILENCE if customer is None else customer, SILENCE if ours is None else ours)

    async def pause(self, on: bool) -> None:
        """While paused, silence is recorded: what is said later keeps its time, as in the transcript."""
        self._is_paused = on

    async def finish(self) -> None:
        """Nothing more is recorded; returns when it is ready, or after a few seconds. Idempotent."""
        self._feed.end()
        await self._settled()
