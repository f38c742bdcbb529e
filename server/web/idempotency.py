"""`Idempotency-Key` on requests that create or dial: sent again, they are answered again and not done again."""

import hashlib
from collections.abc import Awaitable, Callable

from quart import Response, request

from server.storage.idempotency import UNCLAIMED, Answer, Claim, IdempotencyKeys, Made
from server.tenants.credentials import Principal

REPLAYED = "Idempotency-Replayed"

Answered = Awaitable[tuple[Response, int]]


async def once(keys: IdempotencyKeys, principal: Principal, work: Callable[[], Answered]) -> Response:
    """As made_once(), for what may be done twice should the server die before its answer is kept."""
    return await made_once(keys, principal, lambda _: work(), lambda _: work())


async def made_once(
    keys: IdempotencyKeys,
    principal: Principal,
    make: Callable[[Claim], Answered],
    again: Callable[[str], Answered],
) -> Response:
    """The answer of `make`, or the one it gave when the same principal sent this key before.

    `make` tells its claim what it made. If that was committed and the answer was lost, `again` is given what was told,
    and answers of it. A refusal is not kept: nothing was done, and the request may be mended.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _with(*await make(UNCLAIMED))
    scope = f"{principal.tenant_id}:{principal.project_id}:{request.method} {request.path}"[:200]
    known = await keys.begin(scope, key, hashlib.sha256(await request.data).hexdigest())
    if isinstance(known, Answer):
        return _replayed(known)
    try:
        answer = _with(*await (again(known.reference) if isinstance(known, Made) else make(known)))
    except BaseException:
        if isinstance(known, Claim):
            await keys.forget(known)
        raise
    mine = Answer(answer.status_code, await answer.get_data(as_text=False))
    kept = await keys.finish(scope, key, mine)
    return answer if kept is mine and not isinstance(known, Made) else _replayed(kept)


def _replayed(answer: Answer) -> Response:
    return Response(answer.body, answer.status, {REPLAYED: "true"}, content_type="application/json")


def _with(answer: Response, status: int) -> Response:
    answer.status_code = status
    return answer
