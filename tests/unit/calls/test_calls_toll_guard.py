"""The toll guard: whatever is tried in whatever order, no more is dialled than the plan says, and refusals show."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from server.calls.spending import spent_today
from server.calls.state import Happening, Outcome, Step
from server.calls.store import Call, CallStore, NewCall
from server.calls.toll_guard import REFUSALS, Attempt, Dial, TollGuard
from server.kit.errors import InvalidInput, TooMany
from server.storage import Database
from server.telephony.providers.virtual.magic import SPEAKS
from server.tenants.destinations import Destinations
from server.tenants.plans import PLANS
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy

PHONES = [f"+3361234560{place}" for place in range(9)]
RELAY = "+14155550123"
LIMITS = PLANS["starter"].dialling
MANY = 1_000


@dataclass
class Desk:
    """A tenant on the starter plan, and what was dialled for it."""

    database: Database
    clock: FakeClock
    tenancy: Tenancy
    tenant_id: int
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        destinations = Destinations(self.database, self.clock, {SPEAKS})
        self.guard = TollGuard(self.database, destinations, self.clock, self.refused.append)
        self.store = CallStore(self.database, self.clock)

    async def call(self, number: str, relay: str | None = None) -> Call:
        new = NewCall(
            self.tenant_id,
            None,
            "relay" if relay else "bridge",
            "inbound",
            None,
            "fr",
            None,
            number,
            relay_number=relay,
        )
        attempt = Attempt(self.tenant_id, "test", [Dial(number, "forward_to")], relay)
        return await self.guard.place(attempt, lambda gate: self.store.create(new, MANY, gate))

    async def ring(self, *numbers: str) -> None:
        await self.guard.ring(Attempt(self.tenant_id, "test", [Dial(number, "to") for number in numbers]))

    async def answer(self, call: Call, number: str) -> None:
        await self.store.apply(call.id, Happening(Step.DIALED))
        await self.store.apply(call.id, Happening(Step.ANSWERED))
        await self.store.invite_leg(call.id, f"leg{call.id}", "callee", "phone", number)
        await self.store.leg_joined(call.id, f"leg{call.id}")

    async def end(self, call: Call) -> None:
        await self.store.apply(call.id, Happening(Step.ENDED, Outcome.COMPLETED, "over"))

    async def spent(self, number: str) -> tuple[Decimal, Decimal]:
        async with self.database.reading() as session:
            spent = await spent_today(session, self.tenant_id, self.clock.now(), [number])
        return spent.in_all, spent.by_number.get(number, Decimal(0))


async def _desk(database: Database, clock: FakeClock) -> Desk:
    tenancy = Tenancy.over(database, clock)
    return Desk(database, clock, tenancy, (await tenancy.tenants.create("Acme")).tenant_id)


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> Desk:
    return await _desk(database, clock)


def _within(times: list[datetime], now: datetime, window: timedelta) -> int:
    return sum(now - at < window for at in times)


async def test_no_sequence_of_attempts_dials_more_than_the_plan_says(
    sqlite_database: Database, clock: FakeClock
) -> None:
    desk, chance = await _desk(sqlite_database, clock), random.Random(20_261_122)
    dialled: list[tuple[datetime, str]] = []
    for wait in chance.choices((0, 1, 20, 300), (75, 17, 7, 1), k=220):
        clock.jump(wait)
        number = PHONES[0] if chance.random() < 0.8 else chance.choice(PHONES)
        with contextlib.suppress(TooMany):
            await desk.ring(number)
            dialled.append((clock.now(), number))
        times, to_one = [at for at, _ in dialled], [at for at, to in dialled if to == number]
        assert _within(times, clock.now(), timedelta(minutes=1)) <= LIMITS.per_minute
        assert _within(times, clock.now(), timedelta(hours=1)) <= LIMITS.per_hour
        assert _within(to_one, clock.now(), timedelta(hours=1)) <= LIMITS.to_one_per_hour
    assert len(dialled) > LIMITS.per_minute
    assert set(desk.refused) <= REFUSALS
    assert len(desk.refused) == 220 - len(dialled)


async def test_retry_after_says_when_it_is_worth_trying_again(sqlite_database: Database, clock: FakeClock) -> None:
    desk = await _desk(sqlite_database, clock)
    for _ in range(LIMITS.per_minute):
        await desk.ring(PHONES[0])
        clock.jump(1)
    with pytest.raises(TooMany) as refused:
        await desk.ring(PHONES[0])
    assert (refused.value.code, refused.value.retry_after_s) == ("dialling_too_fast", 60 - LIMITS.per_minute + 1)
    clock.jump(refused.value.retry_after_s)
    await desk.ring(PHONES[0])


async def test_of_many_attempts_at_once_no_more_pass_than_the_plan_says(desk: Desk) -> None:
    attempts = (desk.ring(PHONES[place % len(PHONES)]) for place in range(LIMITS.per_minute + 10))
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(answer is None for answer in answers) == LIMITS.per_minute
    assert desk.refused == ["dialling_too_fast"] * 10


async def test_a_relay_forwards_so_many_calls_at_once_and_the_next_when_one_is_over(desk: Desk) -> None:
    calls = await asyncio.gather(
        *(desk.call(PHONES[0], RELAY) for _ in range(LIMITS.forwards_at_once + 2)), return_exceptions=True
    )
    going_on = [call for call in calls if isinstance(call, Call)]
    assert len(going_on) == LIMITS.forwards_at_once
    await desk.call(PHONES[0], "+14155550199")  # another number has room of its own
    await desk.end(going_on[0])
    await desk.call(PHONES[0], RELAY)
    with pytest.raises(TooMany) as refused:
        await desk.call(PHONES[0], RELAY)
    assert refused.value.code == "forwards_at_once_reached"
    [entry] = [one for one in await desk.tenancy.audit.of(desk.tenant_id, 50) if one.action == "dial.refused"]
    assert entry.details == {"why": "forwards_at_once_reached", "fields": ["forward_to"]}  # once a minute
    assert desk.refused == ["forwards_at_once_reached"] * 3


async def test_calls_with_one_number_cost_so_much_a_day_until_midnight(desk: Desk) -> None:
    desk.clock.jump(14.5 * 3_600)  # 23:30
    call = await desk.call(PHONES[0])
    await desk.answer(call, PHONES[0])
    desk.clock.jump(29 * 60)
    assert await desk.spent(PHONES[0]) == (Decimal("3.48"), Decimal("3.48"))
    await desk.end(call)
    desk.clock.jump(120)  # the day after
    assert await desk.spent(PHONES[0]) == (Decimal(0), Decimal(0))
    call = await desk.call(PHONES[0])
    await desk.answer(call, PHONES[0])
    desk.clock.jump(float(LIMITS.to_one_daily_spend / Decimal("0.12")) * 60 + 60)
    with pytest.raises(TooMany) as refused:
        await desk.ring(PHONES[0])
    assert refused.value.code == "destination_spend_reached"
    assert await desk.spent(PHONES[1]) == ((await desk.spent(PHONES[0]))[0], Decimal(0))
    await desk.ring(PHONES[1])
    desk.clock.jump(refused.value.retry_after_s)
    await desk.ring(PHONES[0])
    assert (await desk.spent(PHONES[0]))[1] == 0  # a call counts for the day on which it began


async def test_what_costs_nothing_is_not_counted_and_what_is_refused_dials_nothing(desk: Desk) -> None:
    await desk.ring(*[SPEAKS] * (LIMITS.per_minute + 5))
    for _ in range(3):
        with pytest.raises(InvalidInput, match="not called"):
            await desk.ring(PHONES[0], "+870773111632")
    await desk.ring(*[PHONES[0]] * (LIMITS.per_minute - 1))
    with pytest.raises(TooMany):
        await desk.ring(PHONES[1], PHONES[2])
    await desk.ring(PHONES[1])  # of the two before neither was counted
    assert desk.refused == [*["destination_not_allowed"] * 3, "dialling_too_fast"]
