"""The console's calls: those of a project that are asked for, page by page, one to listen in on, one to replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request

from server.calls.filters import PAGE, CallFilter
from server.calls.phonevoice import stands_for, status_of
from server.identity.rights import LISTENS, SEES_CALLS
from server.media.leg import Role
from server.web.console_desk import Answer, Desk

STATES = ("in-progress", "ringing", "completed", "no-answer", "busy", "failed", "canceled", "error")
DIRECTIONS = ("inbound", "outbound")
_PAGES_MAX = 10_000


@dataclass(frozen=True)
class _Asked:
    """What the list is asked for; whatever makes no sense asks for nothing. Days are those of UTC, both included."""

    status: str | None
    direction: str | None
    since: date | None
    until: date | None
    page: int  # from 1
    limit: int = PAGE  # of a page

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "_Asked":
        return cls(
            status=_one_of(query.get("status"), STATES),
            direction=_one_of(query.get("direction"), DIRECTIONS),
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            page=_number(query.get("page", ""), 1, _PAGES_MAX),
            limit=_number(query.get("limit", ""), PAGE, PAGE),
        )

    @property
    def narrows(self) -> bool:
        return any((self.status, self.direction, self.since, self.until))

    @property
    def filter(self) -> CallFilter:
        return CallFilter(
            stands=stands_for(self.status) if self.status else (),
            direction=self.direction,
            since=_midnight(self.since) if self.since else None,
            until=_midnight(self.until + timedelta(days=1)) if self.until and self.until < date.max else None,
            limit=self.limit,
            offset=self.first,
        )

    @property
    def first(self) -> int:
        """How many calls come before this page."""
        return (self.page - 1) * self.limit

    def query(self, page: int) -> str:
        """The same list, another page of it."""
        said: dict[str, object] = {"status": self.status, "direction": self.direction}
        said |= {"since": self.since, "until": self.until, "limit": self.limit if self.limit != PAGE else None}
        return "?" + urlencode({name: value for name, value in said.items() if value} | {"page": page})


def add_calls(routes: Blueprint, desk: Desk) -> None:
    calls = desk.parts.calls

    @routes.get("/p/<project>/calls")
    async def latest(project: str) -> Response:
        place = await desk.place(project, SEES_CALLS)
        asked = _Asked.of(request.args)
        shown, total = await calls.latest(await desk.principal(place), asked.filter)
        return await desk.page(
            "calls.html",
            section="calls",
            calls=shown,
            total=total,
            asked=asked,
            states=STATES,
            directions=DIRECTIONS,
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


def _one_of(text: str | None, known: tuple[str, ...]) -> str | None:
    return text if text in known else None


def _number(text: str, default: int, most: int) -> int:
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 9 else default


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
