"""How often backends and pages may ask, in one place: /api/v1 by the tenant's plan, exchanges of links by address."""

from quart import Blueprint, Response, g, request

from server.kit.errors import TooMany
from server.sessions.service import network_of
from server.storage.rate import Rate, Rates, Use
from server.tenants.credentials import Principal
from server.web.client_address import ClientAddresses

EXCHANGES_PER_ADDRESS = Rate(per_minute=60)
_EXCHANGES = {"/embed/exchange": "embed", "/player/exchange": "player"}
_COUNTED = "api_use"


async def count(rates: Rates, principal: Principal) -> None:
    """Count the present request against the plan of its tenant, all keys together. Raises `rate_limit_exceeded`."""
    rate = Rate(principal.plan.requests_per_minute)
    use = await rates.use(f"api/tenant/{principal.tenant_id}", rate)
    setattr(g, _COUNTED, (rate, use))
    if use.retry_after_s is not None:
        raise TooMany("rate_limit_exceeded", "Too many requests a minute for this plan.", use.retry_after_s)


def limits(rates: Rates, addresses: ClientAddresses, per_address: Rate = EXCHANGES_PER_ADDRESS) -> Blueprint:
    """No routes of its own: limits the exchanges, and shows on what was counted how much is left (V-102)."""
    hooks = Blueprint("limits", __name__)

    @hooks.before_app_request
    async def _exchange() -> None:
        kind = _EXCHANGES.get(request.path)
        if kind is None or request.method != "POST":
            return
        address = addresses.of(request.remote_addr, request.headers.get("X-Forwarded-For"))
        wait_s = await rates.take(f"{kind}/address/{network_of(address)}", per_address)
        if wait_s is not None:
            raise TooMany("rate_limit_exceeded", "Too many links were opened from this address.", wait_s)

    @hooks.after_app_request
    async def _show(response: Response) -> Response:
        counted: tuple[Rate, Use] | None = g.get(_COUNTED)
        if counted is not None:
            rate, use = counted
            response.headers["X-RateLimit-Limit"] = str(rate.per_minute)
            response.headers["X-RateLimit-Remaining"] = str(use.left)
            response.headers["X-RateLimit-Reset"] = str(use.reset_at)
        return response

    return hooks
