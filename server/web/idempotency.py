"""`Idempotency-Key` on requests that create or dial: sent again, they are answered again and not done again."""

import hashlib
from collections.abc import Awaitable, Callable

from quart import Response, request

from server.storage.idempotency import Answer, IdempotencyKeys
from server.tenants.credentials import Principal

REPLAYED = "Idempotency-Replayed"


async def once(
    keys: IdempotencyKeys, principal: Principal, work: Callable[[], Awaitable[tuple[Response, int]]]
) -> Response:
    """The answer of `work`, or the one it gave when the same principal sent this key before.

    A refusal is not kept: nothing was done, and the request may be mended.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        answer, status = await work()
        answer.status_code = status
        return answer
    scope = f"{principal.tenant_id}:{principal.project_id}:{request.method} {request.path}"[:200]
    known = await keys.begin(scope, key, hashlib.sha256(await request.data).hexdigest())
    if known is not None:
        return Response(known.body, known.status, {REPLAYED: "true"}, content_type="application/json")
    try:
        answer, status = await work()
    except BaseException:
        await keys.forget(scope, key)
        raise
    answer.status_code = status
    await keys.finish(scope, key, Answer(status, await answer.get_data(as_text=False)))
    return answer
