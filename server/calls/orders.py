"""What a backend may order: a bridge between two people, or a call by an AI agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from server.kit.errors import FieldProblem, InvalidInput
from server.telephony.numbers import normalise

BRIDGE, AI = "bridge", "ai"
RELAY = "relay"  # nobody orders one: it comes in
BROWSER, PHONE = "browser", "phone"
PAUSED = "paused"  # the mode of a call to a relay number that forwards nothing at the moment


@dataclass(frozen=True)
class Order:
    """A call as asked for. Numbers as they came; None where nothing was said.

    `mode`, `agent_number` and `caller_id` are for bridges, `agent` (id, slug or uid) for AI calls.
    """

    kind: str
    to: str = field(repr=False)
    mode: str | None = None
    agent_number: str | None = field(default=None, repr=False)
    agent: str | None = None
    caller_id: str | None = field(default=None, repr=False)
    language: str | None = None
    recording: bool | None = None
    transcription: bool | None = None
    analysis: bool | None = None
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_recorded(self) -> bool:
        return self._wanted(self.recording)

    @property
    def is_transcribed(self) -> bool:
        return self._wanted(self.transcription) or self.is_analysed  # an analysis needs the words

    @property
    def is_analysed(self) -> bool:
        return self._wanted(self.analysis)

    @property
    def caller_id_field(self) -> str:
        """What the number shown is called in the request: a call by an agent has no line of ours (A-06)."""
        return "caller_id" if self.kind == BRIDGE else "inbound_phone_number"

    def or_else(self, recording: bool, transcription: bool, analysis: bool) -> "Order":
        """This order, with what was left open filled in."""
        return replace(
            self,
            recording=recording if self.recording is None else self.recording,
            transcription=transcription if self.transcription is None else self.transcription,
            analysis=analysis if self.analysis is None else self.analysis,
        )

    def _wanted(self, said: bool | None) -> bool:
        return self.kind == BRIDGE if said is None else said


@dataclass(frozen=True)
class Numbers:
    """The E.164 numbers of an order."""

    to: str = field(repr=False)
    agent: str | None = field(repr=False)
    caller_id: str | None = field(repr=False)


def numbers_of(order: Order) -> Numbers:
    """Raises InvalidInput `invalid_phone_number`, with the field that is wrong."""
    is_by_phone = order.kind == BRIDGE and order.mode == PHONE
    if is_by_phone and not order.agent_number:
        raise missing("inbound_phone_number", "the agent's line is needed unless vendeur_mode is browser")
    return Numbers(
        to=normalise(order.to, field="recipient_phone_number"),
        agent=normalise(order.agent_number or "", field="inbound_phone_number") if is_by_phone else None,
        caller_id=normalise(order.caller_id, field=order.caller_id_field) if order.caller_id else None,
    )


def missing(name: str, problem: str) -> InvalidInput:
    return InvalidInput("invalid_request", "A field of the request is wrong.", [FieldProblem(name, problem)])
