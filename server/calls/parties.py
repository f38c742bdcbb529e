"""Who is on one call, by telephone, page or agent: admitted, heard, let go; and what their pages are shown."""

import asyncio

from server.calls.call_services import CallServices
from server.calls.ledger import Ledger
from server.calls.messages import Outgoing
from server.calls.notice import RecordingNotice
from server.calls.participants import Participant, Presence, Side, side_of
from server.calls.phone import PhoneCallbacks, PhoneLine
from server.calls.room import VOICELESS
from server.calls.scene import CallScene, call_body
from server.calls.softphone import SoftphoneCallbacks, SoftphoneLine
from server.kit.ids import new_uid
from server.kit.tasks import TaskScope
from server.media.frame import Frame
from server.media.leg import Leg, Role
from server.media.opus import SharedEncoder


class CallParties:
    """Of one call. What follows from what telephones and pages tell is not decided here."""

    def __init__(
        self,
        ledger: Ledger,
        scene: CallScene,
        notice: RecordingNotice,
        services: CallServices,
        tasks: TaskScope,
        phone_tell: PhoneCallbacks,
        softphone_tell: SoftphoneCallbacks,
    ) -> None:
        self._ledger = ledger
        self._scene = scene
        self._notice = notice
        self._services = services
        self._tasks = tasks
        self._phone_tell = phone_tell
        self._softphone_tell = softphone_tell
        self._phones: list[PhoneLine] = []
        self._softphones: dict[str, SoftphoneLine] = {}
        self._encoder = SharedEncoder()

    def add_telephone(self, role: Role, number: str, name: str | None = None, uid: str | None = None) -> PhoneLine:
        """One that nobody has dialled yet. Raises Conflict `call_full`."""
        one = self._admit(Participant(uid or new_uid("leg"), role, self._side_of(role), "phone", number, name))
        line = PhoneLine(one, self._services.driver_of(self._ledger.call), self._phone_tell, self._tasks)
        self._phones.append(line)
        return line

    def add_softphone(self, grant_uid: str, role: Role) -> SoftphoneLine:
        """That of a grant, not connected yet. Raises Conflict `call_full`."""
        one = self._admit(Participant(new_uid("leg"), role, self._side_of(role), "browser"))
        encoder = self._encoder if role in VOICELESS else None  # they all hear the same
        services = self._services
        line = SoftphoneLine(one, services.network, services.clock, self._softphone_tell, self._tasks, encoder)
        self._softphones[grant_uid] = line
        return line

    def add_agent(self, leg: Leg) -> None:
        """An AI agent, which is there at once. Raises Conflict `call_full`."""
        self.joined(self._admit(Participant(leg.id, Role.AI, self._side_of(Role.AI), "agent")), leg)

    def softphone(self, grant_uid: str) -> SoftphoneLine | None:
        """The softphone of that grant, once it was connected."""
        return self._softphones.get(grant_uid)

    def softphone_of(self, participant_uid: str | None) -> SoftphoneLine | None:
        return next((one for one in self._softphones.values() if one.participant.uid == participant_uid), None)

    def joined(self, participant: Participant, leg: Leg) -> None:
        """Hears and is heard from now on."""
        participant.presence = Presence.JOINED
        self._scene.seat(participant, leg)
        self._ledger.joined(participant)
        self._notice.joined()
        self.show()

    def away(self, participant: Participant) -> None:
        """Its connection is gone, and it may come back."""
        self._scene.unseat(participant)
        self.show()

    def let_go(self, participant: Participant, reason: str) -> None:
        self._scene.unseat(participant)
        participant.presence = Presence.LEFT
        self._ledger.left(participant, reason)

    def heard(self, participant: Participant, frame: Frame) -> None:
        """A frame of `participant`, whether or not the others hear it."""
        if line := self.softphone_of(participant.uid):
            line.heard(frame)

    def body(self, viewer: str | None = None) -> Outgoing:
        """The call as pages see it; `viewer` is the participant that looks."""
        call, services = self._ledger.call, self._services
        return call_body(call, self._scene, services.keepsakes.states(call), viewer, services.clock.now())

    def show(self) -> None:
        """The call as it is now, to every page."""
        for line in self._softphones.values():
            self.show_to(line)

    def show_to(self, line: SoftphoneLine) -> None:
        line.send({"type": "call", "call": self.body(line.participant.uid)})

    def show_levels(self, levels: dict[str, int]) -> None:
        self.broadcast({"type": "levels", "levels": levels}, droppable=True)

    def broadcast(self, message: Outgoing, *, droppable: bool = False) -> None:
        for line in self._softphones.values():
            line.send(message, droppable)

    async def hang_up(self) -> None:
        """Every telephone. Idempotent."""
        await asyncio.gather(*(line.hang_up() for line in self._phones), return_exceptions=True)

    async def close(self) -> None:
        """Every softphone, after its last words. Idempotent."""
        await asyncio.gather(*(line.close() for line in self._softphones.values()), return_exceptions=True)

    def _side_of(self, role: Role) -> Side:
        return side_of(role, self._ledger.call.kind)

    def _admit(self, participant: Participant) -> Participant:
        self._ledger.invite(self._scene.admit(self._notice.meet(participant)))
        return participant
