"""The console's telephone numbers: a project's own, finding and buying one, where its calls go, giving it back."""

from typing import Any

from quart import Blueprint, Response, request

from server.kit.errors import AppError
from server.telephony.number_provider import NumberQuery, NumberType, Offer
from server.tenants.relay_numbers import Owner, Wish
from server.web.console_desk import Answer, Desk, Place
from server.web.console_session import Flash
from server.web.errors import status_of

_DIGITS_MAX = 12
_KEPT = ("recording", "transcription", "analysis")
_SWITCHES = ("announcement", "relay_enabled")


class NumbersPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, place: Place, status: int = 200, refusal: AppError | None = None) -> Response:
        desk, parts, query = self._desk, self._desk.parts, _query()
        offers: list[Offer] = []
        if query is not None and place.may_change:
            try:
                offers = await parts.relays.available(query)
            except AppError as away:
                refusal = refusal or away
        return await desk.page(
            "numbers.html",
            status,
            section="numbers",
            numbers=await parts.relays.list(place.project.id),
            agents=await parts.tenants.agents(place.project.tenant_id),
            offers=offers,
            asked=request.args,
            has_searched=query is not None,
            types=list(NumberType),
            kept=_KEPT,
            refusal=refusal,
        )


def add_numbers(routes: Blueprint, desk: Desk) -> None:
    parts, page = desk.parts, NumbersPage(desk)

    @routes.get("/p/<project>/numbers")
    async def numbers(project: str) -> Response:
        return await page.show(await desk.place(project))

    @routes.post("/p/<project>/numbers")
    async def buy_number(project: str) -> Answer:
        place, values = await desk.changing(project)
        try:
            bought = await parts.relays.buy(_owner(place), Wish(values.get("number", "")))
        except AppError as refusal:
            return await page.show(place, status_of(refusal, request.path), refusal)
        return desk.onward(place.path("/numbers"), Flash("numbers.bought", {"number": bought.number}))

    @routes.post("/p/<project>/numbers/<number>/change")
    async def change_number(project: str, number: str) -> Answer:
        place, values = await desk.changing(project)
        is_chosen = values.get("keeping") == "chosen"
        switches = (*_SWITCHES, *_KEPT) if is_chosen else _SWITCHES
        settings: dict[str, Any] = {name: values.get(name) == "1" for name in switches}
        settings["keeping_chosen"] = is_chosen
        settings["forward_to"] = values.get("forward_to", "").strip() or None
        settings["agent"] = values.get("agent") or None
        try:
            changed = await parts.relays.change(_owner(place), number, settings)
        except AppError as refusal:
            if refusal.code.endswith("_phone_number") and refusal.code != "invalid_phone_number":
                raise
            return await page.show(place, status_of(refusal, request.path), refusal)
        return desk.onward(place.path("/numbers"), Flash("numbers.changed", {"number": changed.number}))

    @routes.post("/p/<project>/numbers/<number>/release")
    async def release_number(project: str, number: str) -> Answer:
        place, _ = await desk.changing(project)
        gone = await parts.relays.find(place.project.id, number)
        await parts.relays.release(_owner(place), number)
        return desk.onward(place.path("/numbers"), Flash("numbers.released", {"number": gone.number}))


def _owner(place: Place) -> Owner:
    return Owner(place.project.tenant_id, place.project.id, place.seat.actor)


def _query() -> NumberQuery | None:
    """What is searched for; None when nothing is. Whatever is not understood does not matter."""
    if "country" not in request.args:
        return None
    country, kind = request.args["country"].strip().upper(), request.args.get("type", "")
    digits = "".join(each for each in request.args.get("contains", "") if each.isdecimal() and each.isascii())
    return NumberQuery(
        country=country if country.isascii() and country.isalpha() and len(country) == 2 else None,
        type=NumberType(kind) if kind in list(NumberType) else None,
        contains=digits[:_DIGITS_MAX] or None,
    )
