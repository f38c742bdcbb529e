"""Where one live call stands, and what happens to it, written down in the order in which it happened."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.calls.participants import Participant
from server.calls.state import CallState, Happening, IllegalTransition, Step, advance
from server.calls.store import Call, CallStore, Consent
from server.calls.stored import decided
from server.kit.clock import Clock
from server.kit.log import logger
from server.storage import is_away

_log = logger(__name__)

ENTRIES_MAX = 1_024
LAST_ENTRIES_MAX = 128  # beside them: the end, and what comes of it
FLUSH_TIMEOUT_S = 10.0
AWAY_TIMEOUT_S = 60.0  # how long a call that is over waits for a database that is away
RETRIES_S = (0.2, 1.0, 5.0)  # between tries; the last one again and again while the database is away


@dataclass(frozen=True)
class _Entry:
    what: str
    write: Callable[[], Awaitable[object]]
    written: Callable[[], None] | None


class Ledger:
    """One ordered queue; `run()` is its single consumer. The state moves at once, what is told waits for the commit."""

    def __init__(self, call: Call, store: CallStore, clock: Clock, on_full: Callable[[], None]) -> None:
        """`on_full`: so much is waiting that the call has to end."""
        self._call = call
        self._store = store
        self._clock = clock
        self._on_full = on_full
        self._entries: asyncio.Queue[_Entry] = asyncio.Queue(ENTRIES_MAX + LAST_ENTRIES_MAX)

    @property
    def call(self) -> Call:
        """The call as it stands."""
        return self._call

    @property
    def state(self) -> CallState:
        return self._call.position.state

    def happen(self, happening: Happening, written: Callable[[], None]) -> None:
        """Move the call on. Raises IllegalTransition, and then nothing has happened."""
        position = advance(self._call.position, happening)
        now = self._clock.now()
        self._call = replace(
            self._call,
            position=position,
            answered_at=now if happening.step is Step.ANSWERED else self._call.answered_at,
            ended_at=now if happening.step is Step.ENDED else self._call.ended_at,
        )
        self.add(happening.step.value, lambda: self._store.apply(self._call.id, happening, at=now), written)

    def decide(self, consent: Consent, record: Mapping[str, Any], written: Callable[[], None]) -> None:
        """Whether the call may be kept."""
        self._call = decided(self._call, consent)
        self.add("consent", lambda: self._store.decide(self._call.id, consent, record), written)

    def invite(self, one: Participant) -> None:
        invited = (one.uid, one.role.value, one.transport, one.number)
        self.add("invite", lambda: self._store.invite_leg(self._call.id, *invited))

    def joined(self, one: Participant) -> None:
        self.add("joined", lambda: self._store.leg_joined(self._call.id, one.uid))

    def left(self, one: Participant, reason: str) -> None:
        self.add("left", lambda: self._store.leg_left(self._call.id, one.uid, reason))

    def note(self, event_type: str, payload: Mapping[str, Any]) -> None:
        self.add(event_type, lambda: self._store.note(self._call.id, event_type, payload))

    def add(self, what: str, write: Callable[[], Awaitable[object]], written: Callable[[], None] | None = None) -> None:
        """Write later, in order; `written` is called when it is committed. Never blocks."""
        is_full = self._entries.full() if self.state is CallState.ENDED else self._entries.qsize() >= ENTRIES_MAX
        if is_full:
            _log.error("a call's ledger is full", call=self._call.uid, entry=what)
            self._on_full()
        else:
            self._entries.put_nowait(_Entry(what, write, written))

    async def run(self) -> None:
        """Consume until cancelled. What the database refuses after a few tries is logged and left out."""
        while True:
            entry = await self._entries.get()
            if await self._write(entry) and entry.written is not None:
                entry.written()

    async def flush(self, timeout_s: float = FLUSH_TIMEOUT_S) -> None:
        """Wait until everything added so far is written; gives up after `timeout_s`."""
        reached = asyncio.Event()

        async def nothing() -> None:
            return

        self.add("mark", nothing, reached.set)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await reached.wait()

    async def _write(self, entry: _Entry) -> bool:
        tries = 0
        while True:
            try:
                await entry.write()
            except IllegalTransition as refused:
                if tries:  # the try before was committed, and only its answer was lost
                    return True
                _log.error("a call's ledger was refused", call=self._call.uid, entry=entry.what, exc_info=refused)
                return False
            except Exception as failure:  # noqa: BLE001  # whatever a database raises
                _log.error("a call's ledger could not write", call=self._call.uid, entry=entry.what, exc_info=failure)
                if tries >= len(RETRIES_S) and not is_away(failure):
                    return False
            else:
                return True
            await self._clock.sleep(RETRIES_S[min(tries, len(RETRIES_S) - 1)])
            tries += 1
