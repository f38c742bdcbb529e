"""Who is on a call: role, side, and how each of them fares; what the others are shown of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from server.media.leg import Role


class Side(StrEnum):
    """The two channels of a recording: the customer's on the left, ours on the right."""

    CUSTOMER = "customer"
    OURS = "ours"


def side_of(role: Role, kind: str) -> Side:
    """Whose side a role speaks on in a call of this kind: who is rung by a relay belongs to the project."""
    customers = (Role.CALLER,) if kind == "relay" else (Role.CALLER, Role.CALLEE)
    return Side.CUSTOMER if role in customers else Side.OURS


class Presence(StrEnum):
    INVITED = "invited"
    RINGING = "ringing"
    JOINED = "joined"
    AWAY = "away"  # its connection is gone, and it may come back
    LEFT = "left"


@dataclass(eq=False)
class Participant:
    """One of them. `number` is E.164 and only telephones have one."""

    uid: str
    role: Role
    side: Side
    transport: str  # phone, browser or agent
    number: str | None = None
    name: str | None = None
    presence: Presence = Presence.INVITED
    muted: bool = False
    held: bool = False
    may_be_kept: bool = True  # recorded and transcribed

    @property
    def is_present(self) -> bool:
        return self.presence is not Presence.LEFT

    def body(self, viewer: str | None) -> dict[str, Any]:
        """As the softphone protocol shows it to the participant `viewer`."""
        return {
            "id": self.uid,
            "role": self.role.value,
            "side": self.side.value,
            "label": self.name or self.number or self.role.value,
            "state": self.presence.value,
            "muted": self.muted,
            "held": self.held,
            "is_you": self.uid == viewer,
        }
