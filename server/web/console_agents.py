"""The console's agents: what they are called, say and are told, and how a person is reached instead."""

from quart import Blueprint, Response, request

from server.agents.port import AgentProfile
from server.kit.errors import AppError, NotFound
from server.tenants.agent_fields import LANGUAGES
from server.web.console_desk import Answer, Desk, Place
from server.web.console_session import Flash
from server.web.errors import status_of

_FIELDS = ("name", "language", "greeting", "instructions", "handoff_label", "handoff_url", "voice")


def add_agents(routes: Blueprint, desk: Desk) -> None:
    parts = desk.parts

    async def agents_of(place: Place) -> list[AgentProfile]:
        found = await parts.tenants.numbered_agents(place.project.tenant_id, place.project.id)
        return [profile for _, profile in found]

    async def agent_of(place: Place, slug: str) -> AgentProfile:
        found = next((each for each in await agents_of(place) if each.slug == slug), None)
        if found is None:
            raise NotFound("unknown_agent", "There is no such agent here.")
        return found

    async def shown(place: Place, agent: AgentProfile, values: dict[str, str], refusal: AppError | None) -> Response:
        return await desk.page(
            "agent.html",
            status_of(refusal, request.path) if refusal else 200,
            section="agents",
            agent=agent,
            values=values,
            spoken=LANGUAGES,
            refusal=refusal,
        )

    @routes.get("/p/<project>/agents")
    async def agents(project: str) -> Response:
        place = await desk.place(project)
        return await desk.page("agents.html", section="agents", agents=await agents_of(place))

    @routes.get("/p/<project>/agents/<slug>")
    async def agent(project: str, slug: str) -> Response:
        place = await desk.place(project)
        found = await agent_of(place, slug)
        return await shown(place, found, {name: getattr(found, name) or "" for name in _FIELDS}, None)

    @routes.post("/p/<project>/agents/<slug>")
    async def change_agent(project: str, slug: str) -> Answer:
        place, sent = await desk.changing(project)
        found = await agent_of(place, slug)
        values = {name: sent.get(name, "").replace("\r\n", "\n").strip() for name in _FIELDS}
        fields = {name: text or None for name, text in values.items()}
        try:
            await parts.tenants.set_agent(place.project.tenant_id, slug, fields, place.seat.actor)
        except AppError as refusal:
            return await shown(place, found, values, refusal)
        return desk.onward(place.path(f"/agents/{slug}"), Flash("agents.kept"))
