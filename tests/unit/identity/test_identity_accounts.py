"""An account is proven by a code, guesses are few, and nobody learns which addresses have one."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from server.identity import NewAccount, Role
from server.identity.accounts import CODE_LIFETIME, CODE_TRIES, SIGN_UPS_PER_EMAIL, TRIES_PER_EMAIL
from server.identity.passwords import Cost
from server.identity.sign_ins import FAILURES, FAILURES_ANYWHERE, IDLE, LIFETIME
from server.identity.tables import UserRow
from server.kit.errors import AppError, InvalidInput, NotAllowed, NotAuthenticated, TooMany
from server.storage import Database
from tests.fakes.clock import FakeClock
from tests.fixtures.people import EMAIL, HOME, PASSWORD, People


@pytest.fixture
async def people(database: Database, clock: FakeClock) -> AsyncIterator[People]:
    """On each kind of database."""
    people = People.over(database, clock)
    yield people
    await people.identity.close()


@pytest.fixture
async def few(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[People]:
    """For tests whose subject is not the database."""
    people = People.over(sqlite_database, clock)
    yield people
    await people.identity.close()


async def refused(work: object) -> str:
    with pytest.raises(AppError) as refusal:
        await work  # type: ignore[misc]
    return refusal.value.code


async def wrong(people: People) -> str:
    """A code that is not the one sent."""
    return f"{(int(await people.code()) + 1) % 10**6:06d}"


async def test_a_code_makes_a_user_who_owns_a_tenant_with_a_default_project(people: People) -> None:
    asked = await people.sign_up("  Anna@Example.COM ")
    confirmed = await people.identity.accounts.confirm("anna@example.com", await people.code(), HOME)
    user = confirmed.user
    assert (user.id, user.email, user.name, user.locale) == (asked, EMAIL, "Anna", "en")
    [membership] = user.memberships
    assert membership.role is Role.OWNER
    assert [project.name for project in membership.projects] == ["default"]
    found = await people.identity.tokens.resolve(confirmed.token)
    assert found.user == user
    assert found.user.project() == (membership, membership.projects[0])
    assert found.user.project("proj_of_somebody_else") is None


async def test_two_who_confirm_at_once_make_one_user(people: People) -> None:
    await people.sign_up()
    code = await people.code()
    done = await asyncio.gather(
        *(people.identity.accounts.confirm(EMAIL, code, HOME) for _ in range(4)), return_exceptions=True
    )
    assert [getattr(each, "code", "made") for each in done].count("made") == 1
    assert len(await people.tenancy.tenants.all()) == 1


async def test_a_wrong_code_costs_a_try_and_the_tries_are_few(people: People) -> None:
    await people.sign_up()
    right, bad = await people.code(), await wrong(people)
    accounts = people.identity.accounts
    for _ in range(CODE_TRIES):
        assert await refused(accounts.confirm(EMAIL, bad, HOME)) == "invalid_code"
    assert await refused(accounts.confirm(EMAIL, right, HOME)) == "invalid_code"


async def test_tries_run_out_over_every_code_that_is_sent(few: People, clock: FakeClock) -> None:
    for number in range(TRIES_PER_EMAIL.tries):
        if number % CODE_TRIES == 0:
            await few.sign_up()
        clock.jump(30)
        assert await refused(few.identity.accounts.confirm(EMAIL, await wrong(few), HOME)) == "invalid_code"
    await few.sign_up()
    with pytest.raises(TooMany) as refusal:
        await few.identity.accounts.confirm(EMAIL, await few.code(), HOME)
    assert refusal.value.code == "too_many_attempts"
    clock.jump(refusal.value.retry_after_s)
    await few.sign_up()
    await few.identity.accounts.confirm(EMAIL, await few.code(), HOME)


@pytest.mark.parametrize("code", ["", "000000 ", "０１２３４５", "1" * 5000, "\x00", "é"])
async def test_what_is_no_code_is_wrong(few: People, code: str) -> None:
    await few.sign_up()
    assert await refused(few.identity.accounts.confirm(EMAIL, code, HOME)) == "invalid_code"


async def test_a_code_expires_and_a_newer_one_takes_its_place(few: People, clock: FakeClock) -> None:
    accounts = few.identity.accounts
    await few.sign_up()
    old = await few.code()
    clock.jump(CODE_LIFETIME.total_seconds())
    assert await refused(accounts.confirm(EMAIL, old, HOME)) == "invalid_code"
    await few.sign_up()
    first = await few.code()
    await few.sign_up(password="another good one")
    if (second := await few.code()) != first:
        assert await refused(accounts.confirm(EMAIL, first, HOME)) == "invalid_code"
    await accounts.confirm(EMAIL, second, HOME)
    await few.identity.sign_ins.sign_in(EMAIL, "another good one", HOME)


async def test_an_address_with_an_account_is_answered_the_same_and_its_owner_told(few: People) -> None:
    confirmed = await few.settle()
    again = await few.sign_up(password="the thief's own one")
    assert again > confirmed.user.id
    mail = (await few.outbox.newest())[0]
    assert "already" in mail.subject
    for number in range(3):
        assert await refused(few.identity.accounts.confirm(EMAIL, f"{number:06d}", HOME)) == "invalid_code"
    await few.identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)
    assert await refused(few.identity.sign_ins.sign_in(EMAIL, "the thief's own one", HOME)) == "wrong_credentials"


async def test_nobodys_mailbox_is_flooded(few: People, clock: FakeClock) -> None:
    for number in range(SIGN_UPS_PER_EMAIL.tries):
        await few.sign_up(asked_from=f"192.0.2.{number}")
    assert await refused(few.sign_up(asked_from="192.0.2.99")) == "too_many_attempts"
    assert len(await few.outbox.newest()) == SIGN_UPS_PER_EMAIL.tries
    clock.jump(SIGN_UPS_PER_EMAIL.window.total_seconds())
    await few.sign_up()


async def test_one_network_signs_up_and_in_only_so_often_a_minute(few: People) -> None:
    codes = [await refused(few.sign_up(f"no{number}@example.com", "weak")) for number in range(11)]
    assert codes == ["weak_password"] * 10 + ["rate_limit_exceeded"]
    sign_in = few.identity.sign_ins.sign_in
    codes = [await refused(sign_in(f"no{number}@example.com", PASSWORD, HOME)) for number in range(11)]
    assert codes == ["wrong_credentials"] * 10 + ["rate_limit_exceeded"]


async def test_sign_in_session_and_sign_out(people: People) -> None:
    await people.settle()
    sign_ins = people.identity.sign_ins
    new = await sign_ins.sign_in("ANNA@example.com", PASSWORD, HOME)
    signed_in = await sign_ins.session(new.token)
    assert signed_in == new.signed_in
    assert signed_in.user.email == EMAIL
    other = await sign_ins.sign_in(EMAIL, PASSWORD, HOME)
    assert other.signed_in.csrf_token != signed_in.csrf_token
    await sign_ins.sign_out(new.token)
    await sign_ins.sign_out("nothing like it")
    assert await refused(sign_ins.session(new.token)) == "not_signed_in"
    assert (await sign_ins.session(other.token)).uid == other.signed_in.uid
    for junk in ("", "é", new.token[:-1], "x" * 10_000):
        assert await refused(sign_ins.session(junk)) == "not_signed_in"


async def test_a_session_ends_when_it_rests_and_after_its_lifetime(few: People, clock: FakeClock) -> None:
    await few.settle()
    sign_ins = few.identity.sign_ins
    resting, used = [(await sign_ins.sign_in(EMAIL, PASSWORD, HOME)).token for _ in range(2)]
    step = IDLE - timedelta(minutes=1)
    passed = timedelta()
    while passed + step < LIFETIME:
        clock.jump(step.total_seconds())
        passed += step
        await sign_ins.session(used)
    assert await refused(sign_ins.session(resting)) == "not_signed_in"
    clock.jump((LIFETIME - passed).total_seconds())
    assert await refused(sign_ins.session(used)) == "not_signed_in"
    await few.identity.tidy()
    async with few.tenancy.database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM sign_ins")) == 0


async def test_who_waits_for_a_code_is_told_so_if_they_know_the_password(few: People) -> None:
    await few.sign_up()
    with pytest.raises(NotAllowed) as refusal:
        await few.identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)
    assert refusal.value.code == "not_confirmed"
    assert await refused(few.identity.sign_ins.sign_in(EMAIL, "not the password", HOME)) == "wrong_credentials"


async def test_after_a_few_failures_even_the_right_password_has_to_wait(few: People, clock: FakeClock) -> None:
    await few.settle()
    sign_in = few.identity.sign_ins.sign_in
    for email in (EMAIL, "nobody@example.com"):
        clock.jump(120)
        codes = [await refused(sign_in(email, "a wrong password", HOME)) for _ in range(FAILURES.tries)]
        assert codes == ["wrong_credentials"] * FAILURES.tries
        assert await refused(sign_in(email, PASSWORD, HOME)) == "too_many_attempts"
    await sign_in(EMAIL, PASSWORD, "198.51.100.1")
    clock.jump(FAILURES.window.total_seconds())
    await sign_in(EMAIL, PASSWORD, HOME)


async def test_failures_from_everywhere_count_too_and_also_those_at_the_same_time(people: People) -> None:
    await people.settle()
    sign_in = people.identity.sign_ins.sign_in
    count = FAILURES_ANYWHERE.tries + 10
    outcomes = await asyncio.gather(
        *(refused(sign_in(EMAIL, "a wrong password", f"198.51.100.{number}")) for number in range(count))
    )
    assert outcomes.count("wrong_credentials") == FAILURES_ANYWHERE.tries
    assert outcomes.count("too_many_attempts") == 10


async def test_a_new_password_ends_every_sign_in(few: People) -> None:
    await few.settle()
    old = await few.identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)
    await few.identity.password_changes.set(EMAIL, "quite another one")
    with pytest.raises(NotAuthenticated):
        await few.identity.sign_ins.session(old.token)
    assert await refused(few.identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)) == "wrong_credentials"
    await few.identity.sign_ins.sign_in(EMAIL, "quite another one", HOME)
    assert await refused(few.identity.password_changes.set("no@example.com", PASSWORD)) == "unknown_user"


async def test_a_hash_of_another_cost_is_made_anew_at_the_next_sign_in(few: People, clock: FakeClock) -> None:
    await few.settle()
    dearer = People.over(few.tenancy.database, clock, Cost(memory_kib=128, passes=2))
    hashes = []
    for people in (few, dearer, dearer):
        await people.identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)
        async with few.tenancy.database.reading() as session:
            hashes.append(await session.scalar(select(UserRow.password_hash)))
    await dearer.identity.close()
    assert "m=64,t=1" in str(hashes[0])
    assert "m=128,t=2" in str(hashes[1])
    assert hashes[1] == hashes[2]


async def test_who_runs_the_server_makes_users_without_a_code(people: People) -> None:
    acme = await people.tenancy.tenants.create("Acme")
    accounts = people.identity.accounts
    first = await accounts.create(NewAccount("bob@example.com", PASSWORD, "Bob", "fr"))
    second = await accounts.create(NewAccount("cleo@example.com", PASSWORD), acme.tenant_id, Role.VIEWER)
    assert first.id < second.id
    assert [(each.tenant_id, each.role) for each in second.memberships] == [(acme.tenant_id, Role.VIEWER)]
    assert second.name == "cleo"
    assert await refused(accounts.create(NewAccount("BOB@example.com", PASSWORD))) == "email_taken"
    assert [user.email for user in await accounts.all()] == ["bob@example.com", "cleo@example.com"]
    assert await accounts.find("bob@EXAMPLE.com") == first


async def test_what_people_do_is_in_the_audit_log_of_their_tenants(people: People) -> None:
    confirmed = await people.settle()
    user, identity = confirmed.user, people.identity
    signed_in = (await identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)).signed_in
    token = await identity.tokens.create(user.id)
    for _ in range(2):
        await identity.tokens.revoke(user.id, token.uid)
    await identity.password_changes.set(EMAIL, "quite another one")
    entries = await people.tenancy.audit.of(user.memberships[0].tenant_id, 20)
    by, who = f"user:{user.uid}", {"user": user.uid}
    assert [(entry.actor, entry.action, entry.details) for entry in entries] == [
        (by, "tenant.created", {"plan": user.memberships[0].plan}),
        (by, "member.added", who | {"role": "owner"}),
        (by, "user.signed_in", who | {"sign_in": signed_in.uid}),
        (by, "user_token.created", who | {"token": token.uid}),
        (by, "user_token.revoked", who | {"token": token.uid}),
        ("cli", "user.password_set", who),
    ]
    assert [report.broken_at for report in await people.tenancy.audit.verify()] == [None]


async def test_tokens_are_listed_without_their_text_and_revoked(people: People, clock: FakeClock) -> None:
    confirmed = await people.settle()
    tokens = people.identity.tokens
    more = await tokens.create(confirmed.user.id)
    await tokens.resolve(more.text)
    first, second = await tokens.of(confirmed.user.id)
    assert (first.last_used_at, second.last_used_at) == (None, clock.now())
    assert second.shown_as == f"usr_…{more.text[-4:]}"
    await tokens.revoke(confirmed.user.id, more.uid)
    assert await refused(tokens.resolve(more.text)) == "invalid_key"
    assert await refused(tokens.revoke(confirmed.user.id + 1, first.uid)) == "unknown_key"
    await tokens.resolve(confirmed.token)
    for junk in ("", "usr_", "é", f"{confirmed.token}x", people.tenancy.secret.key_for("x").hex()):
        assert await refused(tokens.resolve(junk)) == "invalid_key"


async def test_nothing_secret_is_readable_at_rest(few: People) -> None:
    await few.sign_up()
    code = await few.code()
    confirmed = await few.identity.accounts.confirm(EMAIL, code, HOME)
    signed_in = await few.identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)
    await refused(few.identity.sign_ins.sign_in("nobody@example.com", PASSWORD, HOME))
    async with few.tenancy.database.reading() as session:
        for table in ("sign_ups", "users", "user_tokens", "sign_ins", "attempts"):
            rows = repr((await session.execute(text(f"SELECT * FROM {table}"))).all())
            for secret in (confirmed.token, signed_in.token, PASSWORD, "nobody@example.com"):
                assert secret not in rows, table
            assert not re.search(rf"\b{code}\b", rows), table  # six digits may well be a part of some hash
    for shown in (confirmed, signed_in, (await few.outbox.newest())[0], NewAccount(EMAIL, PASSWORD)):
        for secret in (code, confirmed.token, signed_in.token, PASSWORD, EMAIL, signed_in.signed_in.csrf_token):
            assert secret not in repr(shown)


@pytest.mark.parametrize("name", ["x" * 121, "é" * 121])
async def test_a_name_that_is_too_long(few: People, name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await few.identity.accounts.sign_up(NewAccount(EMAIL, PASSWORD, name), HOME)
    assert refusal.value.code == "name_too_long"
