"""The virtual network as a TelephonyDriver: dials handsets and magic numbers, and takes calls that handsets place."""

import asyncio
from collections.abc import Mapping

from server.kit.clock import Clock
from server.kit.errors import Unavailable
from server.kit.ids import new_uid
from server.kit.tasks import TaskScope
from server.media.leg import Role
from server.telephony.port import CallEnd, IncomingCall, OnIncoming, OnPhoneEvent, OnText, PhoneLeg
from server.telephony.providers.virtual.exchange import Subscriber, VirtualExchange
from server.telephony.providers.virtual.line import Party, VirtualLine
from server.telephony.providers.virtual.through import put_through

LINES_MAX = 1_000
RINGS_FOR_S = 60.0  # a telephone that another one calls


class VirtualDriver:
    """Implements TelephonyDriver over a VirtualExchange. `magic` are the numbers that answer by themselves."""

    def __init__(
        self,
        exchange: VirtualExchange,
        magic: Mapping[str, Subscriber],
        clock: Clock,
        others: Subscriber | None = None,
    ) -> None:
        """`others` answers at every number that nobody has; without it these cannot be reached."""
        self._exchange = exchange
        self._magic = magic
        self._others = others
        self._clock = clock
        self._tasks = TaskScope("virtual network")
        self._lines: set[VirtualLine] = set()
        self._take_incoming: OnIncoming | None = None
        self._take_text: OnText | None = None
        self._stopping = False

    @property
    def name(self) -> str:
        return "virtual"

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def stop(self, drain_s: float) -> None:
        self._stopping = True
        lines = tuple(self._lines)
        if lines and drain_s > 0:
            waiting = [asyncio.create_task(line.over.wait()) for line in lines]
            _, unfinished = await asyncio.wait(waiting, timeout=drain_s)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
        await asyncio.gather(*(line.hangup() for line in lines))
        await self._tasks.close()
        self._lines.clear()

    async def dial(
        self,
        to: str,
        caller_id: str | None,
        *,
        leg_id: str,
        role: Role,
        ring_timeout_s: float,
        on_event: OnPhoneEvent,
    ) -> PhoneLeg:
        line = self._line(leg_id, role, to)
        line.listen(on_event)
        subscriber = self._subscriber(to)
        if subscriber is None:
            await line.ends(CallEnd.UNREACHABLE, "no telephone has this number")
        else:
            line.end_with(self._tasks.spawn(self._give_up(line, ring_timeout_s), f"ring {leg_id}"))
            subscriber.ring(line, caller_id)
        return line

    def on_incoming(self, callback: OnIncoming) -> None:
        self._take_incoming = callback

    def on_text(self, callback: OnText) -> None:
        """Who takes short messages that come in; without anybody they are refused."""
        self._take_text = callback

    async def text_in(self, from_number: str, to: str, text: str) -> None:
        """A handset sends a short message to one of our numbers. Raises AppError when it is not delivered."""
        if self._take_text is None:
            raise Unavailable("telephony_unavailable", "Nobody takes short messages.")
        await self._take_text(from_number, to, text)

    def call_in(self, from_number: str, to: str, party: Party) -> VirtualLine:
        """A handset dials one of our numbers, or another telephone; `party` is told by `leave` when it is over.

        The returned line is our end: the handset ends it by `ends`. Raises Unavailable `server_stopping`.
        """
        line = self._line(new_uid("leg"), Role.CALLER, from_number)
        line.calls_in(party)
        subscriber = self._subscriber(to)
        if subscriber is not None:
            called = self._line(new_uid("leg"), Role.CALLEE, to)
            put_through(line, called, self._clock, self._tasks)
            called.end_with(self._tasks.spawn(self._give_up(called, RINGS_FOR_S), f"ring {called.id}"))
            subscriber.ring(called, from_number)
        elif self._take_incoming is None:
            self._tasks.spawn(line.reject(CallEnd.UNREACHABLE), "nobody takes calls")
        else:
            self._take_incoming(IncomingCall(line, to, from_number, line.listen))
        return line

    def _subscriber(self, number: str) -> Subscriber | None:
        return self._magic.get(number) or self._exchange.find(number) or self._others

    def _line(self, leg_id: str, role: Role, number: str) -> VirtualLine:
        if self._stopping:
            raise Unavailable("server_stopping", "The server is restarting. Try again in a moment.")
        if len(self._lines) >= LINES_MAX:
            raise Unavailable("telephony_unavailable", "Every line is taken right now.")
        line = VirtualLine(leg_id, role, number)
        self._lines.add(line)
        self._tasks.spawn(self._forget_when_over(line), f"line {leg_id}")
        return line

    async def _forget_when_over(self, line: VirtualLine) -> None:
        await line.over.wait()
        self._lines.discard(line)

    async def _give_up(self, line: VirtualLine, ring_timeout_s: float) -> None:
        await self._clock.sleep(ring_timeout_s)
        if not line.is_answered:
            await line.unanswered()
