"""Whoever stands open by a key is told when it is revoked, also after the database was away."""

import asyncio
from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncSession

from server.storage import Database
from server.storage.bus import LocalBus
from server.tenants.credentials import Kind
from server.tenants.revocations import LOOK_EVERY_S, Revocations
from tests.fakes.clock import FakeClock
from tests.fixtures.tenancy import Tenancy


class UnsteadyDatabase:
    """A Database that can be away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_away = False
        self.was_asked = asyncio.Event()

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        self.was_asked.set()
        if self.is_away:
            raise ConnectionError("the database is away")
        return self._database.reading()


async def test_a_revocation_is_found_after_the_database_was_away(sqlite_database: Database, clock: FakeClock) -> None:
    tenancy, unsteady = Tenancy.over(sqlite_database, clock), UnsteadyDatabase(sqlite_database)
    tenant = await tenancy.tenants.create("Acme")
    key = next(one for one in await tenancy.keyring.of(tenant.tenant_id) if one.kind is Kind.PROJECT)
    revocations = Revocations(unsteady, LocalBus(), clock)  # type: ignore[arg-type]  # of another process
    told = asyncio.Event()
    with revocations.watch(key.uid, told.set):
        unsteady.is_away = True
        await clock.advance(LOOK_EVERY_S)
        assert unsteady.was_asked.is_set()
        unsteady.is_away = False
        await tenancy.keyring.revoke(tenant.tenant_id, key.uid)
        await clock.advance(LOOK_EVERY_S)
        await asyncio.wait_for(told.wait(), 10)
    await revocations.close()
