"""How much of a storm: a short one in the suite, the whole one with `make chaos`."""

from dataclasses import dataclass

import pytest

from tests.chaos.storm import Tally


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


_SURVIVED = pytest.StashKey[list[tuple[int, Tally]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SURVIVED] = []


@pytest.fixture
def survived(pytestconfig: pytest.Config) -> list[tuple[int, Tally]]:
    """Of every storm: how often something was killed, and what its customer was told."""
    return pytestconfig.stash[_SURVIVED]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    storms = config.stash[_SURVIVED]
    if storms:
        kills, tallies = sum(kills for kills, _ in storms), [tally for _, tally in storms]
        terminalreporter.section("storms")
        terminalreporter.line(
            f"{len(storms)} storms, {sum(len(set(each.answered)) for each in tallies)} calls, {kills} kills;"
            f" {sum(len(each.expected) for each in tallies)} events: {sum(len(each.lost) for each in tallies)} lost,"
            f" {sum(len(each.told_twice) for each in tallies)} told twice,"
            f" {sum(each.sent_again for each in tallies)} deliveries sent again under the same id"
        )


@pytest.fixture
def force(pytestconfig: pytest.Config) -> Force:
    return _force(pytestconfig)


def _force(config: pytest.Config) -> Force:
    return WHOLE if config.getoption("--whole", False) else SHORT
