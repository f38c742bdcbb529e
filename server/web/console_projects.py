"""The console's projects: the list of them, a new one, and one project's first page with what to do next."""

from quart import Blueprint, Response, request

from server.calls import phonevoice
from server.identity.rights import SEES_CALLS
from server.kit.errors import AppError, Conflict, NotAllowed
from server.tenants.keeping import Notice
from server.tenants.keyring import Key
from server.web.console_desk import PREFIX, Answer, Desk, Place
from server.web.console_session import Flash
from server.web.errors import status_of

_SHOWN_CALLS = 5


def add_projects(routes: Blueprint, desk: Desk) -> None:
    parts = desk.parts

    async def listed(status: int = 200, refusal: AppError | None = None, name: str = "") -> Response:
        seat = await desk.seat()
        projects = await parts.projects.of(seat.tenant_ids)
        accounts = seat.may_change
        names = {each.tenant_id: each.tenant_name for each in projects}
        return await desk.page(
            "projects.html",
            status,
            projects=projects,
            accounts=[(tenant_id, names.get(tenant_id, "")) for tenant_id in accounts],
            refusal=refusal,
            values={"name": name},
        )

    @routes.get("/projects")
    async def projects() -> Response:
        return await listed()

    @routes.post("/projects")
    async def create_project() -> Answer:
        values = await desk.form()
        seat = await desk.seat()
        accounts = seat.may_change
        chosen = values.get("account") or (str(accounts[0]) if accounts else "")
        tenant_id = next((each for each in accounts if str(each) == chosen), None)
        if tenant_id is None:
            raise NotAllowed("role_too_weak", "Your role does not allow this. Ask an owner or an admin.")
        try:
            project = await parts.projects.add(tenant_id, values.get("name", ""), seat.actor)
        except AppError as refusal:
            return await listed(status_of(refusal, request.path), refusal, values.get("name", ""))
        return desk.onward(f"{PREFIX}/p/{project.uid}", Flash("projects.made", {"name": project.name}))


def add_project(routes: Blueprint, desk: Desk) -> None:
    parts = desk.parts

    async def owned(place: Place) -> list[str]:
        """What keeps the project from being deleted."""
        kinds = await parts.projects.owned(place.project)
        if await parts.webhooks.endpoints.list(place.project.id):
            kinds.append("webhooks")
        if (await parts.calls.latest(await desk.principal(place)))[1]:
            kinds.append("calls")
        return kinds

    async def shown(place: Place, refusal: AppError | None = None, name: str | None = None) -> Response:
        tenant_id, project_id = place.project.tenant_id, place.project.id
        keys = [key for key in await parts.keyring.of(tenant_id) if key.project_id == project_id and _opens(key)]
        calls, total = await parts.calls.latest(await desk.principal(place))
        return await desk.page(
            "overview.html",
            status_of(refusal, request.path) if refusal else 200,
            section="overview",
            keys=keys,
            origins=await parts.origins.of(tenant_id),
            webhooks=await parts.webhooks.endpoints.list(project_id),
            calls=calls[:_SHOWN_CALLS],
            total=total,
            status_of=phonevoice.status_of,
            owned=await owned(place),
            notices=list(Notice),
            refusal=refusal,
            name=place.project.name if name is None else name,
            public_key=await parts.credentials.public_key_of(tenant_id),
            origin=parts.origin,
        )

    @routes.get("/p/<project>")
    async def overview(project: str) -> Answer:
        place = await desk.place(project, SEES_CALLS)
        return await shown(place) if place.sees_settings else desk.onward(place.path("/calls"))

    @routes.post("/p/<project>")
    async def rename_project(project: str) -> Answer:
        place, values = await desk.changing(project)
        try:
            await parts.projects.rename(place.project, values.get("name", ""), place.seat.actor)
        except AppError as refusal:
            return await shown(place, refusal, values.get("name", ""))
        return desk.onward(place.path(), Flash("projects.renamed"))

    @routes.post("/p/<project>/delete")
    async def delete_project(project: str) -> Answer:
        place, _ = await desk.changing(project)
        if await owned(place):
            raise Conflict("project_not_empty", "The project still owns something: remove that first.")
        await parts.projects.delete(place.project, place.seat.actor)
        return desk.onward(f"{PREFIX}/projects", Flash("projects.deleted", {"name": place.project.name}))


def add_notice(routes: Blueprint, desk: Desk) -> None:
    @routes.post("/p/<project>/recording_notice")
    async def set_notice(project: str) -> Answer:
        place, values = await desk.changing(project)
        await desk.parts.projects.set_notice(place.project, values.get("notice", ""), place.seat.actor)
        return desk.onward(place.path(), Flash("notice.changed"))


def _opens(key: Key) -> bool:
    return key.state in ("active", "expiring")
