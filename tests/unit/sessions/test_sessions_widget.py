"""A widget session is opened within limits, bound to its page, outlives connections and servers, and ends once."""

import asyncio
import dataclasses
from collections import Counter
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.errors import AppError, Conflict, Gone, NotAllowed, NotAuthenticated, TooMany
from server.sessions import OpenedSession, SigningKeys, WidgetSessions
from server.sessions.service import LIFETIME, REAP_GRACE
from server.storage import Database
from server.storage.rate import LocalRates, Rate
from server.tenants.credentials import ConsentPolicy, WidgetTarget
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy

SHOP = "https://shop.example"
RESUME_S = 60
MANY = Rate(per_minute=100_000)


class Setting:
    """A server process over the database, and the target its pages ask for."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.tenancy = Tenancy.over(database, clock)
        self.sessions = self.process()
        self.target: WidgetTarget

    def process(self, per_address: Rate = MANY, per_tenant: Rate = MANY) -> WidgetSessions:
        """One more server process, or the same one started again."""
        tenancy = Tenancy.over(self.database, self.clock)
        keys = SigningKeys(self.database, tenancy.secret, self.clock)
        rates = LocalRates(self.clock)
        return WidgetSessions(
            self.database, keys, tenancy.credentials, rates, self.clock, RESUME_S, per_address, per_tenant
        )

    async def add_tenant(self, plan: str = "pro") -> WidgetTarget:
        made = await self.tenancy.tenants.create("Acme", [SHOP], plan)
        return await self.tenancy.credentials.resolve_widget(made.public_key, None, None)

    async def open(
        self, sessions: WidgetSessions | None = None, target: WidgetTarget | None = None, **values: Any
    ) -> OpenedSession:
        asked: dict[str, Any] = {
            "origin": SHOP,
            "client_ip": "203.0.113.7",
            "consent_version": self.target.consent.version,
            "language": "fr",
            "metadata": {"cart": "3"},
        }
        return await (sessions or self.sessions).open(target or self.target, **asked | values)


@pytest.fixture
async def setting(database: Database, clock: FakeClock) -> Setting:
    made = Setting(database, clock)
    made.target = await made.add_tenant()
    return made


async def code_of(work: Any) -> str:
    """The code of the refusal that `work` ends in."""
    with pytest.raises(AppError) as refused:
        await work
    return refused.value.code


def codes(answers: list[Any]) -> Counter[str]:
    return Counter(answer.code if isinstance(answer, AppError) else "opened" for answer in answers)


# ------------------------------------------------------------------ binding


async def test_a_session_is_bound_to_tenant_agent_origin_and_conversation(setting: Setting) -> None:
    opened = await setting.open()
    assert opened.uid.startswith("wses_")
    assert opened.conversation_uid.startswith("conv_")
    assert opened.expires_at == setting.clock.now() + LIFETIME
    assert opened.resume_s == RESUME_S
    session = await setting.sessions.verify(opened.token, SHOP)
    assert (session.uid, session.conversation_uid) == (opened.uid, opened.conversation_uid)
    assert (session.tenant_id, session.target, session.origin) == (setting.target.tenant_id, setting.target, SHOP)
    assert (session.language, session.metadata) == ("fr", {"cart": "3"})


async def test_another_page_cannot_use_it(setting: Setting) -> None:
    opened = await setting.open()
    for origin in ("https://evil.example", "http://shop.example", "https://shop.example:8443", "null", "", None):
        with pytest.raises(NotAllowed) as refused:
            await setting.sessions.verify(opened.token, origin)
        assert refused.value.code == "origin_not_allowed"


async def test_nothing_that_is_no_token_is_a_session(setting: Setting) -> None:
    opened = await setting.open()
    for token in ("", "x", opened.uid, opened.token + "x", "\ud800"):
        with pytest.raises(NotAuthenticated) as refused:
            await setting.sessions.verify(token, SHOP)
        assert refused.value.code == "session_invalid"


async def test_tokens_and_metadata_do_not_show(setting: Setting) -> None:
    opened = await setting.open(metadata={"name": "Ahmed"})
    session = await setting.sessions.verify(opened.token, SHOP)
    assert opened.token not in repr(opened)
    assert "Ahmed" not in repr(session)


# ------------------------------------------------------------------ life


async def test_it_outlives_a_killed_server_for_as_long_as_it_promises(setting: Setting) -> None:
    opened = await setting.open()
    await setting.clock.advance(RESUME_S - 1)
    restarted = setting.process()
    session = await restarted.verify(opened.token, SHOP)
    assert session.conversation_uid == opened.conversation_uid
    renewed = await restarted.renew(session)
    await setting.clock.advance(RESUME_S - 1)
    assert (await restarted.verify(renewed.token, SHOP)).uid == opened.uid
    await setting.clock.advance(1)
    assert await code_of(restarted.verify(renewed.token, SHOP)) == "session_ended"


async def test_a_session_that_is_touched_goes_on(setting: Setting) -> None:
    opened = await setting.open()
    for _ in range(10):
        await setting.clock.advance(RESUME_S - 1)
        await setting.sessions.touch(opened.uid)
    assert (await setting.sessions.verify(opened.token, SHOP)).uid == opened.uid


async def test_a_token_grows_old_and_a_renewed_one_does_not(setting: Setting) -> None:
    opened = await setting.open()
    await setting.clock.advance(RESUME_S / 2)
    renewed = await setting.sessions.renew(await setting.sessions.verify(opened.token, SHOP))
    assert (renewed.uid, renewed.conversation_uid) == (opened.uid, opened.conversation_uid)
    assert renewed.token != opened.token
    await setting.clock.advance(LIFETIME.total_seconds() - RESUME_S / 2 + 6)
    await setting.sessions.touch(opened.uid)
    assert await code_of(setting.sessions.verify(opened.token, SHOP)) == "session_expired"
    assert (await setting.sessions.verify(renewed.token, SHOP)).uid == opened.uid


async def test_an_ended_session_stays_ended_but_may_still_be_rated(setting: Setting) -> None:
    opened = await setting.open()
    await setting.sessions.end(opened.uid, "visitor")
    await setting.sessions.end(opened.uid, "limit")
    await setting.sessions.touch(opened.uid)
    with pytest.raises(Gone) as refused:
        await setting.sessions.verify(opened.token, SHOP)
    assert refused.value.code == "session_ended"
    session = await setting.sessions.verify(opened.token, SHOP, may_be_over=True)
    assert session.conversation_uid == opened.conversation_uid
    assert await code_of(setting.sessions.verify(opened.token, "null", may_be_over=True)) == "origin_not_allowed"


async def test_revoking_refuses_every_token_issued_so_far(setting: Setting) -> None:
    opened = await setting.open()
    session = await setting.sessions.verify(opened.token, SHOP)
    renewed = await setting.sessions.renew(session)
    await setting.sessions.revoke(opened.uid)
    for token in (opened.token, renewed.token):
        assert await code_of(setting.sessions.verify(token, SHOP)) == "session_invalid"
    assert await code_of(setting.sessions.verify(opened.token, SHOP, may_be_over=True)) == "session_invalid"


# ------------------------------------------------------------------ consent


async def test_consent_is_required_in_the_present_version(setting: Setting) -> None:
    for version in (None, "", "0"):
        with pytest.raises(Conflict) as refused:
            await setting.open(consent_version=version)
        assert refused.value.code == "consent_required"
    free = dataclasses.replace(setting.target, consent=ConsentPolicy(False, "1", None))
    await setting.open(target=free, consent_version=None)


# ------------------------------------------------------------------ limits


async def test_the_thirty_first_session_of_an_address_in_a_minute_is_refused(setting: Setting) -> None:
    sessions = setting.process(per_address=Rate(30), per_tenant=Rate(300))
    target = await setting.add_tenant("enterprise")
    for _ in range(30):
        await setting.open(sessions, target)
    with pytest.raises(TooMany) as refused:
        await setting.open(sessions, target)
    assert refused.value.code == "rate_limit_exceeded"
    assert 0 < refused.value.retry_after_s <= 62
    await setting.open(sessions, target, client_ip="203.0.113.8")
    await setting.clock.advance(refused.value.retry_after_s)
    await setting.open(sessions, target)


async def test_a_network_of_ipv6_addresses_counts_as_one_visitor(setting: Setting) -> None:
    sessions = setting.process(per_address=Rate(2))
    await setting.open(sessions, client_ip="2001:db8:1:2::1")
    await setting.open(sessions, client_ip="2001:db8:1:2:ffff::2")
    assert await code_of(setting.open(sessions, client_ip="2001:db8:1:2:3:4:5:6")) == "rate_limit_exceeded"
    await setting.open(sessions, client_ip="2001:db8:1:3::1")
    await setting.open(sessions, client_ip="203.0.113.9")
    await setting.open(sessions, client_ip="::ffff:203.0.113.9")
    assert await code_of(setting.open(sessions, client_ip="203.0.113.9")) == "rate_limit_exceeded"
    for _ in range(2):
        await setting.open(sessions, client_ip="unknown")
    assert await code_of(setting.open(sessions, client_ip="unknown")) == "rate_limit_exceeded"


async def test_a_tenant_has_a_limit_of_its_own(setting: Setting) -> None:
    sessions = setting.process(per_tenant=Rate(3))
    for number in range(3):
        await setting.open(sessions, client_ip=f"203.0.113.{number}")
    assert await code_of(setting.open(sessions, client_ip="203.0.113.9")) == "rate_limit_exceeded"
    await setting.open(sessions, await setting.add_tenant(), client_ip="203.0.113.9")


async def test_of_two_hundred_at_once_exactly_as_many_as_the_plan_allows_are_opened(setting: Setting) -> None:
    processes = [setting.process(), setting.process()]
    opening = (setting.open(processes[turn % 2]) for turn in range(200))
    answers = await asyncio.gather(*opening, return_exceptions=True)
    assert codes(answers) == {"opened": 25, "concurrency_limit_reached": 175}


async def test_a_session_and_its_conversation_begin_together_or_not_at_all(setting: Setting) -> None:
    target, begun = await setting.add_tenant("starter"), []

    async def begin(session: AsyncSession, conversation_uid: str) -> None:
        begun.append(conversation_uid)
        if len(begun) <= 5:
            raise OSError("the conversation could not be stored")

    answers = await asyncio.gather(
        *(setting.open(target=target, begin=begin) for _ in range(10)), return_exceptions=True
    )
    opened = [answer.conversation_uid for answer in answers if isinstance(answer, OpenedSession)]
    assert sorted(opened) == sorted(begun[5:])
    assert len(opened) == 5  # those that failed hold none of the plan's five lines
    assert await code_of(setting.open(target=target, begin=begin)) == "concurrency_limit_reached"
    assert len(begun) == 10  # what is refused begins nothing


async def test_a_line_is_free_again_when_its_session_ends_or_its_server_is_gone(setting: Setting) -> None:
    target = await setting.add_tenant("starter")
    opened = [await setting.open(target=target) for _ in range(5)]
    with pytest.raises(TooMany) as refused:
        await setting.open(target=target)
    assert refused.value.code == "concurrency_limit_reached"
    assert refused.value.retry_after_s > 0
    await setting.open()  # another tenant's lines are its own
    await setting.sessions.end(opened[0].uid, "visitor")
    await setting.open(target=target)
    await setting.clock.advance(RESUME_S - 1)
    await setting.sessions.touch(opened[1].uid)
    await setting.clock.advance(1)
    answers = await asyncio.gather(*(setting.open(target=target) for _ in range(10)), return_exceptions=True)
    assert codes(answers) == {"opened": 4, "concurrency_limit_reached": 6}


# ------------------------------------------------------------------ reaping


async def test_sessions_nobody_came_back_to_are_reaped_once(setting: Setting) -> None:
    left, alive, ended = [await setting.open() for _ in range(3)]
    await setting.sessions.end(ended.uid, "visitor")
    await setting.clock.advance(RESUME_S + REAP_GRACE.total_seconds() - 1)
    await setting.sessions.touch(alive.uid)
    assert await setting.sessions.reap("server") == []
    await setting.clock.advance(1)
    processes = [setting.process() for _ in range(4)]
    reaped = await asyncio.gather(*(process.reap("server") for process in processes))
    assert sum(reaped, []) == [left.conversation_uid]
    assert (await setting.sessions.verify(alive.token, SHOP)).uid == alive.uid
    assert await code_of(setting.sessions.verify(left.token, SHOP)) == "session_ended"
