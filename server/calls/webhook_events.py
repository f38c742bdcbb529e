"""What a project's webhooks are told about its calls: each event of a call's log, in Phonevoice's words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.calls.aftermath import ANALYSED, SETTLED
from server.calls.artefacts import CallArtefacts
from server.calls.keepsakes import WORDS
from server.calls.orders import AI
from server.calls.outbox import Act
from server.calls.phonevoice import Artefacts, call_data, status_of
from server.calls.state import Step
from server.calls.store import Call, CallEvent, CallStore
from server.sessions.cable_tokens import CableTokens
from server.webhooks import Event, Webhooks

COMPLETED = "phone_call.completed"
_STEPS = {
    f"call.{Step.RANG.value}": "ringing",
    f"call.{Step.ANSWERED.value}": "started",
    f"call.{Step.TRANSFERRED.value}": "transferred",
}
_ENDED = f"call.{Step.ENDED.value}"
_SPEAKERS = {"ai": "agent", "agent": "agent", "talk": "agent"}  # as the cable says it: agent or user


@dataclass(frozen=True)
class NewsParts:
    store: CallStore
    artefacts: CallArtefacts
    webhooks: Webhooks
    cables: CableTokens


class CallNews:
    """Acts on a call's events. Acting twice on one publishes once: the event names the delivery."""

    def __init__(self, parts: NewsParts, default_project: Callable[[int], Awaitable[int]]) -> None:
        """`default_project`: the first one of a tenant."""
        self._parts = parts
        self._default_project = default_project

    def acts(self) -> Mapping[str, Act]:
        """By event of the log."""
        return dict.fromkeys(_STEPS, self._moved) | {
            _ENDED: self._ended,
            SETTLED: self._settled,
            ANALYSED: self._analysed,
            WORDS: self._said,
        }

    async def _moved(self, event: CallEvent) -> None:
        call = await self._parts.store.by_id(event.call_id)
        word = _STEPS[event.type]
        status = {"started": "in-progress", "transferred": "in-progress"}.get(word, word)
        data = call_data(call, Artefacts()) | {"status": status}
        if call.direction == "inbound":  # nobody ordered it, so nobody was given a token
            data["cable_token"] = await self._parts.cables.issue(call.uid)
        await self._publish(call, event, f"phone_call.{word}", data)

    async def _ended(self, event: CallEvent) -> None:
        call = await self._parts.store.by_id(event.call_id)
        data = call_data(call, await self._parts.artefacts.of(call))
        if status_of(call) == "completed":
            data["revision"] = 1
        await self._publish(call, event, f"phone_call.{status_of(call)}", data)

    async def _settled(self, event: CallEvent) -> None:
        """The words and the recording are there: completed, once more (P-089)."""
        call = await self._parts.store.by_id(event.call_id)
        if call.is_transcribed or call.is_recorded:
            await self._again(call, event, 2)

    async def _analysed(self, event: CallEvent) -> None:
        await self._again(await self._parts.store.by_id(event.call_id), event, 3)

    async def _again(self, call: Call, event: CallEvent, revision: int) -> None:
        if status_of(call) == "completed":
            data = call_data(call, await self._parts.artefacts.of(call)) | {"revision": revision}
            await self._publish(call, event, COMPLETED, data)

    async def _said(self, event: CallEvent) -> None:
        """Every final segment of an AI agent's call, as it is said (P-091, A-18)."""
        call = await self._parts.store.by_id(event.call_id)
        if call.kind != AI:
            return
        said = event.payload
        data = {
            "id": call.id,
            "role": _SPEAKERS.get(said["role"], "user"),
            "content": said["text"],
            "seq": event.seq,
            "started_at": said["t0_ms"] / 1_000,
            "ended_at": said["t1_ms"] / 1_000,
            "final": True,
        }
        await self._publish(call, event, "phone_call.transcript", data)

    async def _publish(self, call: Call, cause: CallEvent, event_type: str, data: Mapping[str, Any]) -> None:
        project = call.project_id or await self._default_project(call.tenant_id)
        event = Event(event_type, data, cause.at, cause=f"call_event:{cause.id}", subject=f"call:{call.id}")
        if await self._parts.webhooks.deliveries.publish(project, event):
            self._parts.webhooks.dispatcher.poke()
