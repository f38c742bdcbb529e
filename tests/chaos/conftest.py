"""How much of a storm: a short one in the suite, the whole one with `make chaos`."""

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Force:
    """`orders` a run; a server killed once in each of `runs`; `outages` of what it leans on, of `outage_s` each."""

    runs: int
    orders: int
    outages: int
    outage_s: float
    frames: int  # of junk on /cable


SHORT = Force(runs=1, orders=40, outages=1, outage_s=2.0, frames=1_500)
WHOLE = Force(runs=20, orders=500, outages=3, outage_s=8.0, frames=50_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="the whole storm: 20 runs of 500 calls, and long outages")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", range(_force(metafunc.config).runs))


@pytest.fixture
def force(pytestconfig: pytest.Config) -> Force:
    return _force(pytestconfig)


def _force(config: pytest.Config) -> Force:
    return WHOLE if config.getoption("--whole", False) else SHORT
