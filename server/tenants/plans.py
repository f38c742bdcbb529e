"""What a plan allows, as data."""

from dataclasses import dataclass
from decimal import Decimal

from server.kit.errors import InvalidInput


@dataclass(frozen=True)
class Dialling:
    """How much one tenant has dialled: what nobody who talks with people reaches, and toll fraud lives beyond."""

    per_minute: int
    per_hour: int
    to_one_per_hour: int  # the same number
    to_one_daily_spend: Decimal  # what the calls of one day with the same number may cost
    forwards_at_once: int  # calls that one relay number forwards


@dataclass(frozen=True)
class Plan:
    name: str
    concurrent_conversations: int
    requests_per_minute: int
    phone_numbers: int  # bought, of one tenant
    daily_spend: Decimal  # what the calls of one day may cost
    dialling: Dialling


PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            "starter",
            concurrent_conversations=5,
            requests_per_minute=60,
            phone_numbers=3,
            daily_spend=Decimal(50),
            dialling=Dialling(30, 300, to_one_per_hour=60, to_one_daily_spend=Decimal(25), forwards_at_once=3),
        ),
        Plan(
            "pro",
            concurrent_conversations=25,
            requests_per_minute=300,
            phone_numbers=25,
            daily_spend=Decimal(500),
            dialling=Dialling(150, 1_500, to_one_per_hour=300, to_one_daily_spend=Decimal(250), forwards_at_once=10),
        ),
        Plan(
            "enterprise",
            concurrent_conversations=100,
            requests_per_minute=1_000,
            phone_numbers=200,
            daily_spend=Decimal(5_000),
            dialling=Dialling(
                600, 10_000, to_one_per_hour=1_000, to_one_daily_spend=Decimal(2_500), forwards_at_once=50
            ),
        ),
    )
}
DEFAULT_PLAN = "starter"


def plan_named(name: str) -> Plan:
    """Raises InvalidInput `unknown_plan`."""
    if name not in PLANS:
        raise InvalidInput("unknown_plan", f"There is no such plan; there are: {', '.join(PLANS)}.")
    return PLANS[name]
