"""The console's webhooks: the project's addresses, a new one with its secret shown once, the log, sending again."""

import json
from collections.abc import Sequence

from quart import Blueprint, Response, request

from server.kit.errors import AppError
from server.web.console_desk import Answer, Desk, Place
from server.web.console_session import Flash
from server.web.errors import status_of
from server.webhooks import Endpoint, NewEndpoint
from server.webhooks.endpoints import EVERY_EVENT

EVENTS = (
    "phone_call.ringing",
    "phone_call.started",
    "phone_call.completed",
    "phone_call.busy",
    "phone_call.no-answer",
    "phone_call.failed",
    "phone_call.canceled",
    "phone_call.transcript",
    "sms.received",
)
_OVERLAPS_H = (0, 24, 168)
_DEFAULT_OVERLAP_H = 24


def add_webhooks(routes: Blueprint, desk: Desk) -> None:
    endpoints = desk.parts.webhooks.endpoints

    async def listed(
        place: Place,
        status: int = 200,
        refusal: AppError | None = None,
        values: dict[str, str] | None = None,
        picked: Sequence[str] = (),
    ) -> Response:
        return await desk.page(
            "webhooks.html",
            status,
            section="webhooks",
            endpoints=await endpoints.list(place.project.id),
            events=EVENTS,
            picked=picked,
            refusal=refusal,
            values=values or {},
        )

    @routes.get("/p/<project>/webhooks")
    async def webhooks(project: str) -> Response:
        return await listed(await desk.place(project))

    @routes.post("/p/<project>/webhooks")
    async def create_webhook(project: str) -> Answer:
        place, values = await desk.changing(project)
        picked = (await request.form).getlist("events")
        new = NewEndpoint(
            url=values.get("url", "").strip(),
            events=picked or (EVERY_EVENT,),
            name=values.get("name", ""),
        )
        try:
            made, secret = await endpoints.create(place.project.id, new, place.seat.actor)
        except AppError as refusal:
            return await listed(place, status_of(refusal, request.path), refusal, values, picked)
        return desk.onward(_path(place, made), Flash("webhooks.made", secret=secret))


def add_webhook_changes(routes: Blueprint, desk: Desk) -> None:
    endpoints = desk.parts.webhooks.endpoints

    @routes.post("/p/<project>/webhooks/<webhook>/active")
    async def switch_webhook(project: str, webhook: str) -> Answer:
        """On or off; switching on forgets why it was off."""
        place, values = await desk.changing(project)
        changes = {"active": values.get("active") == "1"}
        changed = await endpoints.change(place.project.id, webhook, changes, place.seat.actor)
        told = "webhooks.on" if changed.is_active else "webhooks.off"
        return desk.onward(_path(place, changed), Flash(told))

    @routes.post("/p/<project>/webhooks/<webhook>/rotate")
    async def rotate_webhook(project: str, webhook: str) -> Answer:
        place, values = await desk.changing(project)
        hours = next((each for each in _OVERLAPS_H if str(each) == values.get("overlap")), _DEFAULT_OVERLAP_H)
        changed, secret = await endpoints.rotate(place.project.id, webhook, hours, place.seat.actor)
        return desk.onward(_path(place, changed), Flash("webhooks.rotated", secret=secret))

    @routes.post("/p/<project>/webhooks/<webhook>/delete")
    async def delete_webhook(project: str, webhook: str) -> Answer:
        place, _ = await desk.changing(project)
        await endpoints.delete(place.project.id, webhook, place.seat.actor)
        return desk.onward(place.path("/webhooks"), Flash("webhooks.deleted"))


def add_deliveries(routes: Blueprint, desk: Desk) -> None:
    webhooks = desk.parts.webhooks

    @routes.get("/p/<project>/webhooks/<webhook>")
    async def webhook_page(project: str, webhook: str) -> Response:
        place = await desk.place(project)
        endpoint = await webhooks.endpoints.find(place.project.id, webhook)
        return await desk.page(
            "webhook.html",
            section="webhooks",
            endpoint=endpoint,
            attempts=[(each, _readable(each.body)) for each in await webhooks.log.latest(endpoint.id)],
            overlaps=_OVERLAPS_H,
            overlap_chosen=_DEFAULT_OVERLAP_H,
        )

    @routes.post("/p/<project>/webhooks/<webhook>/test")
    async def test_webhook(project: str, webhook: str) -> Answer:
        place, _ = await desk.changing(project)
        endpoint = await webhooks.endpoints.find(place.project.id, webhook)
        await webhooks.log.test(endpoint.id)
        webhooks.dispatcher.poke()
        return desk.onward(_path(place, endpoint), Flash("webhooks.tested"))

    @routes.post("/p/<project>/webhooks/<webhook>/deliveries/<delivery>/replay")
    async def replay_delivery(project: str, webhook: str, delivery: str) -> Answer:
        place, _ = await desk.changing(project)
        endpoint = await webhooks.endpoints.find(place.project.id, webhook)
        await webhooks.log.replay(endpoint.id, delivery)
        webhooks.dispatcher.poke()
        return desk.onward(_path(place, endpoint), Flash("webhooks.replayed"))


def _readable(body: str) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)


def _path(place: Place, endpoint: Endpoint) -> str:
    return place.path(f"/webhooks/{endpoint.uid}")
