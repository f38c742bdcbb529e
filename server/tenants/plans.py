"""What a plan allows, as data."""

from dataclasses import dataclass
from decimal import Decimal

from server.kit.errors import InvalidInput


@dataclass(frozen=True)
class Plan:
    name: str
    concurrent_conversations: int
    requests_per_minute: int
    phone_numbers: int  # bought, of one tenant
    daily_spend: Decimal  # what the calls of one day may cost


PLANS = {
    plan.name: plan
    for plan in (
        Plan("starter", concurrent_conversations=5, requests_per_minute=60, phone_numbers=3, daily_spend=Decimal(50)),
        Plan("pro", concurrent_conversations=25, requests_per_minute=300, phone_numbers=25, daily_spend=Decimal(500)),
        Plan(
            "enterprise",
            concurrent_conversations=100,
            requests_per_minute=1_000,
            phone_numbers=200,
            daily_spend=Decimal(5_000),
        ),
    )
}
DEFAULT_PLAN = "starter"


def plan_named(name: str) -> Plan:
    """Raises InvalidInput `unknown_plan`."""
    if name not in PLANS:
        raise InvalidInput("unknown_plan", f"There is no such plan; there are: {', '.join(PLANS)}.")
    return PLANS[name]
