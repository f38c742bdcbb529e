"""The console's way in: sign up, confirm the address, sign in, sign out, another language."""

from quart import Blueprint, Response, redirect, request

from server.identity import NewAccount
from server.kit.errors import AppError, NotAuthenticated
from server.web.console_desk import PREFIX, Answer, ConsoleParts, Desk, close_to_others
from server.web.console_session import ConsoleCookies, Flash
from server.web.console_words import LANGUAGES
from server.web.errors import status_of

_HOME = f"{PREFIX}/projects"
_NOT_CONFIRMED = "not_confirmed"


class WayIn:
    """What the pages before signing in share."""

    def __init__(self, desk: Desk, outbox: str | None) -> None:
        """`outbox`: the page where mails are read on a server that sends none."""
        self.desk = desk
        self._outbox = outbox

    async def show(self, template: str, values: dict[str, str], refusal: AppError | None = None) -> Response:
        """A form with what was typed (but for the password) and what is wrong with it."""
        status = status_of(refusal, request.path) if refusal else 200
        shown = {name: value for name, value in values.items() if name != "password"}
        return await self.desk.page(template, status, values=shown, refusal=refusal, outbox=self._outbox)

    async def first(self, template: str) -> Answer:
        """The empty form, unless somebody is signed in."""
        return redirect(_HOME, 303) if await self.is_in() else await self.show(template, {})

    async def is_in(self) -> bool:
        try:
            await self.desk.seat()
        except NotAuthenticated:
            return False
        return True

    def welcome(self, token: str, flash: Flash | None = None) -> Answer:
        response = self.desk.onward(_HOME, flash, token)
        self.desk.cookies.keep_session(response, token)
        return response


def add_sign_in(routes: Blueprint, way: WayIn) -> None:
    desk, sign_ins = way.desk, way.desk.parts.identity.sign_ins

    @routes.get("")
    async def home() -> Answer:
        return redirect(_HOME if await way.is_in() else f"{PREFIX}/sign-in", 303)

    @routes.get("/sign-in")
    async def sign_in_page() -> Answer:
        return await way.first("sign_in.html")

    @routes.post("/sign-in")
    async def sign_in() -> Answer:
        values = await desk.form(signed_in=False)
        email = values.get("email", "").strip()
        try:
            new = await sign_ins.sign_in(email, values.get("password", ""), desk.address())
        except AppError as refusal:
            if refusal.code == _NOT_CONFIRMED:
                return await way.show("confirm.html", {"email": email})
            return await way.show("sign_in.html", values, refusal)
        return way.welcome(new.token)

    @routes.post("/sign-out")
    async def sign_out() -> Answer:
        await desk.form()
        await sign_ins.sign_out(desk.cookies.session or "")
        response = redirect(f"{PREFIX}/sign-in", 303)
        desk.cookies.forget_session(response)
        return response

    @routes.post("/language")
    async def language() -> Answer:
        """Another language, then back to the page where it was chosen."""
        values = await desk.form(signed_in=await way.is_in())
        back = values.get("back", "")
        is_here = back.startswith(f"{PREFIX}/") and "//" not in back and "\\" not in back
        response = redirect(back if is_here else PREFIX, 303)
        if values.get("language") in LANGUAGES:
            desk.cookies.keep_language(response, values["language"])
        return response


def add_sign_up(routes: Blueprint, way: WayIn) -> None:
    desk, identity = way.desk, way.desk.parts.identity

    @routes.get("/sign-up")
    async def sign_up_page() -> Answer:
        return await way.first("sign_up.html")

    @routes.post("/sign-up")
    async def sign_up() -> Answer:
        values = await desk.form(signed_in=False)
        email = values.get("email", "").strip()
        wish = NewAccount(email, values.get("password", ""), values.get("name", ""), desk.words().language)
        try:
            await identity.accounts.sign_up(wish, desk.address())
        except AppError as refusal:
            return await way.show("sign_up.html", values, refusal)
        return await way.show("confirm.html", {"email": email})

    @routes.get("/confirm")
    async def confirm_page() -> Answer:
        return await way.first("confirm.html")

    @routes.post("/confirm")
    async def confirm() -> Answer:
        values = await desk.form(signed_in=False)
        email, code = values.get("email", "").strip(), "".join(values.get("code", "").split())
        try:
            confirmed = await identity.accounts.confirm(email, code, desk.address())
        except AppError as refusal:
            return await way.show("confirm.html", values, refusal)
        new = await identity.sign_ins.start(confirmed.user.id)
        return way.welcome(new.token, Flash("confirm.done"))


def demo_console(parts: ConsoleParts, user_id: int) -> Blueprint:
    """/console/demo, for the demo alone: every click is signed in as its owner."""
    routes = Blueprint("demo_console", __name__)
    cookies = ConsoleCookies(parts.secret, parts.clock, parts.origin)

    @routes.get(f"{PREFIX}/demo")
    async def demo() -> Answer:
        answer = redirect(PREFIX, 303)
        cookies.keep_session(answer, (await parts.identity.sign_ins.start(user_id)).token)
        return close_to_others(answer)

    return routes
