"""The console's way back in for who forgot the password: a code by mail, then another password."""

from quart import Blueprint, Response

from server.kit.errors import AppError
from server.web.console_desk import PREFIX, Answer
from server.web.console_session import Flash
from server.web.console_sign_in import WayIn


def add_forgotten(routes: Blueprint, way: WayIn) -> None:
    """No code and no address is ever in the page's own address: both travel in forms."""
    desk, changes = way.desk, way.desk.parts.identity.password_changes

    @routes.get("/forgotten")
    async def forgotten_page() -> Answer:
        return await way.first("forgotten.html")

    @routes.post("/forgotten")
    async def forgotten() -> Response:
        values = await desk.form(signed_in=False)
        email = values.get("email", "").strip()
        try:
            await changes.ask(email, desk.words().language, desk.address())
        except AppError as refusal:
            return await way.show("forgotten.html", values, refusal)
        return await way.show("new_password.html", {"email": email})

    @routes.get("/new-password")
    async def new_password_page() -> Answer:
        return await way.first("new_password.html")

    @routes.post("/new-password")
    async def new_password() -> Answer:
        values = await desk.form(signed_in=False)
        email, code = values.get("email", "").strip(), values.get("code", "")
        try:
            await changes.reset(email, code, values.get("password", ""), desk.address())
        except AppError as refusal:
            return await way.show("new_password.html", values, refusal)
        return desk.onward(f"{PREFIX}/sign-in", Flash("forgotten.done"), desk.cookies.visitor())
