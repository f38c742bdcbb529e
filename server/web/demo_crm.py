"""The demo CRM: a customer's page on an origin of its own, with our softphone in it, and the small backend behind it.

The backend does what a customer's would: it alone holds the project token, and asks the published API.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from quart import Blueprint, Quart, Response, abort, jsonify, make_response, render_template, request

_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 10.0
_NOTES_MAX = 500
_NOTE_CHARACTERS = 2_000
OUTCOMES = ("interested", "follow_up", "not_interested", "wrong_number", "voicemail", "no_contact", "other")
CALLER_ID = "+33159133354"
_SHOWN = ("id", "created_at", "status", "duration")


@dataclass(frozen=True)
class Contact:
    """Somebody to call. `note` says what this number does."""

    slug: str
    name: str
    company: str
    number: str
    note: str


CONTACTS = (
    Contact("lea", "Léa Dubois", "Your own telephone", "+33612345678", "Rings the handset you opened in another tab"),
    Contact("amel", "Amel Haddad", "Atelier Nord", "+15005550006", "Answers and talks for half a minute"),
    Contact("jonas", "Jonas Weber", "Echo & Sons", "+15005550007", "Answers and says back what you say"),
    Contact("ines", "Inés Romero", "Librería Sol", "+15005550008", "Has a voicemail"),
    Contact("paul", "Paul Lefèvre", "Garage Lefèvre", "+15005550001", "Is always busy"),
    Contact("mona", "Mona Saïdi", "Pharmacie du Port", "+15005550002", "Never picks up"),
    Contact("tom", "Tom Archer", "Archer Prints", "+15005550003", "Declines every call"),
    Contact("zoe", "Zoé Martin", "No telephone", "+15005550005", "Cannot be reached"),
)


class CallsApi:
    """The published API, asked with the project token. The token stays here."""

    def __init__(self, server_origin: str, project_token: str, client: httpx.AsyncClient) -> None:
        self._base = f"{server_origin}/api/v1"
        self._headers = {"Authorization": f"Bearer {project_token}"}
        self._client = client

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[dict[str, Any], int]:
        """The answer and its status, as our page may see them."""
        try:
            answer = await self._client.request(method, self._base + path, json=body, headers=self._headers)
        except httpx.HTTPError:
            return {"error": "The call server cannot be reached.", "code": "unreachable"}, 502
        said: dict[str, Any] = answer.json()
        return said, answer.status_code

    async def link(self, call_id: int, role: str) -> tuple[dict[str, Any], int]:
        """A link to the softphone of a call, with the call's id beside it."""
        link, status = await self.ask("POST", f"/calls/{call_id}/embed_session", {"role": role})
        return link | {"call_id": call_id}, status

    async def replay(self, call_id: int) -> tuple[dict[str, Any], int]:
        """A link to the player of a call."""
        return await self.ask("POST", f"/calls/{call_id}/player_session", {})

    async def dial(self, contact: Contact) -> tuple[dict[str, Any], int]:
        """Order the call, and a link to its softphone."""
        order = {
            "call_type": "bridge",
            "vendeur_mode": "browser",
            "recipient_phone_number": contact.number,
            "recipient_name": contact.name,
            "external_id": contact.slug,
            "language": "en",
            "caller_id": CALLER_ID,
        }
        call, status = await self.ask("POST", "/calls/initiate", order)
        return await self.link(call["phone_call_id"], "agent") if status == 201 else (call, status)

    async def log(self) -> tuple[dict[str, Any], int]:
        """The latest calls: what the log shows of them, with the names we know."""
        said, status = await self.ask("GET", "/phone_calls")
        if "calls" not in said:
            return said, status
        names = {contact.number: contact.name for contact in CONTACTS}
        calls = [
            {field: call[field] for field in _SHOWN} | {"name": names.get(call["to"], call["to"])}
            for call in said["calls"]
        ]
        return {"calls": calls}, status

    async def close(self) -> None:
        await self._client.aclose()


class CallNotes:
    """What was said of calls afterwards: the CRM's own record, of the latest calls, as long as it runs."""

    def __init__(self) -> None:
        self._notes: dict[int, tuple[str, str]] = {}

    def write(self, call_id: int, outcome: str, note: str) -> None:
        self._notes[call_id] = (outcome, note)
        if len(self._notes) > _NOTES_MAX:
            del self._notes[next(iter(self._notes))]

    def beside(self, call: dict[str, Any]) -> dict[str, Any]:
        """The call with what was said of it; empty texts when nothing was."""
        outcome, note = self._notes.get(call.get("id", 0), ("", ""))
        return call | {"said_outcome": outcome, "said_note": note}


def create_crm_app(*, server_origin: str, project_token: str) -> Quart:
    """The CRM, asking the server at `server_origin`."""
    app = Quart("parloir_demo_crm", root_path=str(_ROOT), template_folder="templates")
    app.static_folder = str(_ROOT / "static" / "demo")
    app.add_url_rule("/crm/<path:filename>", "crm_file", app.send_static_file)
    api = CallsApi(server_origin, project_token, httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False))
    app.after_serving(api.close)
    app.register_blueprint(_calls(api))

    @app.before_request
    async def _only_our_own_page() -> None:
        """Another site's page must not dial with our token."""
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            abort(403)

    @app.get("/")
    async def home() -> Response:
        response = await make_response(await render_template("crm/home.html", contacts=CONTACTS, server=server_origin))
        assert isinstance(response, Response)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self' {server_origin}; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'; frame-src {server_origin}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return response

    return app


def _calls(api: CallsApi) -> Blueprint:
    """What the CRM's page asks its backend for."""
    routes = Blueprint("calls", __name__)
    contacts = {contact.slug: contact for contact in CONTACTS}
    notes = CallNotes()

    @routes.post("/calls/<slug>")
    async def dial(slug: str) -> tuple[Response, int]:
        if slug not in contacts:
            abort(404)
        link, status = await api.dial(contacts[slug])
        return jsonify(link), status

    @routes.post("/calls/<int:call_id>/listen")
    async def listen(call_id: int) -> tuple[Response, int]:
        link, status = await api.link(call_id, "listen")
        return jsonify(link), status

    @routes.post("/calls/<int:call_id>/replay")
    async def replay(call_id: int) -> tuple[Response, int]:
        link, status = await api.replay(call_id)
        return jsonify(link), status

    @routes.post("/calls/<int:call_id>/outcome")
    async def outcome(call_id: int) -> tuple[Response, int]:
        """How a call went, as the agent wrote it in the softphone."""
        said = await request.get_json(silent=True)
        if not isinstance(said, dict) or said.get("outcome") not in OUTCOMES:
            abort(400)
        notes.write(call_id, said["outcome"], str(said.get("note", ""))[:_NOTE_CHARACTERS])
        return jsonify({"status": "success"}), 200

    @routes.get("/calls")
    async def calls() -> tuple[Response, int]:
        said, status = await api.log()
        if "calls" in said:
            said["calls"] = [notes.beside(call) for call in said["calls"]]
        return jsonify(said), status

    return routes
