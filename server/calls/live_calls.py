"""The calls alive in this process: begun once, found by id, kept alive in the database, closed together."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from server.calls.aftermath import SETTLED
from server.calls.call import LiveCall
from server.calls.call_services import CallServices
from server.calls.orders import RELAY
from server.calls.relay import RelayCall
from server.calls.state import Happening, IllegalTransition, Outcome, Step
from server.calls.store import Call
from server.kit.errors import Unavailable
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.telephony.port import IncomingCall

_log = logger(__name__)

TOUCH_EVERY_S = 10.0


class LiveCalls:
    def __init__(self, services: CallServices) -> None:
        self._services = services
        self._live: dict[int, LiveCall] = {}
        self._tasks = TaskScope("calls")
        self._placing: set[asyncio.Task[Call]] = set()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._live)

    def refuse_when_stopping(self) -> None:
        """Raises Unavailable `server_stopping`."""
        if self._stopping:
            raise Unavailable("server_stopping", "The server is restarting. Try again in a moment.")

    async def place(self, storing: Coroutine[Any, Any, Call]) -> Call:
        """Store a call and begin it. Who asked may be cancelled meanwhile: what was stored is begun all the same."""

        async def stored_and_begun() -> Call:
            call = await storing
            self.begin(call)
            return call

        placing = asyncio.get_running_loop().create_task(stored_and_begun(), name="place a call")
        self._placing.add(placing)
        placing.add_done_callback(self._placing.discard)
        return await asyncio.shield(placing)

    def begin(self, call: Call, incoming: IncomingCall | None = None) -> LiveCall:
        """Bring a call just stored to life; `incoming` is the telephone, if it was one that called."""
        self.refuse_when_stopping()
        live = (RelayCall if call.kind == RELAY else LiveCall)(call, self._services)
        self._live[call.id] = live
        live.begin(incoming)
        self._tasks.spawn(self._forget_when_closed(live), call.uid)
        return live

    def present(self, call_id: int) -> LiveCall | None:
        """The live object if there is one."""
        return self._live.get(call_id)

    async def keep_alive(self) -> None:
        """Until cancelled: say in the database which calls go on, and end those whose process is gone."""
        while True:
            try:
                if self._live:
                    await self._services.store.touch(list(self._live))
                await self.recover(all_of_them=False)
            except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next time may succeed
                _log.warning("the calls could not be kept alive", exc_info=failure)
            await self._services.clock.sleep(TOUCH_EVERY_S)

    async def recover(self, *, all_of_them: bool) -> list[Call]:
        """End, as errors, calls that a process left open; `all_of_them` when no process serves any call now."""
        recovered = []
        for call in await self._services.store.abandoned(all_of_them=all_of_them):
            if call.id in self._live:
                continue
            try:
                end = Happening(Step.ENDED, Outcome.ERROR, "server_restarted")
                recovered.append(await self._services.store.apply(call.id, end))
                await self._services.store.note(call.id, SETTLED, {})
            except IllegalTransition:  # another process was faster
                continue
        return recovered

    async def close(self) -> None:
        """Take no more calls, and end those there are."""
        self._stopping = True
        await asyncio.gather(*self._placing, return_exceptions=True)
        await asyncio.gather(*(live.close() for live in tuple(self._live.values())))
        await self._tasks.close()
        self._live.clear()

    async def _forget_when_closed(self, live: LiveCall) -> None:
        await live.closed.wait()
        self._live.pop(live.id, None)
        await live.close()
