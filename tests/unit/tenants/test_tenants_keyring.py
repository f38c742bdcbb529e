"""Keys are listed without their text, rotated with an overlap, revoked at once, and their use is remembered."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event

from server.kit.errors import Conflict, NotAuthenticated, NotFound
from server.storage import Database
from server.tenants.credentials import KEYS, Kind
from server.tenants.key_use import WRITTEN_EVERY_S
from server.tenants.keyring import OVERLAP, Key
from server.tenants.service import NewTenant
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy


@pytest.fixture
def tenancy(database: Database, clock: FakeClock) -> Tenancy:
    return Tenancy.over(database, clock)


@pytest.fixture
async def acme(tenancy: Tenancy) -> NewTenant:
    return await tenancy.tenants.create("Acme")


async def _key(tenancy: Tenancy, tenant: NewTenant, kind: Kind) -> Key:
    """The tenant's first key of `kind`."""
    return next(key for key in await tenancy.keyring.of(tenant.tenant_id) if key.kind is kind)


async def _opens(tenancy: Tenancy, text: str) -> bool:
    try:
        await tenancy.credentials.resolve(text)
    except NotAuthenticated:
        return False
    return True


async def test_a_list_shows_every_key_and_no_secret(tenancy: Tenancy, acme: NewTenant) -> None:
    keys = await tenancy.keyring.of(acme.tenant_id)
    assert [key.kind for key in keys] == list(KEYS)
    assert {key.state for key in keys} == {"active"}
    secret = await _key(tenancy, acme, Kind.SECRET)
    assert secret.shown_as == f"voc_sk_live_…{acme.secret_key[-4:]}"
    assert not any(text in repr(keys) for text in (acme.secret_key, acme.master_key, acme.project_token))
    other = await tenancy.tenants.create("Other")
    assert not {key.uid for key in keys} & {key.uid for key in await tenancy.keyring.of(other.tenant_id)}


@pytest.mark.parametrize("kind", KEYS)
async def test_a_rotated_key_opens_the_same_until_the_overlap_is_over(
    tenancy: Tenancy, acme: NewTenant, clock: FakeClock, kind: Kind
) -> None:
    texts = dict(zip(KEYS, (acme.project_token, acme.secret_key, acme.public_key, acme.master_key), strict=True))
    before = await tenancy.credentials.resolve(texts[kind])
    rotated = await tenancy.keyring.rotate(acme.tenant_id, (await _key(tenancy, acme, kind)).uid)
    assert await tenancy.credentials.resolve(rotated.text) == before
    assert rotated.old_until == clock.now() + OVERLAP
    assert (await _key(tenancy, acme, kind)).state == "expiring"
    clock.jump(OVERLAP.total_seconds() - 1)
    assert await _opens(tenancy, texts[kind])
    clock.jump(1)
    assert not await _opens(tenancy, texts[kind])
    assert await _opens(tenancy, rotated.text)
    assert (await _key(tenancy, acme, kind)).state == "expired"


async def test_without_an_overlap_the_old_key_is_refused_here_at_once_and_within_two_seconds_by_every_process(
    tenancy: Tenancy, acme: NewTenant, database_url: str, clock: FakeClock
) -> None:
    other = Database(database_url)
    try:
        elsewhere = Tenancy.over(other, clock)
        assert await _opens(elsewhere, acme.secret_key)
        key = await _key(tenancy, acme, Kind.SECRET)
        rotated = await tenancy.keyring.rotate(acme.tenant_id, key.uid, timedelta(0))
        assert not await _opens(tenancy, acme.secret_key)
        clock.jump(2)
        assert not await _opens(elsewhere, acme.secret_key)
        assert await _opens(tenancy, rotated.text)
        assert await _opens(elsewhere, rotated.text)
        await tenancy.keyring.revoke(acme.tenant_id, rotated.uid)
        assert not await _opens(tenancy, rotated.text)
        clock.jump(2)
        assert not await _opens(elsewhere, rotated.text)
    finally:
        await other.close()


async def test_pages_are_given_a_public_key_that_opens(tenancy: Tenancy, acme: NewTenant) -> None:
    key = await _key(tenancy, acme, Kind.PUBLIC)
    rotated = await tenancy.keyring.rotate(acme.tenant_id, key.uid)
    assert await tenancy.credentials.public_key_of(acme.tenant_id) == rotated.text
    await tenancy.keyring.revoke(acme.tenant_id, rotated.uid)
    assert await tenancy.credentials.public_key_of(acme.tenant_id) == acme.public_key
    await tenancy.keyring.revoke(acme.tenant_id, key.uid)
    assert await tenancy.credentials.public_key_of(acme.tenant_id) is None


async def test_a_key_is_rotated_once(tenancy: Tenancy, acme: NewTenant) -> None:
    key = await _key(tenancy, acme, Kind.SECRET)
    outcomes = await asyncio.gather(
        *(tenancy.keyring.rotate(acme.tenant_id, key.uid) for _ in range(5)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, Conflict) for outcome in outcomes) == 1
    assert len(await tenancy.keyring.of(acme.tenant_id)) == len(KEYS) + 1


async def test_only_the_tenants_own_keys_can_be_touched(tenancy: Tenancy, acme: NewTenant) -> None:
    other = await tenancy.tenants.create("Other")
    key = await _key(tenancy, acme, Kind.SECRET)
    for touch in (tenancy.keyring.rotate, tenancy.keyring.revoke):
        with pytest.raises(NotFound) as refused:
            await touch(other.tenant_id, key.uid)
        assert refused.value.code == "unknown_key"
    assert await _opens(tenancy, acme.secret_key)


async def test_what_is_done_to_a_key_is_audited_without_its_text(tenancy: Tenancy, acme: NewTenant) -> None:
    key = await _key(tenancy, acme, Kind.SECRET)
    rotated = await tenancy.keyring.rotate(acme.tenant_id, key.uid, actor="ops")
    for _ in range(2):
        await tenancy.keyring.revoke(acme.tenant_id, rotated.uid, actor="ops")
    entries = (await tenancy.audit.of(acme.tenant_id, 10))[1:]
    assert [(entry.actor, entry.action, entry.details["key"]) for entry in entries] == [
        ("ops", "credential.rotated", key.uid),
        ("ops", "credential.revoked", rotated.uid),
    ]
    assert rotated.text not in repr(entries)
    assert rotated.text not in repr(rotated)


class _Sleeps(FakeClock):
    """Says each time somebody goes to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.somebody_sleeps = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.somebody_sleeps.release()
        await super().sleep(seconds)


async def test_the_last_use_is_written_once_a_minute(database: Database) -> None:
    clock = _Sleeps()
    tenancy = Tenancy.over(database, clock)
    acme = await tenancy.tenants.create("Acme")
    updates: list[str] = []

    def _see(*said: object) -> None:
        updates.extend(text for text in map(str, said) if text.startswith("UPDATE credentials"))

    event.listen(database.engine.sync_engine, "before_cursor_execute", _see)
    writing = asyncio.create_task(tenancy.credentials.use.keep_writing())
    async with asyncio.timeout(60):
        await clock.somebody_sleeps.acquire()
        for _ in range(50):
            await tenancy.credentials.resolve(acme.secret_key)
        used_at = clock.now()
        assert updates == []
        await clock.advance(WRITTEN_EVERY_S)
        await clock.somebody_sleeps.acquire()
    writing.cancel()
    assert len(updates) == 1
    assert (await _key(tenancy, acme, Kind.SECRET)).last_used_at == used_at
    assert (await _key(tenancy, acme, Kind.MASTER)).last_used_at is None


async def test_an_older_use_never_replaces_a_newer_one(
    tenancy: Tenancy, acme: NewTenant, database_url: str, clock: FakeClock
) -> None:
    other = Database(database_url)
    try:
        elsewhere = Tenancy.over(other, clock)
        await elsewhere.credentials.resolve(acme.secret_key)
        clock.jump(30)
        await tenancy.credentials.resolve(acme.secret_key)
        await tenancy.credentials.use.write()
        await elsewhere.credentials.use.write()
    finally:
        await other.close()
    assert (await _key(tenancy, acme, Kind.SECRET)).last_used_at == clock.now()


async def test_keys_that_are_refused_leave_no_use(tenancy: Tenancy, acme: NewTenant) -> None:
    key = await _key(tenancy, acme, Kind.SECRET)
    await tenancy.keyring.revoke(acme.tenant_id, key.uid)
    assert not await _opens(tenancy, acme.secret_key)
    await tenancy.credentials.use.write()
    assert (await _key(tenancy, acme, Kind.SECRET)).last_used_at is None
