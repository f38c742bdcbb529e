"""The widget's HTTP surface: configuration, sessions, connections, text. See docs/reference/widget-protocol.md."""

from typing import Literal

from pydantic import Field
from quart import Blueprint, Response, jsonify, request

from server.calls.control import checked_client_id, checked_text
from server.calls.visits import WidgetVisits, Wish
from server.web.bodies import RequestBody, read_body
from server.web.widget_guard import WidgetGuard
from server.widgets import OptionTable

_MAX_SDP_CHARACTERS = 32 * 1024
_MAX_METADATA = 20


class Nothing(RequestBody):
    """A body without fields: it is still read, so that it is JSON and not too large."""


class Consent(RequestBody):
    version: str = Field(max_length=40, pattern=r"^[^\x00]*$")  # no database keeps NUL


class Page(RequestBody):
    path: str = Field("", max_length=500)
    title: str = Field("", max_length=200)


class OpenSession(RequestBody):
    key: str | None = Field(None, max_length=2_000)  # a frame's ticket is longer than a key
    agent: str | None = Field(None, max_length=100)
    tenant: str | None = Field(None, max_length=100)
    language: str | None = Field(None, max_length=12)
    mode: Literal["voice", "text"]
    offer: str | None = Field(None, max_length=_MAX_SDP_CHARACTERS)
    consent: Consent | None = None
    page: Page | None = None
    greeting: str | None = None  # checked by the table of options
    metadata: dict[str, str] = Field(default_factory=dict, max_length=_MAX_METADATA)

    def wish(self) -> Wish:
        return Wish(
            mode=self.mode,
            language=self.language,
            offer=self.offer,
            consent_version=self.consent.version if self.consent else None,
            greeting=self.greeting,
            page=self.page.model_dump() if self.page else {},
            metadata=self.metadata,
        )


class Connect(RequestBody):
    offer: str = Field(max_length=_MAX_SDP_CHARACTERS)


class WrittenMessage(RequestBody):
    id: str
    text: str


class Rating(RequestBody):
    score: int = Field(ge=1, le=5)
    comment: str | None = Field(None, max_length=1_000)


def widget(guard: WidgetGuard, visits: WidgetVisits, options: OptionTable) -> Blueprint:
    """Every route names its guard in its first line: `target` for public keys, `session` for session tokens."""
    routes = Blueprint("widget", __name__, url_prefix="/widget")

    @routes.get("/config")
    async def config() -> Response:
        asked = request.args
        target = await guard.target(asked.get("key"), asked.get("agent"), asked.get("tenant"))
        return jsonify(await visits.config(target, asked.get("language")))

    @routes.post("/sessions")
    async def open_session() -> tuple[Response, int]:
        body = await read_body(OpenSession)
        target = await guard.target(body.key, body.agent, body.tenant)
        if body.greeting:
            options.check({"greeting": body.greeting})
        return jsonify(await visits.open(target, body.wish(), *guard.visitor())), 201

    @routes.post("/sessions/connect")
    async def connect() -> Response:
        session = await guard.session()
        return jsonify(await visits.connect(session, (await read_body(Connect)).offer))

    @routes.get("/sessions/current")
    async def current() -> Response:
        return jsonify(await visits.current(await guard.session()))

    @routes.post("/messages")
    async def write() -> Response:
        session = await guard.session()
        body = await read_body(WrittenMessage)
        messages = await visits.write(session, checked_client_id(body.id), checked_text(body.text))
        return jsonify({"messages": messages})

    @routes.post("/sessions/end")
    async def end() -> Response:
        session = await guard.session(may_be_over=True)
        await read_body(Nothing)
        return jsonify(await visits.end(session))

    @routes.post("/sessions/rating")
    async def rate() -> Response:
        session = await guard.session(may_be_over=True)
        body = await read_body(Rating)
        await visits.rate(session, body.score, body.comment)
        return jsonify({"status": "ok"})

    return routes
