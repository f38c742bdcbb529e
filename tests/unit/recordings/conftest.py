"""What tests of recordings share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.recordings import Recordings
from server.storage import Database
from tests.fakes.clock import FakeClock
from tests.fixtures.recordings import Place, new_calls


@pytest.fixture
def place(sqlite_database: Database, tmp_path: Path, clock: FakeClock) -> Place:
    return Place(sqlite_database, tmp_path, clock)


@pytest.fixture
async def recordings(place: Place) -> AsyncIterator[Recordings]:
    """A process that records."""
    opened = place.recordings()
    yield opened
    await opened.close()


@pytest.fixture
async def call(place: Place) -> int:
    """A call that goes on."""
    return (await new_calls(place.database, 1))[0]
