"""Background tasks with an owner: whoever opens a TaskScope closes it, and nothing outlives it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from server.kit.log import logger

_log = logger(__name__)


class TaskScope:
    """Holds tasks until they end or the scope is closed. `close()` is idempotent and waits for all of them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` in the background. A failure is logged, never silent. Refused after close()."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{self._name} is closed")
        task = asyncio.get_running_loop().create_task(work, name=f"{self._name}/{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what still runs and wait for it. The calling task, if it is one of ours, is left alone."""
        self._closed = True
        waiting = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in waiting:
            if not task.cancelling():  # a second cancellation would break into its cleaning up
                task.cancel()
        if waiting:
            await asyncio.gather(*waiting, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.error("task failed", task=task.get_name(), exc_info=failure)
