"""What every test shares: databases, a clock that is moved by hand, and the rule that no task may outlive its test."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import hypothesis
import pytest
import structlog

from tests.fakes.clock import FakeClock
from tests.fixtures.databases import (  # noqa: F401  # fixtures are found by name
    _shared_redis,
    database,
    database_url,
    empty_postgres_url,
    own_postgres,
    own_redis,
    postgres_server,
    postgres_url,
    redis_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)
from tests.fixtures.lanes import (  # noqa: F401  # hooks are found by name
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)

_TURNS_TO_END = 50
_ENDS_WITHIN_S = 30

# The same examples every time, judged by what they show and not by how soon a busy machine makes and runs them.
hypothesis.settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

# Tracebacks as Python prints them: drawn with every value in sight, one takes a tenth of a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
async def _no_task_outlives_its_test() -> AsyncIterator[None]:
    """Set up before every other async fixture, torn down after them: what still runs then, nobody owns."""
    before = asyncio.all_tasks()
    yield
    for _ in range(_TURNS_TO_END):  # tasks that were cancelled need a turn of the loop to end
        await asyncio.sleep(0)
    if ending := [task for task in _running(before) if task.cancelling()]:  # whose cleaning up waits for a thread
        await asyncio.wait(ending, timeout=_ENDS_WITHIN_S)
    leaked = _running(before)
    for task in leaked:
        task.cancel()
    await asyncio.gather(*leaked, return_exceptions=True)
    assert not leaked, f"tasks outlived the test: {[task.get_name() for task in leaked]}"


def _running(before: set[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """What was begun since and has not ended."""
    return [task for task in asyncio.all_tasks() - before if not task.done() and task is not asyncio.current_task()]
