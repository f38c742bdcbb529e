"""Recordings of calls, from the first tick to the object store: their states, their peaks, recovery and erasure."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from server.kit.clock import Clock
from server.kit.errors import AppError, Conflict, Gone, NotFound, Unavailable
from server.kit.ids import new_uid
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import FRAME_MS
from server.recordings import mp3, peaks, track
from server.recordings.peaks import Glance
from server.recordings.recorder import Recorder
from server.recordings.tables import RecordingRow
from server.recordings.track import Paths, Written
from server.recordings.writer import FEED_TICKS, Feed, RecordingWriter
from server.storage import Database
from server.storage.objects import ObjectInfo, ObjectStore

_log = logger(__name__)

SETTLE_WAIT_S = 3.0  # how long the end of a call waits for its recording; it goes on in the background
LOST_AFTER = timedelta(hours=24)  # a recording whose file is nowhere, and which nobody can be writing any more
_RETRY_S = (1.0, 5.0, 30.0, 60.0)  # then every minute: the store is away, the file is safe here
_PEAKS_MIME = "application/octet-stream"
_WORDS_MAX = 60
_OF_CALLS = select(*RecordingRow.__table__.c).where(RecordingRow.call_id.in_(bindparam("calls", expanding=True)))


class State(StrEnum):
    """How the recording of a call stands. `none` also when nothing was ever heard in it."""

    NONE = "none"
    RECORDING = "recording"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    ERASED = "erased"


@dataclass(frozen=True)
class Recording:
    """The recording of one call. `size` in bytes, 0 before it is finished."""

    state: State
    duration_ms: int = 0
    size: int = 0
    lost_ms: int = 0
    is_paused: bool = False
    mime: str = mp3.MIME


Told = Callable[[int, State], None]
"""(call id, its recording's new state); called on the event loop after it was committed."""


@dataclass(frozen=True)
class _Live:
    uid: str
    feed: Feed
    recorder: Recorder
    settling: "asyncio.Task[None]"


class Recordings:
    """Everything about recordings of a deployment. One process records a call; any may serve it.

    `folder` is this machine's own: what is being written, and what the object store has not taken yet.
    """

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        clock: Clock,
        folder: Path,
        told: Told | None = None,
        writer: RecordingWriter | None = None,
        feed_ticks: int = FEED_TICKS,
    ) -> None:
        """`feed_ticks`: how far a disk may fall behind a call before silence takes the place of sound."""
        self._database = database
        self._objects = objects
        self._clock = clock
        self._folder = folder
        self._told = told
        self._writer = writer or RecordingWriter()
        self._feed_ticks = feed_ticks
        self._tasks = TaskScope("recordings")
        self._live: dict[int, _Live] = {}
        self._kept_later: set[int] = set()

    async def start(self, call_id: int) -> Recorder:
        """Begin to record; a disk that fails shows in the state, not here. Raises Conflict `already_recorded`."""
        uid = new_uid("rec")
        async with self._database.transaction() as session:
            if await session.scalar(select(RecordingRow.id).where(RecordingRow.call_id == call_id)) is not None:
                raise Conflict("already_recorded", "This call is or was recorded already.")
            session.add(
                RecordingRow(
                    uid=uid,
                    call_id=call_id,
                    state=State.RECORDING.value,
                    started_at=self._clock.now(),
                    settled_at=None,
                    duration_ms=0,
                    lost_ms=0,
                    size=0,
                    failure=None,
                )
            )
        feed = Feed(self._feed_ticks)
        self._writer.begin(feed, self._paths(uid))
        settling = self._tasks.spawn(self._follow(call_id, uid, feed), "follow")
        recorder = Recorder(feed, self._clock, lambda: self._settled(settling))
        self._live[call_id] = _Live(uid, feed, recorder, settling)
        self._tell(call_id, State.RECORDING)
        return recorder

    async def of(self, call_id: int) -> Recording:
        """How the recording of a call stands."""
        return self._standing(call_id, await self._row(call_id))

    async def of_all(self, call_ids: Sequence[int]) -> dict[int, Recording]:
        """As of(), for many calls."""
        rows = await self._database.look(lambda db: db.execute(_OF_CALLS, {"calls": list(call_ids)}).all())
        known = {row.call_id: row for row in rows}
        return {call_id: self._standing(call_id, known.get(call_id)) for call_id in call_ids}

    def _standing(self, call_id: int, row: RecordingRow | Row[Any] | None) -> Recording:
        if row is None:
            return Recording(State.NONE)
        live = self._live.get(call_id)
        if live is not None and row.state == State.RECORDING:
            recorder = live.recorder
            return Recording(State.RECORDING, recorder.duration_ms, 0, recorder.lost_ms, recorder.is_paused)
        return Recording(State(row.state), row.duration_ms, row.size, row.lost_ms)

    async def peaks(self, call_id: int) -> bytes:
        """The peaks so far, in the form that `peaks` describes; only its header when there are none."""
        row = await self._row(call_id)
        if row is None or row.state in (State.NONE, State.ERASED):
            return peaks.HEADER
        with contextlib.suppress(FileNotFoundError):
            return await asyncio.to_thread(_whole_peaks, self._paths(row.uid).peaks)
        if row.state != State.READY:
            return peaks.HEADER
        return b"".join([chunk async for chunk in await self._objects.open(_peaks_key(row.uid))])

    async def glance(self, call_id: int, columns: int) -> Glance:
        """The peaks so far, at most `columns` a side."""
        return peaks.glance(await self.peaks(call_id), columns)

    async def info(self, call_id: int) -> ObjectInfo:
        """The finished file of a call.

        Raises NotFound `no_recording`, Conflict `recording_not_ready`, Gone `recording_erased`,
        Unavailable `storage_unavailable`.
        """
        info = await self._objects.info(_sound_key(await self._ready_uid(call_id)))
        if info is None:
            raise _no_recording()
        return info

    async def open(self, call_id: int, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The file's bytes, as ObjectStore.open(). Raises as info()."""
        return await self._objects.open(_sound_key(await self._ready_uid(call_id)), start, end)

    async def erase(self, call_id: int) -> None:
        """Leave nothing of it, also while it is being written. Erasing again, or what never was, changes nothing."""
        row = await self._row(call_id)
        if row is None:
            return
        await self._move(call_id, State.ERASED, {"duration_ms": 0, "size": 0, "lost_ms": 0})
        live = self._live.get(call_id)
        if live is not None:
            await live.recorder.finish()
        await self._delete(row.uid)
        await asyncio.to_thread(self._paths(row.uid).remove)

    async def recover(self) -> int:
        """Finish what dead processes of this machine left behind: at start-up, and again whenever one may have died.

        How many there were.
        """
        async with self._database.reading() as session:
            rows = (
                await session.scalars(
                    select(RecordingRow).where(
                        RecordingRow.state.in_([State.RECORDING.value, State.PROCESSING.value]),
                        RecordingRow.call_id.not_in(self._live.keys() | self._kept_later),
                    )
                )
            ).all()
        finishing = [self._recover(row) for row in rows]
        return sum([await each for each in finishing])

    async def close(self) -> None:
        """Write what waits and stop; what is unfinished is recovered at the next start. Idempotent."""
        await self._tasks.close()
        await asyncio.to_thread(self._writer.close)
        self._live.clear()

    async def _recover(self, row: RecordingRow) -> bool:
        """Whether it was for us to finish."""
        paths = self._paths(row.uid)
        try:
            written = await asyncio.to_thread(track.recover, paths)
        except BlockingIOError:
            return False  # another process of this machine writes it, and is well
        except FileNotFoundError:
            return await self._recover_elsewhere(row)
        except OSError as failure:
            await self._fail(row.call_id, failure)
            return True
        await self._finished(row.call_id, row.uid, written, row.lost_ms)
        return True

    async def _recover_elsewhere(self, row: RecordingRow) -> bool:
        """The file is not here: stored just before the end of its process, or another machine's, or lost."""
        stored = None
        if row.state == State.PROCESSING:
            with contextlib.suppress(Unavailable):
                stored = await self._objects.info(_sound_key(row.uid))
        if stored is not None and stored.size == row.size:
            await self._move(row.call_id, State.READY, {"settled_at": self._clock.now()})
            return True
        if self._clock.now() - row.started_at > LOST_AFTER:
            await self._fail(row.call_id, FileNotFoundError())
            return True
        return False

    async def _settled(self, settling: "asyncio.Task[None]") -> None:
        self._writer.wake()
        _, late = await asyncio.wait({settling}, timeout=SETTLE_WAIT_S)
        if late:
            _log.warning("a recording is not ready yet; it goes on in the background")

    async def _follow(self, call_id: int, uid: str, feed: Feed) -> None:
        """From the first tick until it is kept."""
        try:
            written = await asyncio.wrap_future(feed.result)
        except Exception as failure:  # noqa: BLE001  # the writer logged it; here it becomes a state
            await self._fail(call_id, failure)
        else:
            await self._finished(call_id, uid, written if written.samples else None, feed.lost_ticks * FRAME_MS)
        finally:
            self._live.pop(call_id, None)

    async def _finished(self, call_id: int, uid: str, written: Written | None, lost_ms: int) -> None:
        """The file is complete on this machine: keep it."""
        if written is None:
            await self._move(call_id, State.NONE, {"settled_at": self._clock.now()})
            await asyncio.to_thread(self._paths(uid).remove)
            return
        facts = {"duration_ms": written.duration_ms, "size": written.size, "lost_ms": lost_ms}
        if not await self._move(call_id, State.PROCESSING, facts):
            await asyncio.to_thread(self._paths(uid).remove)
        elif not await self._is_kept(call_id, uid):
            self._tasks.spawn(self._keep_trying(call_id, uid), "keep")

    async def _keep_trying(self, call_id: int, uid: str) -> None:
        self._kept_later.add(call_id)
        try:
            for wait_s in itertools.chain(_RETRY_S, itertools.repeat(_RETRY_S[-1])):
                await self._clock.sleep(wait_s)
                if await self._is_kept(call_id, uid):
                    return
        finally:
            self._kept_later.discard(call_id)

    async def _is_kept(self, call_id: int, uid: str) -> bool:
        """Hand the files to the object store. False when it cannot take them now."""
        paths = self._paths(uid)
        try:
            with contextlib.suppress(FileNotFoundError):  # erased meanwhile, or kept by another process
                await self._objects.put_file(_peaks_key(uid), paths.peaks, _PEAKS_MIME)
                await self._objects.put_file(_sound_key(uid), paths.sound, mp3.MIME)
                await self._move(call_id, State.READY, {"settled_at": self._clock.now()})
            if (await self.of(call_id)).state is State.ERASED:  # what was on its way came after it was deleted
                await self._delete(uid)
        except (AppError, OSError) as failure:
            _log.warning("a recording could not be stored yet; it is tried again", failure=type(failure).__name__)
            return False
        await asyncio.to_thread(paths.remove)
        return True

    async def _delete(self, uid: str) -> None:
        await self._objects.delete(_sound_key(uid))
        await self._objects.delete(_peaks_key(uid))

    async def _fail(self, call_id: int, failure: Exception) -> None:
        reason = type(failure).__name__
        if isinstance(failure, OSError) and failure.strerror:
            reason = failure.strerror
        await self._move(call_id, State.FAILED, {"failure": reason[:_WORDS_MAX], "settled_at": self._clock.now()})

    async def _move(self, call_id: int, state: State, facts: dict[str, Any]) -> bool:
        """Whether it was not erased meanwhile: nothing comes after that."""
        async with self._database.transaction() as session:
            moved = await session.scalar(
                update(RecordingRow)
                .where(RecordingRow.call_id == call_id, RecordingRow.state != State.ERASED.value)
                .values(state=state.value, **facts)
                .returning(RecordingRow.id)
            )
        if moved is None:
            return False
        self._tell(call_id, state)
        return True

    def _tell(self, call_id: int, state: State) -> None:
        if self._told is not None:
            self._told(call_id, state)

    async def _ready_uid(self, call_id: int) -> str:
        row = await self._row(call_id)
        state = State.NONE if row is None else State(row.state)
        if state is State.ERASED:
            raise Gone("recording_erased", "This recording was erased.")
        if state in (State.RECORDING, State.PROCESSING):
            raise Conflict("recording_not_ready", "This recording is not finished yet.")
        if row is None or state is not State.READY:
            raise _no_recording()
        return row.uid

    async def _row(self, call_id: int) -> RecordingRow | None:
        async with self._database.reading() as session:
            row: RecordingRow | None = await session.scalar(select(RecordingRow).where(RecordingRow.call_id == call_id))
            return row

    def _paths(self, uid: str) -> Paths:
        return Paths.of(self._folder, uid)


def _no_recording() -> NotFound:
    return NotFound("no_recording", "This call has no recording.")


def _whole_peaks(path: Path) -> bytes:
    """Without half a pair, which the writer may be about to complete."""
    data = path.read_bytes()
    return data[: len(data) - (len(data) - len(peaks.HEADER)) % 2] if len(data) > len(peaks.HEADER) else peaks.HEADER


def _sound_key(uid: str) -> str:
    return f"recordings/{uid}.mp3"


def _peaks_key(uid: str) -> str:
    return f"recordings/{uid}.peaks"
