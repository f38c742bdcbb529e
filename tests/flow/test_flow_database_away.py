"""What a backend, or a page, hears while the database has no connection left, or is away."""

import asyncio
import dataclasses
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from server.app import TIDY_EVERY_S
from server.storage import Database
from server.storage.migrations import migrate
from tests.fakes.clock import FakeClock
from tests.fixtures.application import Application, Running, refusal
from tests.fixtures.servers import PrivatePostgres


def _asking(running: Running) -> dict[str, str]:
    return {"Authorization": f"Bearer {running.tenant.project_token}"}


async def test_who_gets_no_connection_in_time_is_told_to_try_again(application: Application) -> None:
    async with application.running(database_connections=2, database_wait_s=0.5) as running:
        url, database = f"{running.url}/api/v1/agents", running.parloir.database
        async with AsyncExitStack() as held:
            for _ in range(2):
                session = await held.enter_async_context(database.reading())
                await session.execute(text("SELECT 1"))
            read = await running.http.get(url, headers=_asking(running))
            order = {"recipient_phone_number": "+33612345678", "call_type": "bridge", "vendeur_mode": "browser"}
            written = await running.http.post(
                f"{running.url}/api/v1/calls/initiate", json=order, headers=_asking(running)
            )
            widget = await running.page().get(f"/widget/config?key={running.tenant.public_key}")
        for refused in (read, written, widget):
            assert refusal(refused) == (503, "database_unavailable")
            assert refused.headers["Retry-After"] == "1"
            assert refused.json()["request_id"]
        assert (await running.http.get(url, headers=_asking(running))).status_code == 200


class SessionsOnceAway:
    """Sessions to be reaped, of a database that is away the first time."""

    def __init__(self) -> None:
        self.asked = 0

    async def reap(self, reason: str) -> list[str]:
        self.asked += 1
        if self.asked == 1:
            raise ConnectionError("the database is away")
        return []


async def test_what_is_over_is_put_away_also_after_a_minute_without_a_database(
    sqlite_running: Running, clock: FakeClock
) -> None:
    sessions = SessionsOnceAway()
    parloir = dataclasses.replace(sqlite_running.parloir, sessions=sessions)  # type: ignore[arg-type]
    tidying = asyncio.create_task(parloir.tidy())
    async with asyncio.timeout(30):
        while sessions.asked < 2:
            await clock.advance(TIDY_EVERY_S)
    assert not tidying.done()
    tidying.cancel()
    await asyncio.wait({tidying})


@pytest.mark.postgres
async def test_a_database_that_stopped_is_said_to_be_away_until_it_is_back(
    own_postgres: PrivatePostgres, tmp_path: Path, clock: FakeClock
) -> None:
    application = Application(own_postgres.url("postgres"), tmp_path / "var", clock)
    database = Database(application.database_url)
    await migrate(database)
    await database.close()
    async with application.running() as running:
        url = f"{running.url}/api/v1/agents"
        assert (await running.http.get(url, headers=_asking(running))).status_code == 200
        own_postgres.stop()
        away = await running.http.get(url, headers=_asking(running))
        assert refusal(away) == (503, "database_unavailable")
        assert away.headers["Retry-After"] == "1"
        own_postgres.start()
        assert (await running.http.get(url, headers=_asking(running))).status_code == 200
