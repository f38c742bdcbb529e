"""The console's page about whoever is signed in: name, language, password, where they are signed in, their tokens."""

from quart import Blueprint, Response, request

from server.kit.errors import AppError
from server.web.console_desk import PREFIX, Answer, Desk
from server.web.console_session import Flash
from server.web.console_words import LANGUAGES
from server.web.errors import status_of

_HERE = f"{PREFIX}/account"


def add_account(routes: Blueprint, desk: Desk) -> None:
    identity = desk.parts.identity

    @routes.get("/account")
    async def account() -> Response:
        return await _page(desk)

    @routes.post("/account")
    async def change_profile() -> Answer:
        values = await desk.form()
        seat = await desk.seat()
        language = values.get("language", "")
        try:
            await identity.accounts.change_profile(seat.user.id, values.get("name", ""), language)
        except AppError as refusal:
            return await _page(desk, refusal, "profile")
        response = desk.onward(_HERE, Flash("account.kept"))
        if language in LANGUAGES:
            desk.cookies.keep_language(response, language)
        return response

    @routes.post("/account/password")
    async def change_password() -> Answer:
        values = await desk.form()
        seat = await desk.seat()
        old, new = values.get("old", ""), values.get("password", "")
        try:
            await identity.password_changes.change(seat.user.id, old, new, seat.sign_in_uid)
        except AppError as refusal:
            return await _page(desk, refusal, "password")
        return desk.onward(_HERE, Flash("account.password_changed"))

    @routes.post("/account/sign-out-elsewhere")
    async def sign_out_elsewhere() -> Answer:
        await desk.form()
        seat = await desk.seat()
        await identity.sign_ins.end_others(seat.user.id, seat.sign_in_uid)
        return desk.onward(_HERE, Flash("account.signed_out_elsewhere"))


def add_user_tokens(routes: Blueprint, desk: Desk) -> None:
    tokens = desk.parts.identity.tokens

    @routes.post("/account/tokens")
    async def create_user_token() -> Answer:
        await desk.form()
        seat = await desk.seat()
        try:
            minted = await tokens.create(seat.user.id)
        except AppError as refusal:
            return await _page(desk, refusal, "tokens")
        return desk.onward(_HERE, Flash("account.token_made", secret=minted.text))

    @routes.post("/account/tokens/<token>/revoke")
    async def revoke_user_token(token: str) -> Answer:
        await desk.form()
        seat = await desk.seat()
        await tokens.revoke(seat.user.id, token)
        return desk.onward(_HERE, Flash("account.token_revoked"))


async def _page(desk: Desk, refusal: AppError | None = None, part: str = "") -> Response:
    """`part`: the form that was refused."""
    identity, seat = desk.parts.identity, await desk.seat()
    return await desk.page(
        "account.html",
        status_of(refusal, request.path) if refusal else 200,
        sign_ins=await identity.sign_ins.of(seat.user.id),
        tokens=(await identity.tokens.of(seat.user.id))[::-1],
        refusal=refusal,
        part=part,
        origin=desk.parts.origin,
    )
