"""What every page of the console stands on: who asks and what for, how a page is made, where a form leads."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, TypeVar

from quart import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from server.calls.service import Calls
from server.identity import Identity
from server.identity.rights import CHANGES, LISTENS, SEES_SETTINGS
from server.identity.users import Role, User
from server.kit.clock import Clock
from server.kit.errors import NotAllowed, NotAuthenticated, NotFound
from server.knowledge import KnowledgeBase
from server.sessions.service import network_of
from server.storage.secret import MasterSecret
from server.tenants.audit import AuditLog
from server.tenants.credentials import Credentials, Kind, Principal
from server.tenants.keyring import Keyring
from server.tenants.origins import OriginDirectory
from server.tenants.plans import plan_named
from server.tenants.projects import Project, Projects
from server.tenants.relay_numbers import RelayNumbers
from server.tenants.service import Tenants
from server.web.assets import AssetManifest
from server.web.client_address import ClientAddresses
from server.web.console_session import ConsoleCookies, Flash
from server.web.console_words import LANGUAGES, Catalogue, Words
from server.web.pages import ROOT
from server.webhooks import Webhooks

PREFIX = "/console"
STATIC = ROOT / "static" / "console"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_NATIVE = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية", "ary": "الدارجة"}
Answer = Response | Redirect
_Answer = TypeVar("_Answer", Response, Redirect)


@dataclass(frozen=True)
class ConsoleParts:
    """The services behind the console."""

    identity: Identity
    tenants: Tenants
    projects: Projects
    credentials: Credentials
    keyring: Keyring
    origins: OriginDirectory
    relays: RelayNumbers
    webhooks: Webhooks
    calls: Calls
    knowledge: KnowledgeBase
    audit: AuditLog
    secret: MasterSecret
    clock: Clock
    assets: AssetManifest
    addresses: ClientAddresses
    origin: str


@dataclass(frozen=True)
class Seat:
    """Somebody who is signed in."""

    token: str = field(repr=False)
    user: User
    sign_in_uid: str

    @property
    def actor(self) -> str:
        return f"user:{self.user.uid}"

    @property
    def tenant_ids(self) -> list[int]:
        return [each.tenant_id for each in self.user.memberships]

    @property
    def may_change(self) -> list[int]:
        """The tenants whose things this user may change."""
        return [each.tenant_id for each in self.user.memberships if each.role in CHANGES]

    def role_in(self, tenant_id: int) -> Role | None:
        return next((each.role for each in self.user.memberships if each.tenant_id == tenant_id), None)


@dataclass(frozen=True)
class Place:
    """A project somebody may see, and who: where a page of the console is."""

    seat: Seat
    project: Project
    role: Role

    @property
    def may_change(self) -> bool:
        return self.role in CHANGES

    @property
    def may_listen(self) -> bool:
        return self.role in LISTENS

    @property
    def sees_settings(self) -> bool:
        return self.role in SEES_SETTINGS

    def path(self, rest: str = "") -> str:
        return f"{PREFIX}/p/{self.project.uid}{rest}"


class Desk:
    """One for the whole console; what belongs to one request lives in `g`."""

    def __init__(self, parts: ConsoleParts) -> None:
        self.parts = parts
        self.cookies = ConsoleCookies(parts.secret, parts.clock, parts.origin)
        self._catalogue = Catalogue.load()
        style = (STATIC / "console.css").read_bytes()
        self._style = f"{PREFIX}/static/console.css?v={hashlib.sha256(style).hexdigest()[:12]}"

    def words(self) -> Words:
        """In the language the browser chose here, else the user's, else the first it accepts."""
        if "console_words" not in g:
            seat: Seat | None = g.get("console_seat")
            wished = self.cookies.language or (seat.user.locale if seat else None)
            g.console_words = self._catalogue.chosen(wished, [tag for tag, _ in request.accept_languages])
        words: Words = g.console_words
        return words

    def address(self) -> str:
        """The client's network, for limits."""
        return network_of(self.parts.addresses.of(request.remote_addr, request.headers.get("X-Forwarded-For")))

    async def seat(self) -> Seat:
        """Who asks. Raises NotAuthenticated."""
        if "console_seat" not in g:
            token = self.cookies.session
            if not token:
                raise NotAuthenticated("not_signed_in", "Sign in first.")
            signed_in = await self.parts.identity.sign_ins.session(token)
            g.console_seat = Seat(token, signed_in.user, signed_in.uid)
        seat: Seat = g.console_seat
        return seat

    async def place(self, project: str, roles: frozenset[Role] = SEES_SETTINGS) -> Place:
        """The project named by uid. Raises NotFound for one of other people, NotAllowed `role_too_weak`."""
        seat = await self.seat()
        found = await self.parts.projects.find(seat.tenant_ids, project)
        role = seat.role_in(found.tenant_id) if found else None
        if found is None or role is None:
            raise NotFound("unknown_project", "There is no such project, or it is not yours.")
        g.console_place = Place(seat, found, role)
        if role not in roles:
            raise NotAllowed("role_too_weak", "Your role does not allow this. Ask an owner or an admin.")
        place: Place = g.console_place
        return place

    async def principal(self, place: Place) -> Principal:
        """The project itself, as its own token would ask for its calls."""
        tenant = await self.parts.tenants.by_id(place.project.tenant_id)
        return Principal(
            tenant_id=tenant.id,
            tenant_uid=tenant.uid,
            project_id=place.project.id,
            kind=Kind.PROJECT,
            scopes=frozenset({"project"}),
            livemode=True,
            plan=plan_named(tenant.plan),
            user_uid=place.seat.user.uid,
        )

    async def form(self, *, signed_in: bool = True) -> dict[str, str]:
        """The fields of a POST from a page of ours. Raises NotAllowed `form_refused`."""
        values = {name: str(value) for name, value in (await request.form).items()}
        presented = values.pop("csrf", "")
        if signed_in:
            self.cookies.check_form(self.cookies.session, presented)
        else:
            self.cookies.check_visitor(presented)
        return values

    async def changing(self, project: str, roles: frozenset[Role] = CHANGES) -> tuple[Place, dict[str, str]]:
        """The place and the fields of a form that changes something there."""
        values = await self.form()
        return await self.place(project, roles), values

    async def page(self, template: str, status: int = 200, **facts: Any) -> Response:
        """A page of the console, told everything that all of them need."""
        seat: Seat | None = g.get("console_seat")
        visitor = seat.token if seat else self.cookies.visitor()
        words = self.words()
        script, integrity = self.parts.assets.page("console")
        html = await render_template(
            f"console/{template}",
            t=words,
            seat=seat,
            place=g.get("console_place"),
            csrf=self.cookies.form_token(visitor),
            flash=self.cookies.take_flash(visitor),
            style=self._style,
            script=script,
            integrity=integrity,
            prefix=PREFIX,
            languages=[(code, _NATIVE[code]) for code in LANGUAGES],
            here=request.path,
            **facts,
        )
        response = Response(html, status, content_type="text/html; charset=utf-8")
        if seat is None:
            self.cookies.keep_visitor(response, visitor)
        self.cookies.drop_flash(response)
        return response

    def onward(self, path: str, flash: Flash | None = None, seat: str | None = None) -> Redirect:
        """See `path` next, with something told there once."""
        response = redirect(path, 303)
        told_to = seat or self.cookies.session
        if flash is not None and told_to is not None:
            self.cookies.flash(response, told_to, flash)
        return response


def close_to_others(response: _Answer) -> _Answer:
    """The headers of every answer of the console: nobody frames it, keeps it, or puts a script into it."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
