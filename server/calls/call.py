"""One live call: its participants, its state, its plot; one owner, one end, one close()."""

import asyncio

from server.calls.absence import patience
from server.calls.aftermath import SETTLED
from server.calls.call_services import AiVoice, CallServices
from server.calls.ledger import AWAY_TIMEOUT_S, Ledger
from server.calls.messages import Outgoing
from server.calls.notice import RecordingNotice
from server.calls.participants import Participant
from server.calls.parties import CallParties
from server.calls.phone import END_OUTCOMES, PhoneCallbacks, PhoneLine
from server.calls.scene import CallScene
from server.calls.softphone import SoftphoneCallbacks, SoftphoneLine
from server.calls.softphone_control import Command, HangUp, Hello, Hold, Keys, Leave, Mute, Ping, Record, Transfer
from server.calls.spoken_words import SpokenWords
from server.calls.state import CallState, Happening, IllegalTransition, Outcome, Step, advance, hung_up, require_talk
from server.calls.store import Call
from server.kit.errors import AppError, Conflict, Gone
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Role
from server.telephony.numbers import normalise
from server.telephony.port import CallEnd, IncomingCall

_log = logger(__name__)

AGENT_WAIT_S = 300.0  # as long as the link to the softphone lives
FINISH_TIMEOUT_S = 30.0


class LiveCall:
    """Made from a stored call; `begin()` starts its plot. `end()` happens once, whoever asks for it."""

    def __init__(self, call: Call, services: CallServices) -> None:
        self.id, self.ended, self.closed = call.id, asyncio.Event(), asyncio.Event()
        self._services, self._clock = services, services.clock
        self._tasks = TaskScope(call.uid)
        self._ledger = Ledger(call, services.store, services.clock, lambda: self.end(Outcome.ERROR, "overloaded"))
        self._scene = CallScene(services.room_clock, self._show_levels, self._sounded)
        self._notice = RecordingNotice(self._ledger, self._scene, services, self._tasks, self._show)
        self._ai: AiVoice | None = None
        self._customer: PhoneLine | None = None
        self._transfer: PhoneLine | None = None
        self._agent_uid: str | None = None  # our side's participant that controls the call
        phones = PhoneCallbacks(
            self.ended.is_set,
            self._phone_rings,
            self._phone_sounds,
            self._phone_answered,
            self._phone_digit,
            self._phone_ended,
        )
        softphones = SoftphoneCallbacks(
            self._softphone_present, self._softphone_away, self._softphone_gone, self._command, self._patience
        )
        self._parties = CallParties(self._ledger, self._scene, self._notice, services, self._tasks, phones, softphones)
        self._words = SpokenWords(self._ledger, self._scene, services.keepsakes, self._parties.broadcast)

    @property
    def call(self) -> Call:
        return self._ledger.call

    @property
    def state(self) -> CallState:
        return self._ledger.state

    def begin(self, incoming: IncomingCall | None = None) -> None:
        """Answer who called, dial whoever comes first, or wait for the agent's softphone."""
        self._tasks.spawn(self._ledger.run(), "ledger")
        self._notice.prepare()
        if incoming is not None:
            self._happen(Happening(Step.RANG))
            self._customer = self._parties.add_telephone(Role.CALLER, incoming.leg.number, uid=incoming.leg.id)
            self._customer.receive(incoming)
            self._customer.pick_up()
        elif self.call.kind == "ai":
            self._dial_customer()
        elif self.call.mode == "phone":
            self._happen(Happening(Step.AGENT_AWAITED))
            line = self._parties.add_telephone(Role.AGENT, self.call.agent_number or "")
            self._agent_uid = line.participant.uid
            line.dial(self.call.our_number)
        else:
            self._happen(Happening(Step.AGENT_AWAITED))
            self._tasks.spawn(self._give_up_on_agent(), "wait for agent")

    def body_for(self, grant_uid: str | None) -> Outgoing:
        """The call as the softphone of that grant sees it."""
        line = self.softphone(grant_uid or "")
        return self._parties.body(line.participant.uid if line else None)

    async def connect(self, grant_uid: str, role: Role, offer: str) -> tuple[str, Outgoing]:
        """Answer the offer of a softphone: SDP answer, and the call as it sees it.

        Raises Gone `call_ended`, Conflict `agent_already_present` or `call_full`, and what an offer may.
        """
        self._refuse_when_over()
        line = self.softphone(grant_uid) or self._new_softphone(grant_uid, role)
        try:
            answer = await line.connect(offer)
        except Gone:
            self._refuse_when_over()
            raise
        self._refuse_when_over()
        return answer, self._parties.body(line.participant.uid)

    def softphone(self, grant_uid: str) -> SoftphoneLine | None:
        """The softphone of that grant, once it was connected."""
        return self._parties.softphone(grant_uid)

    def add_monitor(self, number: str) -> PhoneLine:
        """Ring a supervisor, who will hear and not be heard. `number` is E.164."""
        self._refuse_when_over()
        require_talk(self.state)
        line = self._parties.add_telephone(Role.MONITOR, number)
        line.dial(self.call.our_number)
        self._show()
        return line

    def hang_up(self, reason: str) -> None:
        """End the call for everybody. Idempotent."""
        self.end(hung_up(self.state, reason).outcome or Outcome.CANCELED, reason)

    def end(self, outcome: Outcome, reason: str) -> None:
        """Finish for good; what follows goes on in the background until `closed`."""
        if not self.ended.is_set():
            self.ended.set()
            self._happen(Happening(Step.ENDED, outcome, reason))
            self._notice.close()
            self._tasks.spawn(self._finish(), "finish")

    async def close(self) -> None:
        """End the call if it has not ended, and wait until nothing of it is left. Idempotent."""
        self.hang_up("server_stopped")
        await self.closed.wait()
        await self._tasks.close()

    # The plot: what follows from what.

    def _dial_customer(self) -> None:
        self._happen(Happening(Step.DIALED))
        self._customer = self._parties.add_telephone(Role.CALLEE, self.call.to_number, self.call.context.get("name"))
        self._customer.dial(self.call.our_number)

    def _phone_rings(self, line: PhoneLine) -> None:
        if line is self._customer:
            self._happen(Happening(Step.RANG))
            self._scene.ring(on=True)
        self._show()

    def _phone_sounds(self, line: PhoneLine) -> None:
        """Early media: a carrier's own ringing or announcement."""
        if line is self._customer and line.leg is not None:
            self._scene.ring(on=False)
            self._scene.seat(line.participant, line.leg)

    def _phone_answered(self, line: PhoneLine) -> None:
        if line.leg is None:
            return
        self._parties.joined(line.participant, line.leg)
        if line is self._customer:
            self._scene.ring(on=False)
            self._happen(Happening(Step.ANSWERED))
            self._tasks.spawn(self._begin_talk(line.participant), "begin talk")
        elif line is self._transfer:
            self._transferred()
        elif line.participant.role is Role.AGENT and self.state is CallState.WAITING_AGENT:
            self._dial_customer()

    async def _begin_talk(self, customer: Participant) -> None:
        """Recording and transcript, where they may be, and then the AI agent, if any."""
        await self._notice.begin_capture(customer, self._words.take)
        if self.call.kind == "ai" and not self.ended.is_set():
            ai = self._ai = await self._services.open_ai(
                self.call, customer.uid, self._words.take, lambda reason: self.hang_up(f"agent_{reason}")
            )
            if self.ended.is_set():
                return await ai.close()
            self._parties.add_agent(ai.leg)
            ai.start()
        self._show()

    def _phone_digit(self, line: PhoneLine, digit: str) -> None:
        self._ledger.note("call.digit", {"leg": line.participant.uid})
        self._parties.broadcast({"type": "dtmf", "digit": digit, "leg": line.participant.uid})
        self._notice.press(line.participant, digit)

    def _phone_ended(self, line: PhoneLine, end: CallEnd) -> None:
        self._parties.let_go(line.participant, end.value)
        if self.ended.is_set():
            return
        role = line.participant.role
        if line is self._customer and line.was_answered:
            self.hang_up(f"{role.value}_hung_up" if end is CallEnd.REMOTE_HANGUP else end.value)
        elif line is self._customer:
            self.end(END_OUTCOMES[end], end.value)
        elif line is self._transfer:
            self._transfer_ended(line)
        elif role is Role.AGENT and line.was_answered:
            self.hang_up("agent_hung_up")
        elif role is Role.AGENT:
            self.end(Outcome.CANCELED, f"agent_{end.value}")
        self._show()

    async def _give_up_on_agent(self) -> None:
        await self._clock.sleep(AGENT_WAIT_S)
        if self.state is CallState.WAITING_AGENT:
            self.end(Outcome.CANCELED, "agent_never_joined")

    def _sounded(self, participant: Participant, frame: Frame) -> None:
        """The client is dialled when the agent's sound is really there, not when its page says so."""
        if self.state is CallState.WAITING_AGENT and participant.uid == self._agent_uid:
            self._dial_customer()
        self._parties.heard(participant, frame)

    # Softphones and what they ask for.

    def _new_softphone(self, grant_uid: str, role: Role) -> SoftphoneLine:
        if role is Role.AGENT and self._agent_uid is not None:
            raise Conflict("agent_already_present", "Another softphone controls this call.")
        line = self._parties.add_softphone(grant_uid, role)
        if role is Role.AGENT:
            self._agent_uid = line.participant.uid
        return line

    def _patience(self) -> float:
        return patience(self.state, self._services.patience_s)

    def _softphone_present(self, line: SoftphoneLine) -> None:
        if line.leg is not None and not self.ended.is_set():
            self._parties.joined(line.participant, line.leg)

    def _softphone_away(self, line: SoftphoneLine) -> None:
        self._parties.away(line.participant)

    def _softphone_gone(self, line: SoftphoneLine, reason: str) -> None:
        self._parties.let_go(line.participant, reason)
        self._tasks.spawn(line.close(), f"close {line.participant.uid}")
        if line.participant.uid == self._agent_uid and self.state is not CallState.ENDED:
            self.hang_up("agent_left")
        self._show()

    def _command(self, line: SoftphoneLine, command: Command) -> None:
        """Do what a page asked for, which its role permits. Raises AppError."""
        match command:
            case Hello(since):
                self._tasks.spawn(self._greet(line, since), f"greet {line.participant.uid}")
            case Mute(on):
                self._scene.mute(line.participant, on)
                self._show()
            case Leave():
                line.leave()
            case Ping():
                line.send({"type": "pong"})
            case _:
                self._control(line, command)

    def _control(self, line: SoftphoneLine, command: Command) -> None:
        match command:
            case Hold(on):
                require_talk(self.state)
                self._scene.hold(on)
                self._ledger.note("call.held" if on else "call.resumed", {"leg": line.participant.uid})
                self._show()
            case Keys(digits):
                require_talk(self.state)
                if self._customer is not None:
                    self._tasks.spawn(self._customer.send_digits(digits), "dtmf")
            case Record(on):
                require_talk(self.state)
                self._tasks.spawn(self._record(on), "record")
            case Transfer(to):
                advance(self.call.position, Happening(Step.TRANSFER_BEGAN))
                self._tasks.spawn(self._begin_transfer(line, normalise(to)), "transfer")
            case HangUp():
                self.hang_up("agent_hung_up")

    async def _greet(self, line: SoftphoneLine, since: int) -> None:
        self._parties.show_to(line)
        for message in await self._services.keepsakes.words_since(self.id, since):
            line.send(message)

    async def _record(self, on: bool) -> None:
        if self._scene.capture is not None:
            await self._scene.capture.pause_recording(not on)
            self._ledger.note("recording.resumed" if on else "recording.paused", {})
            self._show()

    async def _begin_transfer(self, line: SoftphoneLine, number: str) -> None:
        try:
            await self._services.permit(self.call, number)
            advance(self.call.position, Happening(Step.TRANSFER_BEGAN))
            self._transfer = self._parties.add_telephone(Role.TALK, number)
        except AppError as refusal:
            return line.refuse(refusal)
        self._happen(Happening(Step.TRANSFER_BEGAN))
        self._transfer.dial(self.call.our_number)

    def _transferred(self) -> None:
        """The other number answered: the agent leaves, and the customer talks with whom it was transferred to."""
        if self.state is CallState.TRANSFERRING:
            self._scene.hold(on=False)
            self._happen(Happening(Step.TRANSFERRED))
        if line := self._parties.softphone_of(self._agent_uid):
            self._parties.let_go(line.participant, "transferred")
            self._tasks.spawn(line.close(transferred=True), "transferred")
        self._agent_uid = self._transfer.participant.uid if self._transfer else None

    def _transfer_ended(self, line: PhoneLine) -> None:
        self._transfer = None
        if line.was_answered:
            self.hang_up("agent_hung_up")
        elif self.state is CallState.TRANSFERRING:
            self._happen(Happening(Step.TRANSFER_FAILED))

    def _happen(self, happening: Happening) -> None:
        try:
            self._ledger.happen(happening, self._show)
        except IllegalTransition:
            self._services.count_refused()
            raise

    def _show(self) -> None:
        self._parties.show()

    def _show_levels(self, levels: dict[str, int]) -> None:
        self._parties.show_levels(levels)

    def _refuse_when_over(self) -> None:
        if self.ended.is_set():
            raise Gone("call_ended", "This call is over.")

    async def _finish(self) -> None:
        """Let everybody go, then write out what is pending. The others hear the end before anything slow."""
        try:
            async with asyncio.timeout(FINISH_TIMEOUT_S):
                await self._parties.hang_up()
                await self._scene.close()
                if self._ai is not None:
                    await self._ai.close()
                if self._scene.capture is not None:
                    await self._scene.capture.finish()
                self._ledger.note(SETTLED, {})
                await self._ledger.flush()
                self._show()
                await self._parties.close()
        except TimeoutError:
            _log.error("a call did not finish in time", call=self.call.uid)
        finally:
            await self._ledger.flush(AWAY_TIMEOUT_S)
            self._services.keepsakes.close(self.call)
            self.closed.set()
