"""A call that came to a relay number: the number it forwards to rings, and both talk as if nobody were between them."""

from server.calls.announcements import number_is_paused
from server.calls.call import LiveCall
from server.calls.call_services import CallServices
from server.calls.orders import PAUSED
from server.calls.phone import END_OUTCOMES, PhoneLine
from server.calls.state import Happening, Outcome, Step
from server.calls.store import Call
from server.media.leg import Role
from server.telephony.port import CallEnd, IncomingCall

_SAID_TO_CALLER = frozenset({CallEnd.BUSY, CallEnd.DECLINED, CallEnd.NO_ANSWER, CallEnd.UNREACHABLE})


class RelayCall(LiveCall):
    """The caller hears their own network ring until somebody answers, and is told what happened if nobody does."""

    def __init__(self, call: Call, services: CallServices) -> None:
        super().__init__(call, services)
        self._callee: PhoneLine | None = None

    def begin(self, incoming: IncomingCall | None = None) -> None:
        assert incoming is not None, "relays are called, they do not call"
        self._tasks.spawn(self._ledger.run(), "ledger")
        self._happen(Happening(Step.RANG))
        caller = self._customer = self._parties.add_telephone(Role.CALLER, incoming.leg.number, uid=incoming.leg.id)
        caller.receive(incoming)
        if self.call.mode == PAUSED:
            caller.pick_up()
            return
        self._notice.prepare()
        self._callee = self._parties.add_telephone(Role.CALLEE, self.call.to_number)
        self._callee.dial(self.call.our_number)

    def _phone_answered(self, line: PhoneLine) -> None:
        if self.call.mode == PAUSED:
            self._tasks.spawn(self._say_paused(line), "say that it is paused")
        elif line is self._callee and line.leg is not None and self._customer is not None:
            self._parties.joined(line.participant, line.leg)
            self._customer.pick_up()
        else:
            super()._phone_answered(line)

    def _phone_ended(self, line: PhoneLine, end: CallEnd) -> None:
        caller = self._customer
        if line is not self._callee or self.ended.is_set() or caller is None:
            super()._phone_ended(line, end)
            return
        self._parties.let_go(line.participant, end.value)
        if caller.was_answered:
            self.hang_up("callee_hung_up" if end is CallEnd.REMOTE_HANGUP else end.value)
        else:
            caller.refuse(end if end in _SAID_TO_CALLER else CallEnd.FAILED)
            self.end(END_OUTCOMES[end], end.value)
        self._show()

    def _phone_digit(self, line: PhoneLine, digit: str) -> None:
        """Keys are for the other side, as on any line, unless they answer what we asked."""
        is_answer = self._notice.awaits(line.participant)
        super()._phone_digit(line, digit)
        other = self._callee if line is self._customer else self._customer
        if other is not None and other is not line and not is_answer:
            self._tasks.spawn(other.send_digits(digit), "dtmf")

    async def _say_paused(self, line: PhoneLine) -> None:
        """Nobody talks in such a call: it ends as canceled, and costs nothing."""
        frames = await number_is_paused(self.call.language, self._services.say)
        if self.ended.is_set() or line.leg is None:
            return
        self._scene.seat(line.participant, line.leg)
        self._scene.play(frames, lambda: self.end(Outcome.CANCELED, "relay_paused"))
