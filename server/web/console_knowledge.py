"""The console's knowledge: files that the account's agents answer from, and a question tried against them."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from quart import Blueprint, Response, request

from server.agents.port import Passage
from server.kit.errors import AppError, InvalidInput, NotFound
from server.knowledge import FILE_MAX_BYTES, parse
from server.storage.text import storable
from server.tenants.agent_fields import LANGUAGES
from server.web.console_desk import Answer, Desk, Place
from server.web.console_session import Flash
from server.web.errors import status_of


def add_knowledge(routes: Blueprint, desk: Desk) -> None:
    parts = desk.parts

    @routes.get("/p/<project>/knowledge")
    async def knowledge(project: str) -> Response:
        return await _page(desk, await desk.place(project))

    @routes.post("/p/<project>/knowledge")
    async def import_knowledge(project: str) -> Answer:
        """The same file again replaces what it brought."""
        place, values = await desk.changing(project)
        file = (await request.files).get("file")
        source = storable(PurePosixPath(file.filename or "").name).strip() if file is not None else ""
        try:
            if file is None or not source:
                raise InvalidInput("no_file", "Choose a file first.")
            language = values.get("language", "")
            entries = parse(source, file.read(), language if language in LANGUAGES else LANGUAGES[0])
            imported = await parts.knowledge.replace(place.project.tenant_id, source, entries, embeds_later=True)
        except AppError as refusal:
            return await _page(desk, place, refusal)
        await _audit(desk, place, "knowledge.imported", source)
        return desk.onward(place.path("/knowledge"), Flash("knowledge.imported", {"count": str(imported.documents)}))

    @routes.post("/p/<project>/knowledge/try")
    async def try_question(project: str) -> Response:
        """A question is speech: it is in no address."""
        values = await desk.form()
        place = await desk.place(project)
        question = values.get("question", "").strip()
        agents = await parts.tenants.numbered_agents(place.project.tenant_id, place.project.id)
        agent_uid = agents[0][1].uid if agents else ""
        return await _page(
            desk,
            place,
            question=question,
            passages=await parts.knowledge.search(place.project.tenant_id, agent_uid, question),
        )

    @routes.post("/p/<project>/knowledge/delete")
    async def forget_source(project: str) -> Answer:
        place, values = await desk.changing(project)
        source = values.get("source", "")
        if not await parts.knowledge.remove(place.project.tenant_id, source):
            raise NotFound("unknown_source", "There is no knowledge from this file.")
        await _audit(desk, place, "knowledge.removed", source)
        return desk.onward(place.path("/knowledge"), Flash("knowledge.removed", {"source": source}))


async def _audit(desk: Desk, place: Place, action: str, source: str) -> None:
    now, tenant_id = desk.parts.clock.now(), place.project.tenant_id
    await desk.parts.audit.add(now, tenant_id, place.seat.actor, action, {"source": source})


async def _page(
    desk: Desk,
    place: Place,
    refusal: AppError | None = None,
    *,
    question: str = "",
    passages: Sequence[Passage] | None = None,
) -> Response:
    tenant_id = place.project.tenant_id
    return await desk.page(
        "knowledge.html",
        status_of(refusal, request.path) if refusal else 200,
        section="knowledge",
        sources=await desk.parts.knowledge.sources(tenant_id),
        spoken=LANGUAGES,
        language=(await desk.parts.tenants.by_id(tenant_id)).language,
        most_mb=FILE_MAX_BYTES // 1024 // 1024,
        refusal=refusal,
        question=question,
        passages=passages,
    )
