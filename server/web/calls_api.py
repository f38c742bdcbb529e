"""/api/v1 as far as calls go: start one, end it, listen in, open its softphone or player. Rows P-020 to P-054."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from quart import Blueprint, Response, jsonify

from server.calls.orders import AI, BRIDGE, BROWSER, PHONE, Order
from server.calls.phonevoice import status_of
from server.calls.service import Calls
from server.sessions.cable_tokens import CableTokens
from server.storage.idempotency import IdempotencyKeys
from server.web.bodies import RequestBody, read_body
from server.web.idempotency import once
from server.web.project_guard import ProjectGuard

_Number = Annotated[str, Field(min_length=1, max_length=40)]


class _ApiBody(RequestBody):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Initiate(_ApiBody):
    recipient_phone_number: _Number
    call_type: Literal["bridge", "ai"] | None = None
    vendeur_mode: Literal["browser"] | None = None
    agent_id: int | str | None = None
    inbound_phone_number: _Number | None = None
    caller_id: _Number | None = None
    language: Literal["fr", "en", "es", "ar", "ary"] | None = None
    enable_recording: bool | None = None
    enable_transcription: bool | None = None
    enable_analysis: bool | None = None
    recipient_name: Annotated[str, Field(max_length=120)] | None = None
    external_id: Annotated[str, Field(max_length=120)] | None = None


class _EmbedSession(_ApiBody):
    role: str | None = None
    allowed_origins: Annotated[list[str], Field(max_length=10)] = []


class _PlayerSession(_ApiBody):
    allowed_origins: Annotated[list[str], Field(max_length=10)] = []


class _AddMonitor(_ApiBody):
    supervisor_phone: _Number


def calls_api(asking: ProjectGuard, calls: Calls, cables: CableTokens, keys: IdempotencyKeys, origin: str) -> Blueprint:
    """`origin`: the server's own, for the links it gives out."""
    routes = Blueprint("calls_api", __name__, url_prefix="/api/v1")
    principal = asking.principal

    @routes.post("/calls/initiate")
    async def initiate() -> Response:
        caller = await principal()

        async def begin() -> tuple[Response, int]:
            call = await calls.initiate(caller, _order(await read_body(_Initiate)))
            body = {"status": "success", "phone_call_id": call.id, "telephony_ref": call.telephony_ref}
            return jsonify(body | {"cable_token": await cables.issue(call.uid)}), 201

        return await once(keys, caller, begin)

    @routes.post("/calls/<reference>/hangup")
    async def hangup(reference: str) -> Response:
        call = await calls.hang_up(await principal(), reference)
        return jsonify({"status": "success", "phone_call_id": call.id, "call_status": status_of(call)})

    @routes.post("/calls/<reference>/add_monitor")
    async def add_monitor(reference: str) -> Response:
        caller = await principal()

        async def dial() -> tuple[Response, int]:
            asked = await read_body(_AddMonitor)
            call, participant = await calls.add_monitor(caller, reference, asked.supervisor_phone)
            done = {"status": "success", "phone_call_id": call.id, "call_status": status_of(call)}
            return jsonify(done | {"participant_id": participant.uid}), 200

        return await once(keys, caller, dial)

    @routes.post("/calls/<reference>/embed_session")
    async def embed_session(reference: str) -> Response:
        caller = await principal()
        asked = await read_body(_EmbedSession)
        link, role = await calls.softphone_link(caller, reference, asked.role, asked.allowed_origins)
        url = f"{origin}/embed?t={link.token}"
        return jsonify({"embed_url": url, "role": role.value, "expires_in": link.expires_in_s})

    @routes.post("/calls/<reference>/player_session")
    async def player_session(reference: str) -> Response:
        caller = await principal()
        asked = await read_body(_PlayerSession)
        link = await calls.player_link(caller, reference, asked.allowed_origins)
        url = f"{origin}/player?t={link.token}"
        return jsonify({"player_url": url, "embed_url": url, "expires_in": link.expires_in_s})

    return routes


def _order(asked: _Initiate) -> Order:
    is_bridge = asked.call_type == BRIDGE
    return Order(
        kind=BRIDGE if is_bridge else AI,
        to=asked.recipient_phone_number,
        mode=(BROWSER if asked.vendeur_mode == "browser" else PHONE) if is_bridge else None,
        agent_number=asked.inbound_phone_number,
        agent=None if asked.agent_id is None else str(asked.agent_id),
        caller_id=asked.caller_id if is_bridge else asked.inbound_phone_number,
        language=asked.language,
        recording=asked.enable_recording,
        transcription=asked.enable_transcription,
        analysis=asked.enable_analysis,
        context={
            name: value
            for name, value in (("name", asked.recipient_name), ("external_id", asked.external_id))
            if value is not None
        },
    )
