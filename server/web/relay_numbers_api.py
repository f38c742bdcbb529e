"""/api/v1/relay_numbers: what is for sale, buying, where calls are forwarded, pausing, giving back. P-060 to P-070."""

from typing import Any

from quart import Blueprint, Response

from server.storage.idempotency import IdempotencyKeys
from server.telephony.number_provider import NumberQuery, NumberType, Offer
from server.tenants.phone_numbers import PhoneNumber
from server.tenants.relay_numbers import Owner, RelayNumbers, Wish
from server.web.bodies import read_body, read_query
from server.web.idempotency import once
from server.web.openapi import relay_numbers as api
from server.web.openapi.operation import answered, described
from server.web.project_guard import ProjectGuard


def relay_numbers_api(asking: ProjectGuard, numbers: RelayNumbers, keys: IdempotencyKeys) -> Blueprint:
    routes = Blueprint("relay_numbers_api", __name__, url_prefix="/api/v1/relay_numbers")

    async def owner() -> Owner:
        asker = await asking()
        return Owner(asker.tenant_id, asker.project_id, asker.actor)

    @routes.get("")
    @described(api.LIST_NUMBERS)
    async def all_of_them() -> Response:
        mine = await numbers.list((await asking()).project_id)
        return answered(api.RelayNumbers, {"relay_numbers": [_body(each) for each in mine]})

    @routes.get("/available")
    @described(api.SEARCH_NUMBERS)
    async def available() -> Response:
        await asking()
        found = await numbers.available(_query(read_query(api.NumbersQuery)))
        return answered(api.OfferedNumbers, {"numbers": [_offer(each) for each in found]})

    @routes.post("")
    @described(api.BUY_NUMBER)
    async def buy() -> Response:
        asker = await owner()

        async def make() -> tuple[Response, int]:
            asked = await read_body(api.BuyNumber)
            country = asked.country.upper() if asked.country else None
            number = await numbers.buy(asker, Wish(asked.phone_number, country, asked.settings()))
            return answered(api.RelayNumber, _body(number)), 201

        return await once(keys, await asking.principal(), make)

    @routes.get("/<reference>")
    @described(api.GET_NUMBER)
    async def one(reference: str) -> Response:
        return answered(api.RelayNumber, _body(await numbers.find((await asking()).project_id, reference)))

    @routes.patch("/<reference>")
    @described(api.CHANGE_NUMBER)
    async def change(reference: str) -> Response:
        asker, asked = await owner(), await read_body(api.ChangeNumber)
        return answered(api.RelayNumber, _body(await numbers.change(asker, reference, asked.settings())))

    @routes.delete("/<reference>")
    @described(api.RELEASE_NUMBER)
    async def release(reference: str) -> Response:
        await numbers.release(await owner(), reference)
        return answered(api.Released, {"status": "success"})

    return routes


def _query(asked: api.NumbersQuery) -> NumberQuery:
    """People write area codes with the zero that is dialled within a country."""
    return NumberQuery(
        country=asked.country.upper() if asked.country else None,
        type=NumberType(asked.type) if asked.type else None,
        area_code=(asked.area_code or "").lstrip("+0") or None,
        contains=(asked.contains or "").removeprefix("+") or None,
    )


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
        "sms_enabled": number.is_sms_enabled,
        "agent_id": number.agent_uid,
        "enable_recording": number.is_recorded,
        "enable_transcription": number.is_transcribed,
        "enable_analysis": number.is_analysed,
        "announce_recording": number.is_announced,
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
