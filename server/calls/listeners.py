"""Who hears a call by leave of a key and says nothing: let go when that key is revoked. Whoever talks, talks on."""

import asyncio
from collections.abc import Callable

from server.kit.tasks import TaskScope
from server.tenants.revocations import Revocations


class Listeners:
    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations
        self._tasks = TaskScope("listeners")

    def watch(self, credential_uid: str | None, over: asyncio.Event, dismiss: Callable[[], None]) -> None:
        """Call `dismiss()` should the key be revoked before the call is `over`. No key, no watch."""
        if credential_uid is not None:
            self._tasks.spawn(self._watch(credential_uid, over, dismiss), "watch")

    async def close(self) -> None:
        """Watch nobody any more. Idempotent."""
        await self._tasks.close()

    async def _watch(self, credential_uid: str, over: asyncio.Event, dismiss: Callable[[], None]) -> None:
        with self._revocations.watch(credential_uid, dismiss):
            await over.wait()
