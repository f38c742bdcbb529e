"""A forgotten password is replaced by who reads the mail, once and soon, and nobody learns who has an account."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.identity.password_changes import RESET_LIFETIME, RESETS_PER_EMAIL, TRIES_PER_EMAIL, WRONG_OLD_ONES
from server.kit.errors import AppError, NotAuthenticated
from server.storage import Database
from tests.fakes.clock import FakeClock
from tests.fixtures.people import EMAIL, HOME, PASSWORD, People, newest_reset_code

NEW = "quite another one"


@pytest.fixture
async def people(database: Database, clock: FakeClock) -> AsyncIterator[People]:
    """On each kind of database."""
    people = People.over(database, clock)
    await people.settle()
    yield people
    await people.identity.close()


@pytest.fixture
async def few(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[People]:
    people = People.over(sqlite_database, clock)
    await people.settle()
    yield people
    await people.identity.close()


async def refused(work: object) -> str:
    with pytest.raises(AppError) as refusal:
        await work  # type: ignore[misc]
    return refusal.value.code


async def code_for(people: People, email: str = EMAIL) -> str:
    await people.identity.password_changes.ask(email, "fr", HOME)
    return await newest_reset_code(people.outbox)


async def test_a_code_sets_the_password_once_and_ends_every_sign_in(people: People) -> None:
    identity = people.identity
    old = await identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)
    earlier, code = await code_for(people), await code_for(people)
    done = await asyncio.gather(
        *(identity.password_changes.reset(EMAIL, code, f"{NEW} {n}", HOME) for n in range(3)), return_exceptions=True
    )
    assert sorted(getattr(each, "code", "set") for each in done) == ["invalid_code", "invalid_code", "set"]
    assert await refused(identity.password_changes.reset(EMAIL, earlier, NEW, HOME)) == "invalid_code"
    with pytest.raises(NotAuthenticated):
        await identity.sign_ins.session(old.token)
    assert await refused(identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME)) == "wrong_credentials"
    winner = next(n for n, each in enumerate(done) if each is None)
    user = (await identity.sign_ins.sign_in(EMAIL, f"{NEW} {winner}", HOME)).signed_in.user
    entries = await people.tenancy.audit.of(user.memberships[0].tenant_id, 3)
    assert [(each.actor, each.action) for each in entries][-2] == (f"user:{user.uid}", "user.password_reset")
    assert (await people.outbox.newest())[0].subject == "Your password was changed"


async def test_who_has_no_account_is_answered_the_same_and_told_by_mail(few: People) -> None:
    changes = few.identity.password_changes
    await changes.ask("nobody@example.com", "fr", HOME)
    mail = (await few.outbox.newest())[0]
    assert (mail.recipient, mail.subject) == ("nobody@example.com", "Aucun compte avec cette adresse")
    for email in ("nobody@example.com", EMAIL):
        assert await refused(changes.reset(email, "0000-0000", NEW, HOME)) == "invalid_code"


async def test_a_code_is_its_address_s_own_and_too_old_after_a_while(few: People, clock: FakeClock) -> None:
    changes = few.identity.password_changes
    await few.settle("other@example.com")
    code = await code_for(few)
    assert await refused(changes.reset("other@example.com", code, NEW, HOME)) == "invalid_code"
    clock.jump(RESET_LIFETIME.total_seconds())
    assert await refused(changes.reset(EMAIL, code, NEW, HOME)) == "invalid_code"
    await changes.tidy()
    code = await code_for(few)
    assert await refused(changes.reset(EMAIL, code, "short", HOME)) == "weak_password"  # costs no code
    await changes.reset(EMAIL, f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} ", NEW, HOME)
    await few.identity.sign_ins.sign_in(EMAIL, NEW, HOME)


@pytest.mark.parametrize("code", ["", "é" * 8, "\x00" * 8, "1" * 5000])
async def test_what_is_no_code_is_wrong(few: People, code: str) -> None:
    assert await refused(few.identity.password_changes.reset(EMAIL, code, NEW, HOME)) == "invalid_code"


async def test_neither_mails_nor_guesses_come_without_end(few: People, clock: FakeClock) -> None:
    changes = few.identity.password_changes
    for number in range(RESETS_PER_EMAIL.tries):
        await changes.ask(EMAIL, "en", f"198.51.100.{number}")
    assert await refused(changes.ask(EMAIL, "en", HOME)) == "too_many_attempts"
    for number in range(TRIES_PER_EMAIL.tries):
        assert await refused(changes.reset(EMAIL, "00000000", NEW, f"203.0.113.{number}")) == "invalid_code"
    assert await refused(changes.reset(EMAIL, "00000000", NEW, HOME)) == "too_many_attempts"
    clock.jump(RESETS_PER_EMAIL.window.total_seconds())
    await changes.reset(EMAIL, await code_for(few), NEW, HOME)
    await changes.ask(EMAIL, "en", HOME)  # it went well: nothing counts any more


async def test_who_knows_the_password_changes_it_and_stays(few: People) -> None:
    identity = few.identity
    here, there = [await identity.sign_ins.sign_in(EMAIL, PASSWORD, HOME) for _ in range(2)]
    user, uid = here.signed_in.user, here.signed_in.uid
    for _ in range(WRONG_OLD_ONES.tries - 1):
        assert await refused(identity.password_changes.change(user.id, "not this one", NEW, uid)) == "wrong_password"
    await identity.password_changes.change(user.id, PASSWORD, NEW, uid)
    await identity.sign_ins.session(here.token)
    with pytest.raises(NotAuthenticated):
        await identity.sign_ins.session(there.token)
    for _ in range(WRONG_OLD_ONES.tries):
        assert (
            await refused(identity.password_changes.change(user.id, PASSWORD, "a third one", uid)) == "wrong_password"
        )
    assert await refused(identity.password_changes.change(user.id, NEW, "a third one", uid)) == "too_many_attempts"
