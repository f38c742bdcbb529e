"""The sound of one call: who is in the room, who is held or muted, what is played to whom, what is captured."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from server.calls.capture import Capture
from server.calls.participants import Participant, Side
from server.calls.room import Room
from server.calls.room_clock import RoomClock
from server.calls.store import Call
from server.kit.errors import Conflict
from server.media.frame import Frame
from server.media.leg import Leg
from server.media.levels import rms_dbfs
from server.media.tones import LoopLeg, OnceLeg, looped, music, ringback

PARTICIPANTS_MAX = 16
LEVELS_EVERY_TICKS = 10
QUIETEST_DBFS = -60.0  # shown as 0

OnLevels = Callable[[dict[str, int]], None]
OnSound = Callable[[Participant, Frame], None]


class CallScene:
    """Participants and the room they hear each other in. Knows nothing of states, carriers or pages."""

    def __init__(self, clock: RoomClock, on_levels: OnLevels, on_sound: OnSound) -> None:
        """`clock` ticks the room from now on.

        `on_levels` gets 0 to 100 by participant, five times a second; `on_sound` every frame somebody is heard with.
        """
        self._on_levels = on_levels
        self._on_sound = on_sound
        self._room = Room(held_hear=looped(music()))
        self._room.add_tap(self._tick)
        self._ringback: Leg | None = None
        self._ticks = 0
        self.participants: dict[str, Participant] = {}
        self.capture: Capture | None = None
        self.is_held = False
        clock.join(self._room)

    def admit(self, participant: Participant) -> Participant:
        """Count `participant` in; its sound comes with seat(). Raises Conflict `call_full`."""
        if sum(one.is_present for one in self.participants.values()) >= PARTICIPANTS_MAX:
            raise Conflict("call_full", "No more participants fit into this call.")
        self.participants[participant.uid] = participant
        return participant

    def seat(self, participant: Participant, leg: Leg) -> None:
        """Let `participant` hear and be heard through `leg`, as muted and held as it was before."""
        self._room.remove(leg.id)
        self._room.add(leg)
        self._room.mute(leg.id, participant.muted)
        self._room.hold(leg.id, participant.held)
        if self.capture is not None and participant.may_be_kept:
            self.capture.add(participant)

    def keep(self, participant: Participant) -> None:
        """What `participant` says may be captured from now on."""
        participant.may_be_kept = True
        if self.capture is not None:
            self.capture.add(participant)

    def unseat(self, participant: Participant) -> None:
        self._room.remove(participant.uid)

    def mute(self, participant: Participant, on: bool) -> None:
        participant.muted = on
        if self._room.has(participant.uid):
            self._room.mute(participant.uid, on)

    def hold(self, on: bool) -> None:
        """The customer's side hears music and is not heard."""
        self.is_held = on
        for participant in self.on_side(Side.CUSTOMER):
            participant.held = on
            if self._room.has(participant.uid):
                self._room.hold(participant.uid, on)

    def ring(self, on: bool) -> None:
        """Whoever waits hears that the other side rings."""
        if on and self._ringback is None:
            self._ringback = LoopLeg("ringback", ringback())
            self._room.add(self._ringback)
        elif not on and self._ringback is not None:
            self._room.remove(self._ringback.id)
            self._ringback = None

    def play(self, frames: Sequence[Frame], done: Callable[[], None]) -> None:
        """Let everybody hear `frames` once; `done` is called after the last. They begin again after who was held."""

        def played() -> None:
            self._room.remove(leg.id)
            done()

        leg = OnceLeg("announcement", frames, played, lambda: self.is_held)
        self._room.add(leg)

    def begin_capture(self, capture: Capture) -> None:
        """From the next tick on, of those of whom anything may be kept."""
        for participant in self.participants.values():
            if participant.may_be_kept:
                capture.add(participant)
        self.capture = capture

    def on_side(self, side: Side) -> list[Participant]:
        return [one for one in self.participants.values() if one.side is side and one.is_present]

    async def close(self) -> None:
        await self._room.close()

    def _tick(self, spoken: Mapping[str, Frame]) -> None:
        self._ticks += 1
        for uid, frame in spoken.items():
            if participant := self.participants.get(uid):
                self._on_sound(participant, frame)
        if self.capture is not None:
            self.capture.tick(spoken)
        if self._ticks % LEVELS_EVERY_TICKS == 0:
            self._on_levels({uid: level(frame) for uid, frame in spoken.items()})


def level(frame: Frame) -> int:
    """0 for silence to 100 for full scale, even steps to the ear."""
    return max(0, min(100, round(100 * (1 - rms_dbfs(frame) / QUIETEST_DBFS))))


def call_body(
    call: Call, scene: "CallScene | None", extras: Mapping[str, Any], viewer: str | None, now: datetime
) -> dict[str, Any]:
    """The call as the softphone protocol shows it to the participant `viewer`."""
    end = call.ended_at or now
    talked_s = (end - call.answered_at).total_seconds() if call.answered_at else 0.0
    return {
        "id": call.id,
        "uid": call.uid,
        "kind": call.kind,
        "direction": call.direction,
        "mode": call.mode,
        "state": call.position.state.value,
        "outcome": call.position.outcome.value if call.position.outcome else None,
        "reason": call.position.reason,
        "from": call.from_number,
        "to": call.to_number,
        "name": call.context.get("name"),
        "external_id": call.context.get("external_id"),
        "created_at": _text(call.created_at),
        "answered_at": _text(call.answered_at),
        "ended_at": _text(call.ended_at),
        "duration_s": max(0, math.floor(talked_s)),
        "held": scene.is_held if scene else False,
        "participants": [one.body(viewer) for one in scene.participants.values()] if scene else [],
        "recording_consent": call.consent_state,
        "wrap_up": call.wrap_up,
    } | dict(extras)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
