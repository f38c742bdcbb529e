"""What becomes of a call when nobody talks any more: its words are judged, once, and the verdict is logged."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from server.analysis import Analyser, Said, Talk
from server.calls.orders import RELAY
from server.calls.store import CallEvent, CallStore
from server.media.leg import Role
from server.transcripts import Segment

SETTLED = "call.settled"
ANALYSED = "analysis.ready"
_CUSTOMERS = frozenset({Role.CALLER, Role.CALLEE})
_CALLERS = frozenset({Role.CALLER})  # who is called by way of a relay is ours


class Aftermath:
    """Acts on settled calls: everything that was said is stored by then."""

    def __init__(
        self, store: CallStore, segments: Callable[[int], Awaitable[list[Segment]]], analyser: Analyser
    ) -> None:
        self._store = store
        self._segments = segments
        self._analyser = analyser

    async def settled(self, event: CallEvent) -> None:
        """Analyse the call if it asked for it. Acting twice on one event analyses once."""
        call = await self._store.by_id(event.call_id)
        if not call.is_analysed or await self.analysis(call.id) is not None:
            return
        customers = _CALLERS if call.kind == RELAY else _CUSTOMERS
        said = [Said(one.role in customers, one.text) for one in await self._segments(call.id)]
        analysis = await self._analyser.analyse(Talk(call.language, call.duration_s, said))
        await self._store.note(call.id, ANALYSED, analysis.body())

    async def analysis(self, call_id: int) -> dict[str, Any] | None:
        """The verdict on a call, if there is one."""
        return verdict(await self._store.events(call_id, of_type=ANALYSED))


def verdict(events: Sequence[CallEvent]) -> dict[str, Any] | None:
    """What the first ANALYSED among `events` says: a call is judged once."""
    return next((dict(event.payload) for event in events if event.type == ANALYSED), None)
