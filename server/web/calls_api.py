"""/api/v1 as far as calls go: start one, end it, listen in, open its softphone or player. Rows P-020 to P-054."""

from quart import Blueprint, Response

from server.calls.orders import AI, BRIDGE, BROWSER, PHONE, Order
from server.calls.phonevoice import status_of
from server.calls.service import Calls
from server.calls.store import Call
from server.media.leg import Role
from server.sessions.cable_tokens import CableTokens
from server.storage.idempotency import Claim, IdempotencyKeys
from server.web.bodies import read_body
from server.web.idempotency import made_once, once
from server.web.openapi import calls as api
from server.web.openapi.operation import answered, described
from server.web.project_guard import ProjectGuard


def calls_api(asking: ProjectGuard, calls: Calls, cables: CableTokens, keys: IdempotencyKeys) -> Blueprint:
    """Calls themselves."""
    routes = Blueprint("calls_api", __name__, url_prefix="/api/v1")
    principal = asking.principal

    @routes.post("/calls/initiate")
    @described(api.INITIATE)
    async def initiate() -> Response:
        caller = await principal()

        async def begin(claim: Claim) -> tuple[Response, int]:
            return await begun(await calls.initiate(caller, _order(await read_body(api.Initiate)), claim))

        async def begun(call: Call) -> tuple[Response, int]:
            body = {"status": "success", "phone_call_id": call.id, "telephony_ref": call.telephony_ref}
            return answered(
                api.Started, body | {"cable_token": await cables.issue(call.uid, caller.credential_uid)}
            ), 201

        async def again(uid: str) -> tuple[Response, int]:
            return await begun(await calls.find(caller, uid))

        return await made_once(keys, caller, begin, again)

    @routes.post("/calls/<reference>/hangup")
    @described(api.HANG_UP)
    async def hangup(reference: str) -> Response:
        call = await calls.hang_up(await principal(), reference)
        return answered(api.HungUp, {"status": "success", "phone_call_id": call.id, "call_status": status_of(call)})

    @routes.post("/calls/<reference>/add_monitor")
    @described(api.ADD_MONITOR)
    async def add_monitor(reference: str) -> Response:
        caller = await principal()
        (await asking.caller()).require_listening()

        async def dial() -> tuple[Response, int]:
            asked = await read_body(api.AddMonitor)
            call, participant = await calls.add_monitor(caller, reference, asked.supervisor_phone)
            done = {"status": "success", "phone_call_id": call.id, "call_status": status_of(call)}
            return answered(api.MonitorAdded, done | {"participant_id": participant.uid}), 200

        return await once(keys, caller, dial)

    return routes


def call_links_api(asking: ProjectGuard, calls: Calls, keys: IdempotencyKeys, origin: str) -> Blueprint:
    """Links to the pages of a call. `origin`: the server's own, which they begin with."""
    routes = Blueprint("call_links_api", __name__, url_prefix="/api/v1")
    principal = asking.principal

    @routes.post("/calls/<reference>/embed_session")
    @described(api.EMBED_SESSION)
    async def embed_session(reference: str) -> Response:
        caller = await principal()

        async def make() -> tuple[Response, int]:
            asked = await read_body(api.EmbedSession)
            if asked.role in (None, Role.LISTEN.value):
                (await asking.caller()).require_listening()
            link, role = await calls.softphone_link(caller, reference, asked.role, asked.allowed_origins)
            body = {"embed_url": f"{origin}/embed?t={link.token}", "role": role.value}
            return answered(api.SoftphoneLink, body | {"expires_in": link.expires_in_s}), 200

        return await once(keys, caller, make)

    @routes.post("/calls/<reference>/player_session")
    @described(api.PLAYER_SESSION)
    async def player_session(reference: str) -> Response:
        caller = await principal()

        async def make() -> tuple[Response, int]:
            asked = await read_body(api.PlayerSession)
            link = await calls.player_link(caller, reference, asked.allowed_origins)
            url = f"{origin}/player?t={link.token}"
            return answered(api.PlayerLink, {"player_url": url, "embed_url": url, "expires_in": link.expires_in_s}), 200

        return await once(keys, caller, make)

    return routes


def _order(asked: api.Initiate) -> Order:
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
