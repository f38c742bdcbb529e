"""/api/v1 as far as it tells of calls and agents: lists, one call with what it left behind. Rows P-022, P-093, A-05."""

from collections.abc import Sequence
from typing import Any

from quart import Blueprint, Response

from server.agents.port import AgentProfile
from server.calls.artefacts import CallArtefacts
from server.calls.filters import CallFilter
from server.calls.phonevoice import call_data, stands_for
from server.calls.service import Calls
from server.calls.store import Call
from server.kit.errors import NotFound
from server.sessions.cable_tokens import CableTokens
from server.storage.idempotency import IdempotencyKeys
from server.tenants.credentials import Principal
from server.tenants.service import Tenants
from server.web.bodies import read_query
from server.web.idempotency import once
from server.web.openapi import calls as api
from server.web.openapi.operation import answered, described
from server.web.project_guard import ProjectGuard


def agents_api(asking: ProjectGuard, calls: Calls, tenants: Tenants, artefacts: CallArtefacts) -> Blueprint:
    """Lists of what a project has."""
    routes = Blueprint("agents_api", __name__, url_prefix="/api/v1")

    async def agents_of(principal: Principal) -> list[dict[str, Any]]:
        mine = await tenants.numbered_agents(principal.tenant_id, principal.project_id)
        return [_agent(number, each) for number, each in mine]

    @routes.get("/calls")
    @described(api.LIST_AGENTS_AND_CALLS)
    async def agents_and_calls() -> Response:
        """Agents, as the document says, and calls, as the path does (A-05); `only` leaves one of them out."""
        principal = await asking.principal()
        asked = read_query(api.AgentsQuery)
        body: dict[str, Any] = {}
        if asked.only != "calls":
            body["agents"] = await agents_of(principal)
        if asked.only != "agents":
            latest, body["total"] = await calls.latest(principal, _filter(asked))
            body["calls"] = await _shown(latest, artefacts, principal)
        return answered(api.AgentsAndCalls, body)

    @routes.get("/agents")
    @described(api.LIST_AGENTS)
    async def agents() -> Response:
        return answered(api.Agents, {"agents": await agents_of(await asking.principal())})

    return routes


def phone_calls_api(
    asking: ProjectGuard, calls: Calls, artefacts: CallArtefacts, cables: CableTokens, keys: IdempotencyKeys
) -> Blueprint:
    """One call, or a list, with what they left behind."""
    routes = Blueprint("phone_calls_api", __name__, url_prefix="/api/v1")

    @routes.get("/phone_calls")
    @described(api.LIST_PHONE_CALLS)
    async def phone_calls() -> Response:
        principal = await asking.principal()
        latest, total = await calls.latest(principal, _filter(read_query(api.CallsQuery)))
        return answered(api.PhoneCalls, {"calls": await _shown(latest, artefacts, principal), "total": total})

    @routes.get("/phone_calls/<reference>")
    @described(api.GET_PHONE_CALL)
    async def phone_call(reference: str) -> Response:
        principal = await asking.principal()
        shown = await _shown([await calls.find(principal, reference)], artefacts, principal)
        return answered(api.PhoneCall, shown[0])

    @routes.get("/phone_calls/<reference>/transcript")
    @described(api.GET_TRANSCRIPT)
    async def transcript(reference: str) -> Response:
        """All words as text, however many there are."""
        text = await artefacts.transcription(await calls.find(await asking.principal(), reference))
        if text is None:
            raise NotFound("no_transcript", "This call has no transcript, or none yet.")
        return Response(text, content_type="text/plain; charset=utf-8")

    @routes.post("/phone_calls/<reference>/cable_token")
    @described(api.CABLE_TOKEN)
    async def cable_token(reference: str) -> Response:
        caller = await asking.principal()

        async def issue() -> tuple[Response, int]:
            call = await calls.find(caller, reference)
            body = {"phone_call_id": call.id, "cable_token": await cables.issue(call.uid, caller.credential_uid)}
            return answered(api.CableToken, body), 200

        return await once(keys, caller, issue)

    return routes


def _filter(asked: api.CallsQuery) -> CallFilter:
    return CallFilter(
        stands=stands_for(asked.status) if asked.status else (),
        kind=asked.call_type,
        direction=asked.direction,
        since=asked.created_after,
        until=asked.created_before,
        limit=asked.limit,
        offset=asked.offset,
    )


async def _shown(calls: Sequence[Call], artefacts: CallArtefacts, principal: Principal) -> list[dict[str, Any]]:
    """As webhooks tell them, and what backends want to know beside that."""
    left = await artefacts.of_all(calls, principal.actor)
    return [
        call_data(call, each)
        | {
            "uid": call.uid,
            "call_type": call.kind,
            "telephony_ref": call.telephony_ref,
            "created_at": call.created_at.isoformat().replace("+00:00", "Z"),
        }
        for call, each in zip(calls, left, strict=True)
    ]


def _agent(number: int, profile: AgentProfile) -> dict[str, Any]:
    return {
        "id": number,
        "uid": profile.uid,
        "slug": profile.slug,
        "name": profile.name,
        "language": profile.language,
        "active": True,
    }
