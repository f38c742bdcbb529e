"""The console's settings of a project: its keys ("API Configuration") and allowed origins."""

from datetime import timedelta

from quart import Blueprint, Response, request

from server.kit.errors import AppError, NotFound
from server.tenants.credentials import Kind
from server.tenants.origins import MAX_ORIGINS
from server.web.console_desk import Answer, Desk, Place
from server.web.console_session import Flash
from server.web.errors import status_of

OVERLAPS_H = (0, 1, 24, 168)
_DEFAULT_OVERLAP_H = 24


def add_keys(routes: Blueprint, desk: Desk) -> None:
    keyring = desk.parts.keyring

    @routes.get("/p/<project>/api")
    async def keys(project: str) -> Response:
        place = await desk.place(project)
        known = await keyring.of(place.project.tenant_id)
        own = [key for key in known if key.project_id == place.project.id][::-1]
        return await desk.page(
            "keys.html",
            section="api",
            tokens=[key for key in own if key.livemode],
            test_keys=[key for key in own if not key.livemode],
            account_keys=[key for key in known if key.project_id is None and key.state in ("active", "expiring")],
            overlaps=OVERLAPS_H,
            overlap_chosen=_DEFAULT_OVERLAP_H,
            origin=desk.parts.origin,
            now=desk.parts.clock.now(),
        )

    @routes.post("/p/<project>/api")
    async def create_token(project: str) -> Answer:
        place, _ = await desk.changing(project)
        new = await keyring.add(place.project.tenant_id, place.project.id, place.seat.actor)
        return desk.onward(place.path("/api"), Flash("keys.made", secret=new.text))

    @routes.post("/p/<project>/api/test")
    async def create_test_key(project: str) -> Answer:
        place, _ = await desk.changing(project)
        new = await keyring.add(place.project.tenant_id, place.project.id, place.seat.actor, Kind.SECRET)
        return desk.onward(place.path("/api"), Flash("keys.test_made", secret=new.text))

    @routes.post("/p/<project>/api/<key>/rotate")
    async def rotate_token(project: str, key: str) -> Answer:
        place, values = await desk.changing(project)
        hours = next((each for each in OVERLAPS_H if str(each) == values.get("overlap")), _DEFAULT_OVERLAP_H)
        await _of_place(place, key)
        new = await keyring.rotate(place.project.tenant_id, key, timedelta(hours=hours), place.seat.actor)
        told = "keys.rotated" if hours else "keys.rotated_now"
        return desk.onward(place.path("/api"), Flash(told, secret=new.text))

    @routes.post("/p/<project>/api/<key>/revoke")
    async def revoke_token(project: str, key: str) -> Answer:
        place, _ = await desk.changing(project)
        shown_as = await _of_place(place, key)
        await keyring.revoke(place.project.tenant_id, key, place.seat.actor)
        return desk.onward(place.path("/api"), Flash("keys.revoked", {"key": shown_as}))

    async def _of_place(place: Place, uid: str) -> str:
        """How the key is shown. Keys of the tenant's other projects are as unknown here as other people's."""
        known = await keyring.of(place.project.tenant_id)
        found = next((key for key in known if key.uid == uid and key.project_id in (None, place.project.id)), None)
        if found is None:
            raise NotFound("unknown_key", "This tenant has no such key.")
        return found.shown_as


def add_origins(routes: Blueprint, desk: Desk) -> None:
    parts = desk.parts

    async def listed(place: Place, status: int = 200, refusal: AppError | None = None, typed: str = "") -> Response:
        tenant_id = place.project.tenant_id
        return await desk.page(
            "origins.html",
            status,
            section="origins",
            origins=await parts.origins.of(tenant_id),
            most=MAX_ORIGINS,
            refusal=refusal,
            values={"origin": typed},
            public_key=await parts.credentials.public_key_of(tenant_id),
            server=parts.origin,
        )

    @routes.get("/p/<project>/origins")
    async def origins(project: str) -> Response:
        return await listed(await desk.place(project))

    @routes.post("/p/<project>/origins")
    async def add_origin(project: str) -> Answer:
        place, values = await desk.changing(project)
        typed = values.get("origin", "").strip()
        try:
            added = await parts.tenants.add_origin(place.project.tenant_id, typed, place.seat.actor)
        except AppError as refusal:
            return await listed(place, status_of(refusal, request.path), refusal, typed)
        return desk.onward(place.path("/origins"), Flash("origins.added", {"origin": added}))

    @routes.post("/p/<project>/origins/remove")
    async def remove_origin(project: str) -> Answer:
        place, values = await desk.changing(project)
        origin = values.get("origin", "")
        if not await parts.tenants.remove_origin(place.project.tenant_id, origin, place.seat.actor):
            raise NotFound("unknown_origin", "This origin is not on the list.")
        return desk.onward(place.path("/origins"), Flash("origins.removed", {"origin": origin}))
