"""What tests of conversations share."""

from collections.abc import AsyncIterator

import pytest

from server.calls.conversation import Services
from server.storage import Database
from tests.fakes.clock import FakeClock
from tests.fixtures.conversing import conversing


@pytest.fixture
async def services(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[Services]:
    async with conversing(sqlite_database, clock) as services:
        yield services
