"""/api/v1/webhooks: where a project's events go, what was sent, and sending it again. Rows P-080 to P-087."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from quart import Blueprint, Response

from server.storage.idempotency import Claim, IdempotencyKeys
from server.web.bodies import read_body
from server.web.idempotency import Answered, made_once
from server.web.openapi import webhooks as api
from server.web.openapi.operation import answered, described
from server.web.project_guard import Asking, ProjectGuard
from server.webhooks import Endpoint, NewEndpoint, Webhooks
from server.webhooks.endpoints import Endpoints
from server.webhooks.log import body_of


def webhooks_api(asking: ProjectGuard, webhooks: Webhooks, keys: IdempotencyKeys) -> Blueprint:
    """Endpoints themselves."""
    routes = Blueprint("webhooks_api", __name__, url_prefix="/api/v1/webhooks")
    endpoints = webhooks.endpoints

    @routes.get("")
    @described(api.LIST_WEBHOOKS)
    async def all_of_them() -> Response:
        asker = await asking()
        mine = [_body(each) for each in await endpoints.list(asker.project_id)]
        return answered(api.Webhooks, {"webhooks": mine})

    @routes.post("")
    @described(api.CREATE_WEBHOOK)
    async def create() -> Response:
        asker = await asking()

        async def make(claim: Claim) -> tuple[Response, int]:
            asked = await read_body(api.CreateWebhook)
            new = NewEndpoint(url=asked.url, events=asked.events or ("*",), name=asked.name)
            return _shown_once(await endpoints.create(asker.project_id, new, asker.actor, claim)), 201

        return await made_once(keys, await asking.principal(), make, _again(endpoints, asker, 201))

    @routes.get("/<reference>")
    @described(api.GET_WEBHOOK)
    async def one(reference: str) -> Response:
        return answered(api.Webhook, _body(await endpoints.find((await asking()).project_id, reference)))

    @routes.patch("/<reference>")
    @described(api.CHANGE_WEBHOOK)
    async def change(reference: str) -> Response:
        asker, asked = await asking(), await read_body(api.ChangeWebhook)
        changes = {name: value for name, value in asked.model_dump().items() if value is not None}
        return answered(api.Webhook, _body(await endpoints.change(asker.project_id, reference, changes, asker.actor)))

    @routes.delete("/<reference>")
    @described(api.DELETE_WEBHOOK)
    async def delete(reference: str) -> Response:
        asker = await asking()
        await endpoints.delete(asker.project_id, reference, asker.actor)
        return answered(api.Deleted, {"status": "success"})

    @routes.post("/<reference>/rotate_secret")
    @described(api.ROTATE_SECRET)
    async def rotate(reference: str) -> Response:
        asker = await asking()

        async def replace(claim: Claim) -> tuple[Response, int]:
            asked = await read_body(api.RotateSecret)
            rotated = await endpoints.rotate(
                asker.project_id, reference, asked.overlap_hours, asker.actor, force=asked.force, claim=claim
            )
            return _shown_once(rotated), 200

        return await made_once(keys, await asking.principal(), replace, _again(endpoints, asker, 200))

    return routes


def webhook_log_api(asking: ProjectGuard, webhooks: Webhooks, keys: IdempotencyKeys) -> Blueprint:
    """What endpoints were sent, and sending it again."""
    routes = Blueprint("webhook_log_api", __name__, url_prefix="/api/v1/webhooks/<reference>")

    async def owned(reference: str) -> int:
        return (await webhooks.endpoints.find((await asking()).project_id, reference)).id

    async def sent(name: str, send: Callable[[Claim], Awaitable[object]]) -> Response:
        async def work(claim: Claim) -> tuple[Response, int]:
            return await again(await send(claim))

        async def again(sent: object) -> tuple[Response, int]:
            webhooks.dispatcher.poke()
            return answered(api.Sent, {"status": "success", name: sent}), 200

        return await made_once(keys, await asking.principal(), work, again)

    @routes.get("/calls")
    @described(api.DELIVERY_LOG)
    async def calls(reference: str) -> Response:
        attempts = [body_of(each) for each in await webhooks.log.latest(await owned(reference))]
        return answered(api.DeliveryLog, {"calls": attempts})

    @routes.post("/calls/<delivery>/replay")
    @described(api.REPLAY)
    async def replay(reference: str, delivery: str) -> Response:
        endpoint_id = await owned(reference)
        return await sent("event_id", lambda _: webhooks.log.replay(endpoint_id, delivery))

    @routes.post("/recover")
    @described(api.RECOVER)
    async def recover(reference: str) -> Response:
        endpoint_id = await owned(reference)
        since = (await read_body(api.Recover)).since
        return await sent("count", lambda _: webhooks.log.recover(endpoint_id, since))

    @routes.post("/test")
    @described(api.TEST_WEBHOOK)
    async def test(reference: str) -> Response:
        endpoint_id = await owned(reference)
        return await sent("event_id", lambda claim: webhooks.log.test(endpoint_id, claim))

    return routes


def _again(endpoints: Endpoints, asker: Asking, status: int) -> Callable[[str], Answered]:
    """The answer that was lost, of the endpoint `uid`."""

    async def again(uid: str) -> tuple[Response, int]:
        return _shown_once(await endpoints.with_secret(asker.project_id, uid)), status

    return again


def _shown_once(made: tuple[Endpoint, str]) -> Response:
    endpoint, secret = made
    return answered(api.WebhookWithSecret, _body(endpoint) | {"secret": secret})


def _body(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "uid": endpoint.uid,
        "name": endpoint.name,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "active": endpoint.is_active,
        "disabled_reason": endpoint.disabled_reason,
        "last_success_at": _at(endpoint.last_success_at),
        "failing_since": _at(endpoint.failing_since),
        "created_at": _at(endpoint.created_at),
    }


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
