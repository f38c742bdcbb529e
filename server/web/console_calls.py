"""The console's calls: the newest of a project, one to listen in on, one to replay."""

from quart import Blueprint, Response, redirect

from server.calls.phonevoice import status_of
from server.media.leg import Role
from server.web.console_desk import LISTENS, SEES_CALLS, Answer, Desk


def add_calls(routes: Blueprint, desk: Desk) -> None:
    calls = desk.parts.calls

    @routes.get("/p/<project>/calls")
    async def latest(project: str) -> Response:
        place = await desk.place(project, SEES_CALLS)
        shown, total = await calls.latest(await desk.principal(place))
        return await desk.page(
            "calls.html",
            section="calls",
            calls=shown,
            total=total,
            status_of=status_of,
            has_live=any(not call.is_over for call in shown),
            origin=desk.parts.origin,
        )

    @routes.post("/p/<project>/calls/<call>/listen")
    async def listen_in(project: str, call: str) -> Answer:
        """A softphone that hears and is never heard."""
        place, _ = await desk.changing(project, LISTENS)
        link, _role = await calls.softphone_link(await desk.principal(place), call, Role.LISTEN.value)
        return redirect(f"/embed?t={link.token}", 303)

    @routes.post("/p/<project>/calls/<call>/replay")
    async def replay_call(project: str, call: str) -> Answer:
        place, _ = await desk.changing(project, SEES_CALLS)
        link = await calls.player_link(await desk.principal(place), call)
        return redirect(f"/player?t={link.token}", 303)
