"""A call's events as subscribers of the cable are told them (P-103, P-104), and nothing else of them."""

from collections.abc import Mapping
from typing import Any

from server.calls.aftermath import ANALYSED, SETTLED
from server.calls.keepsakes import WORDS
from server.calls.participants import Side
from server.calls.state import Step
from server.calls.store import Call, CallEvent

OURS = frozenset({"ai", "agent", "talk"})  # everybody else is the `user`
_ENDED = f"call.{Step.ENDED.value}"
_STATUS = {
    f"call.{Step.RANG.value}": "ringing",
    f"call.{Step.ANSWERED.value}": "in-progress",
    f"call.{Step.TRANSFERRED.value}": "transferred",
}
_OUTCOMES = {"no_answer": "no-answer"}
_LEGS = {"leg.joined": "participant_joined", "leg.left": "participant_left"}


def is_status(event: CallEvent) -> bool:
    return event.type in _STATUS or event.type == _ENDED


def is_end(event: CallEvent) -> bool:
    return event.type == _ENDED


def message(event: CallEvent, call: Call) -> dict[str, Any] | None:
    """None for what subscribers are not told."""
    if event.type == SETTLED and not call.is_recorded:
        return None
    told = _told(event.type, event.payload)
    return None if told is None else {**told, "seq": event.seq}


def _told(kind: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    if kind == WORDS:
        role = "agent" if payload["role"] in OURS or payload.get("side") == Side.OURS else "user"
        times = {"started_at": payload["t0_ms"] / 1_000, "ended_at": payload["t1_ms"] / 1_000}
        return {"type": "transcript", "role": role, "content": payload["text"], "final": True, **times}
    if kind in _STATUS:
        return {"type": "status_changed", "status": _STATUS[kind]}
    if kind == _ENDED:
        outcome = str(payload.get("outcome"))
        return {"type": "status_changed", "status": _OUTCOMES.get(outcome, outcome)}
    if kind in _LEGS:
        return {"type": _LEGS[kind], "role": payload["role"]}
    if kind == SETTLED:
        return {"type": "recording_ready"}
    if kind == ANALYSED:
        return {"type": "analysis", **{name: payload.get(name) for name in ("summary", "status", "interest_level")}}
    return None
