"""What happens to calls, as it is committed: one reader a call in each process, however many follow it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from server.calls.store import CallEvent, CallStore
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.storage.bus import Bus

_log = logger(__name__)

TOPIC = "calls"
LOOK_EVERY_S = 5.0  # notices may be lost on their way from another process

Deliver = Callable[[Sequence[CallEvent]], None]


class CallFeed:
    """Followers get every event that is committed after they began; what was before is theirs to read."""

    def __init__(self, store: CallStore, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._readers: dict[int, _Reader] = {}
        self._untold: set[int] = set()
        self._more = asyncio.Event()
        self._tasks = TaskScope("call feed")
        bus.listen(TOPIC, self._noticed)

    def start(self) -> None:
        """Begin to tell other processes."""
        self._tasks.spawn(self._tell(), "tell")

    def committed(self, call_id: int) -> None:
        """Something was committed about this call, in this process."""
        self._wake(call_id)
        self._untold.add(call_id)
        self._more.set()

    @contextmanager
    def follow(self, call_id: int, after_seq: int, deliver: Deliver) -> Iterator[None]:
        """Call `deliver` with what is new, in order, until the end of the block.

        `after_seq`: what a reader that begins now may leave out; a reader that is there already may repeat it.
        """
        reader = self._readers.get(call_id)
        if reader is None:
            reader = self._readers[call_id] = _Reader(call_id, after_seq)
            reader.task = self._tasks.spawn(self._read(reader), "read")
        reader.followers.append(deliver)
        try:
            yield
        finally:
            reader.followers.remove(deliver)
            if not reader.followers and reader.task is not None:
                self._readers.pop(call_id, None)
                reader.task.cancel()

    async def close(self) -> None:
        """Stop reading. Idempotent."""
        await self._tasks.close()

    def _noticed(self, notice: str) -> None:
        if notice.isdecimal():
            self._wake(int(notice))

    def _wake(self, call_id: int) -> None:
        if reader := self._readers.get(call_id):
            reader.more.set()

    async def _tell(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            untold, self._untold = self._untold, set()
            for call_id in untold:
                await self._bus.publish(TOPIC, str(call_id))

    async def _read(self, reader: "_Reader") -> None:
        while True:
            reader.more.clear()
            try:
                while events := await self._store.events(reader.call_id, reader.seq):
                    reader.seq = events[-1].seq
                    for deliver in list(reader.followers):
                        deliver(events)
            except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next look may succeed
                _log.warning("a call's log could not be read", exc_info=failure)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await reader.more.wait()


class _Reader:
    def __init__(self, call_id: int, seq: int) -> None:
        self.call_id = call_id
        self.seq = seq
        self.more = asyncio.Event()
        self.followers: list[Deliver] = []
        self.task: asyncio.Task[None] | None = None
