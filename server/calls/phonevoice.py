"""A call in the words of the Phonevoice API: its status, and the `data` of its webhooks (P-093)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from server.calls.cost import PER_MINUTE
from server.calls.store import Call

TRANSCRIPTION_MAX = 64 * 1024
_STATUS = {
    "created": "initiated",
    "waiting_agent": "initiated",
    "dialing": "initiated",
    "ringing": "ringing",
    "in_progress": "in-progress",
    "transferring": "in-progress",
    "no_answer": "no-answer",
}
_ANALYSIS = ("summary", "status", "interest_level")


def status_of(call: Call) -> str:
    """The Phonevoice word for where a call stands."""
    word = call.position.outcome.value if call.position.outcome else call.position.state.value
    return _STATUS.get(word, word)


def stands_for(status: str) -> list[str]:
    """The states and outcomes that a Phonevoice word means."""
    return [word for word, said in _STATUS.items() if said == status] or [status]


@dataclass(frozen=True)
class Artefacts:
    """What a call has left behind so far. None: not there, or not yet."""

    recording_url: str | None = field(default=None, repr=False)
    transcription: str | None = field(default=None, repr=False)
    transcription_url: str | None = field(default=None, repr=False)  # where all of it is, with a project token
    analysis: Mapping[str, Any] | None = field(default=None, repr=False)


def call_data(call: Call, artefacts: Artefacts) -> dict[str, Any]:
    """The `data` of a phone_call event. In a relay call `to` is where it was forwarded to (P-094)."""
    analysis = artefacts.analysis
    return {
        "id": call.id,
        "status": status_of(call),
        "duration": call.duration_s,
        "cost": float(PER_MINUTE.of(call.duration_s)) if call.livemode else 0.0,
        "direction": call.direction,
        "from": call.from_number,
        "to": call.to_number,
        "relay_number": call.relay_number,
        "recording_url": artefacts.recording_url,
        **_transcription(artefacts),
        "analysis": None if analysis is None else {name: analysis.get(name) for name in _ANALYSIS},
        **({} if call.livemode else {"livemode": False}),
    }


def _transcription(artefacts: Artefacts) -> dict[str, Any]:
    """A transcript beyond TRANSCRIPTION_MAX is named by its address only."""
    text = artefacts.transcription
    if text is None or len(text.encode()) <= TRANSCRIPTION_MAX:
        return {"transcription": text}
    return {"transcription": None, "transcription_url": artefacts.transcription_url, "truncated": True}
