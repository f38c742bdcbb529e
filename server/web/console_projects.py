"""The console's projects: the list of them, a new one, and one project's first page with what to do next."""

from quart import Blueprint, Response, request

from server.calls import phonevoice
from server.kit.errors import AppError, NotAllowed
from server.tenants.keyring import Key
from server.web.console_desk import PREFIX, SEES_CALLS, Answer, Desk
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

    @routes.get("/p/<project>")
    async def overview(project: str) -> Answer:
        place = await desk.place(project, SEES_CALLS)
        if not place.sees_settings:
            return desk.onward(place.path("/calls"))
        tenant_id, project_id = place.project.tenant_id, place.project.id
        keys = [key for key in await parts.keyring.of(tenant_id) if key.project_id == project_id and _opens(key)]
        calls, total = await parts.calls.latest(await desk.principal(place))
        return await desk.page(
            "overview.html",
            section="overview",
            keys=keys,
            origins=await parts.origins.of(tenant_id),
            webhooks=await parts.webhooks.endpoints.list(project_id),
            calls=calls[:_SHOWN_CALLS],
            total=total,
            status_of=phonevoice.status_of,
            public_key=await parts.credentials.public_key_of(tenant_id),
            origin=parts.origin,
        )


def _opens(key: Key) -> bool:
    return key.state in ("active", "expiring")
