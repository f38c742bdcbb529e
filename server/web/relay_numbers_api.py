"""/api/v1/relay_numbers: what is for sale, buying, where calls are forwarded, pausing, giving back. P-060 to P-070."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from quart import Blueprint, Response, jsonify, request

from server.kit.errors import FieldProblem, InvalidInput
from server.storage.idempotency import IdempotencyKeys
from server.telephony.number_provider import NumberQuery, NumberType, Offer
from server.tenants.phone_numbers import PhoneNumber
from server.tenants.relay_numbers import Owner, RelayNumbers, Wish
from server.web.bodies import RequestBody, read_body
from server.web.idempotency import once
from server.web.project_guard import ProjectGuard

_DIGITS_MAX = 15
_QUERY = frozenset({"country", "type", "area_code", "contains"})
_TOKENS = frozenset({"api_token", "user_token"})
_Number = Annotated[str, Field(min_length=1, max_length=40)]
_SETTINGS = {
    "forward_to": "forward_to",
    "relay_enabled": "relay_enabled",
    "agent_id": "agent",
    "enable_recording": "recording",
    "enable_transcription": "transcription",
    "enable_analysis": "analysis",
}


class _Change(RequestBody):
    """Without a field it stays as it is; `forward_to` null lets the agent answer, `agent_id` null the first one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    forward_to: _Number | None = None
    relay_enabled: bool = True
    agent_id: int | Annotated[str, Field(max_length=80)] | None = None
    enable_recording: bool = True
    enable_transcription: bool = True
    enable_analysis: bool = True

    def settings(self) -> dict[str, Any]:
        said = {_SETTINGS[name]: getattr(self, name) for name in self.model_fields_set & _SETTINGS.keys()}
        return said | ({"agent": str(said["agent"])} if said.get("agent") is not None else {})


class _Buy(_Change):
    phone_number: _Number
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] | None = None


def relay_numbers_api(asking: ProjectGuard, numbers: RelayNumbers, keys: IdempotencyKeys) -> Blueprint:
    routes = Blueprint("relay_numbers_api", __name__, url_prefix="/api/v1/relay_numbers")

    async def owner() -> Owner:
        asker = await asking()
        return Owner(asker.tenant_id, asker.project_id, asker.actor)

    @routes.get("")
    async def all_of_them() -> Response:
        mine = await numbers.list((await asking()).project_id)
        return jsonify({"relay_numbers": [_body(each) for each in mine]})

    @routes.get("/available")
    async def available() -> Response:
        await asking()
        return jsonify({"numbers": [_offer(each) for each in await numbers.available(_query())]})

    @routes.post("")
    async def buy() -> Response:
        asker = await owner()

        async def make() -> tuple[Response, int]:
            asked = await read_body(_Buy)
            country = asked.country.upper() if asked.country else None
            number, is_new = await numbers.buy(asker, Wish(asked.phone_number, country, asked.settings()))
            return jsonify(_body(number)), 201 if is_new else 200

        return await once(keys, await asking.principal(), make)

    @routes.get("/<reference>")
    async def one(reference: str) -> Response:
        return jsonify(_body(await numbers.find((await asking()).project_id, reference)))

    @routes.patch("/<reference>")
    async def change(reference: str) -> Response:
        asker = await owner()
        return jsonify(_body(await numbers.change(asker, reference, (await read_body(_Change)).settings())))

    @routes.delete("/<reference>")
    async def release(reference: str) -> Response:
        await numbers.release(await owner(), reference)
        return jsonify({"status": "success"})

    return routes


def _query() -> NumberQuery:
    """What the address asks for. Raises InvalidInput `invalid_request` naming every parameter that is wrong."""
    said = {name: value for name, value in request.args.items() if value and name not in _TOKENS}
    problems = [FieldProblem(name, "There is no such parameter.") for name in said.keys() - _QUERY]
    country, kind = said.get("country", "").upper(), said.get("type", "")
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        problems.append(FieldProblem("country", "A country is two letters, like US."))
    if kind and kind not in frozenset(NumberType):
        problems.append(FieldProblem("type", f"It is {', '.join(NumberType)}."))
    area_code, contains = said.get("area_code", "").lstrip("0"), said.get("contains", "").removeprefix("+")
    for name, digits in (("area_code", area_code), ("contains", contains)):
        if digits and not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS_MAX):
            problems.append(FieldProblem(name, f"At most {_DIGITS_MAX} digits."))
    if problems:
        raise InvalidInput("invalid_request", "A field of the request is wrong.", problems)
    return NumberQuery(country or None, NumberType(kind) if kind else None, area_code or None, contains or None)


def _body(number: PhoneNumber) -> dict[str, Any]:
    """As A-15 lists it, and how calls to it are answered and kept."""
    return {
        "id": number.id,
        "uid": number.uid,
        "phone_number": number.number,
        "country": number.country,
        "type": number.type.value,
        "forward_to": number.forward_to,
        "relay_enabled": number.is_relay_enabled,
        "sms_enabled": number.type is not NumberType.TOLL_FREE,
        "agent_id": number.agent_uid,
        "enable_recording": number.is_recorded,
        "enable_transcription": number.is_transcribed,
        "enable_analysis": number.is_analysed,
        "created_at": number.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "phone_number": offer.number,
        "country": offer.country,
        "type": offer.type.value,
        "area_code": offer.area_code,
        "locality": offer.locality,
        "monthly_cost": float(offer.monthly_cost),
        "capabilities": list(offer.capabilities),
    }
