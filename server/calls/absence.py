"""Whether a softphone's page is gone: what each sign of it proves, and how long it is waited for before it has left.

- The page says so, by a beacon or a control message: it is closed, left or reloaded. Waited for `RETURN_S`.
- Its socket ends: its computer, on a network that works, closed the TCP connection, because the tab was closed or
  crashed or the browser was killed. Or a proxy in between restarted; then the page is heard on. `RETURN_S`.
- Its peer connection is closed in due form (DTLS): the page was left or reloaded, unless its socket is open: then it
  connects anew. Chromium closes so when a page is left, and says nothing when a tab is closed. `RETURN_S`.
- A page that is loaded with the session of a softphone it was before is back, and will connect: once it may use the
  microphone, which some browsers ask about every time. Waited for with `patience`, whatever is still heard of the
  page before it.
- Silence proves nothing: a network that is lost says nothing, and may come back. Waited for with `patience`.

Whoever says that it leaves is believed, also when the silence began earlier.
"""

import asyncio
from collections.abc import Callable

from server.calls.state import CallState
from server.kit.clock import Clock
from server.kit.tasks import TaskScope

RETURN_S = 4.0  # a page that is reloaded goes and comes back
PATIENCE_S = 30.0  # as long as a page tries to connect anew
RINGING_PATIENCE_S = 10.0
STRAGGLERS_S = 1.0  # what was on its way when a browser died arrives within this


def patience(state: CallState, usual_s: float = PATIENCE_S) -> float:
    """Seconds that silence is waited out. Nobody should answer a call that nobody makes any more."""
    is_ringing = state in (CallState.DIALING, CallState.RINGING)
    return min(RINGING_PATIENCE_S, usual_s) if is_ringing else usual_s


class Attendance:
    """One open socket of a page. The page's next one takes its place."""

    def __init__(self, absence: "Absence") -> None:
        self._absence = absence
        self.is_replaced = False
        self.over = asyncio.Event()
        """Nobody wants this socket any more."""

    def ended(self) -> None:
        """The page closed it, or its computer did."""
        self._absence.socket_ended(self)

    def close(self) -> None:
        """It is closed from here, which proves nothing."""
        self._absence.socket_closed(self)


class Absence:
    """Owned by a softphone's line. `gone` is told the reason, once: `left`, `page_closed` or `connection_lost`."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        tasks: TaskScope,
        *,
        patience: Callable[[], float],
        heard_at: Callable[[], float],
        gone: Callable[[str], None],
    ) -> None:
        """`patience`: seconds that silence is waited out; `heard_at`: the monotonic time of the latest datagram."""
        self._name = name
        self._clock = clock
        self._tasks = tasks
        self._patience = patience
        self._heard_at = heard_at
        self._gone = gone
        self._waiting: asyncio.Task[None] | None = None
        self._reason = ""
        self._attendance: Attendance | None = None
        self._is_returning = False
        self._is_over = False

    def attend(self) -> Attendance:
        """The page opened a socket. Whatever ended before it, the page is there."""
        if self._attendance is not None:
            self._attendance.is_replaced = True
            self._attendance.over.set()
        self._attendance = Attendance(self)
        if self._is_over:
            self._attendance.over.set()
        elif self._waiting is not None and self._reason == "page_closed":
            self._wait(self._patience(), "connection_lost")
        return self._attendance

    def said(self) -> None:
        """The page says that it goes."""
        self._is_returning = False
        self._wait(RETURN_S, "left")

    def socket_ended(self, attendance: Attendance) -> None:
        if attendance is not self._attendance:
            return
        self._attendance = None
        if self._is_returning:
            self.silent()
        elif self._reason != "left":
            self._wait(RETURN_S, "page_closed", unless_heard_after=self._clock.monotonic() + STRAGGLERS_S)

    def socket_closed(self, attendance: Attendance) -> None:
        if attendance is self._attendance:
            self._attendance = None

    def peer_closed(self) -> None:
        """The page closed its peer connection in due form."""
        if self._attendance is not None or self._is_returning:
            self.silent()
        elif self._reason != "left":
            self._wait(RETURN_S, "page_closed")

    def silent(self) -> None:
        """Nothing comes any more. Who is already waited for is not waited for any longer."""
        if self._waiting is None:
            self._wait(self._patience(), "connection_lost")

    def returning(self) -> None:
        """The page was loaded anew, and will connect."""
        self._is_returning = True
        if self._waiting is not None:
            self._wait(self._patience(), "connection_lost")

    def back(self) -> None:
        """The page is connected, or is just being connected."""
        self._is_returning = False
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        self._reason = ""
        if waiting is not None and waiting is not asyncio.current_task():
            waiting.cancel()

    def close(self) -> None:
        """Wait for nobody any more. Idempotent."""
        self._is_over = True
        self.back()
        if self._attendance is not None:
            self._attendance.over.set()

    def _wait(self, limit_s: float, reason: str, unless_heard_after: float | None = None) -> None:
        self._stop_waiting()
        if not self._is_over:
            self._reason = reason
            task = self._give_up(limit_s, reason, unless_heard_after)
            self._waiting = self._tasks.spawn(task, f"absence/{self._name}")

    async def _give_up(self, limit_s: float, reason: str, unless_heard_after: float | None) -> None:
        await self._clock.sleep(limit_s)
        if unless_heard_after is not None and self._heard_at() > unless_heard_after:
            self.back()
            return
        self.close()
        self._gone(reason)
