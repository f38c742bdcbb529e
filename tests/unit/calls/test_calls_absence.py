"""What each sign that a softphone's page is gone is worth: how long it is waited for, and what outweighs what."""

from collections.abc import AsyncIterator, Callable

import pytest

from server.calls.absence import PATIENCE_S, RETURN_S, STRAGGLERS_S, Absence, patience
from server.calls.state import CallState
from server.kit.tasks import TaskScope
from tests.fakes.clock import FakeClock


class Page:
    """A page that is connected, as far as `absence` knows."""

    def __init__(self, clock: FakeClock, tasks: TaskScope) -> None:
        self.clock = clock
        self.heard_at = clock.monotonic()
        self.gone: list[str] = []
        self.absence = Absence(
            "leg_1", clock, tasks, patience=lambda: PATIENCE_S, heard_at=lambda: self.heard_at, gone=self.gone.append
        )

    async def after(self, seconds: float) -> list[str]:
        await self.clock.advance(seconds)
        return self.gone


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    tasks = TaskScope("test")
    yield Page(FakeClock(), tasks)
    await tasks.close()


def socket_ends(page: Page) -> None:
    page.absence.attend().ended()


SIGNS: dict[str, tuple[Callable[[Page], object], float]] = {
    "left": (lambda page: page.absence.said(), RETURN_S),
    "page_closed": (socket_ends, RETURN_S),
    "connection_lost": (lambda page: page.absence.silent(), PATIENCE_S),
}


@pytest.mark.parametrize("reason", SIGNS)
async def test_every_sign_has_its_patience_and_is_told_once(page: Page, reason: str) -> None:
    give, limit_s = SIGNS[reason]
    give(page)
    assert await page.after(limit_s - 0.1) == []
    assert await page.after(0.2) == [reason]
    give(page)
    assert await page.after(PATIENCE_S) == [reason]


@pytest.mark.parametrize("reason", SIGNS)
async def test_who_comes_back_was_never_gone(page: Page, reason: str) -> None:
    SIGNS[reason][0](page)
    await page.after(RETURN_S - 0.1)
    page.absence.back()
    assert await page.after(PATIENCE_S) == []


async def test_a_peer_connection_closed_in_due_form_means_leaving(page: Page) -> None:
    page.absence.peer_closed()
    assert await page.after(RETURN_S) == ["page_closed"]


async def test_unless_the_page_still_has_its_socket_and_is_about_to_connect_anew(page: Page) -> None:
    page.absence.attend()
    page.absence.peer_closed()
    assert await page.after(PATIENCE_S - 0.1) == []
    assert await page.after(0.2) == ["connection_lost"]


async def test_a_page_that_is_heard_on_without_its_socket_is_there(page: Page) -> None:
    socket_ends(page)
    await page.after(STRAGGLERS_S + 0.5)
    page.heard_at = page.clock.monotonic()
    assert await page.after(PATIENCE_S) == []
    page.absence.silent()
    assert await page.after(PATIENCE_S) == ["connection_lost"]


async def test_what_was_on_its_way_when_a_browser_died_is_no_sign_of_life(page: Page) -> None:
    socket_ends(page)
    await page.after(STRAGGLERS_S / 2)
    page.heard_at = page.clock.monotonic()
    assert await page.after(RETURN_S) == ["page_closed"]


async def test_a_socket_that_ends_in_a_silence_cuts_the_waiting_short(page: Page) -> None:
    attendance = page.absence.attend()
    page.absence.silent()
    await page.after(PATIENCE_S / 2)
    attendance.ended()
    page.absence.silent()
    assert await page.after(RETURN_S) == ["page_closed"]


async def test_another_socket_takes_the_place_of_the_first_and_keeps_the_page_there(page: Page) -> None:
    first = page.absence.attend()
    second = page.absence.attend()
    assert (first.over.is_set(), first.is_replaced, second.over.is_set()) == (True, True, False)
    first.ended()
    assert await page.after(PATIENCE_S) == []
    second.ended()
    assert await page.after(RETURN_S) == ["page_closed"]


async def test_a_socket_opened_again_shows_that_the_page_is_there_but_not_its_sound(page: Page) -> None:
    socket_ends(page)
    await page.after(RETURN_S - 1)
    page.absence.attend()
    assert await page.after(PATIENCE_S - 0.1) == []
    assert await page.after(0.2) == ["connection_lost"]


@pytest.mark.parametrize("reason", SIGNS)
async def test_a_page_that_was_loaded_anew_is_given_time_to_connect(page: Page, reason: str) -> None:
    """What the page before it leaves behind may come after it."""
    attendance = page.absence.attend()
    SIGNS[reason][0](page)
    await page.after(RETURN_S - 1)
    page.absence.returning()
    page.absence.peer_closed()
    attendance.ended()
    assert await page.after(PATIENCE_S - 0.1) == []
    assert await page.after(0.2) == ["connection_lost"]


async def test_a_page_whose_end_is_noticed_only_after_it_was_loaded_anew_is_given_time_too(page: Page) -> None:
    attendance = page.absence.attend()
    page.absence.returning()
    attendance.ended()
    page.absence.peer_closed()
    assert await page.after(PATIENCE_S - 0.1) == []
    assert await page.after(0.2) == ["connection_lost"]


async def test_a_page_that_was_loaded_anew_and_leaves_again_has_left(page: Page) -> None:
    page.absence.said()
    page.absence.returning()
    page.absence.said()
    page.absence.peer_closed()
    assert await page.after(RETURN_S) == ["left"]


async def test_a_socket_closed_from_here_proves_nothing(page: Page) -> None:
    page.absence.attend().close()
    assert await page.after(PATIENCE_S * 2) == []
    page.absence.peer_closed()
    assert await page.after(RETURN_S) == ["page_closed"]


async def test_who_said_it_leaves_is_not_waited_for_longer_because_more_ends(page: Page) -> None:
    attendance = page.absence.attend()
    page.absence.said()
    await page.after(RETURN_S - 1)
    attendance.ended()
    page.absence.peer_closed()
    page.absence.silent()
    assert await page.after(1) == ["left"]


async def test_when_nobody_is_waited_for_any_more_sockets_are_over(page: Page) -> None:
    attendance = page.absence.attend()
    page.absence.close()
    page.absence.close()
    assert attendance.over.is_set()
    assert page.absence.attend().over.is_set()
    page.absence.said()
    assert await page.after(PATIENCE_S * 2) == []


def test_while_it_rings_silence_is_waited_out_a_shorter_time() -> None:
    ringing = {state for state in CallState if patience(state) < PATIENCE_S}
    assert ringing == {CallState.DIALING, CallState.RINGING}
    assert patience(CallState.RINGING, usual_s=600) == patience(CallState.RINGING)
