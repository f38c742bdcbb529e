"""How many may come: visitors of one address and of one tenant a minute, and conversations at once."""

import asyncio

import httpx

from tests.fakes.clock import FakeClock
from tests.fixtures.application import CONSENT, Application, Page, Running, refusal


async def opened(page: Page, running: Running, address: str, end: bool = True) -> httpx.Response:
    """A session opened from `address`, given back at once unless told otherwise."""
    wish = {"key": running.tenant.public_key, "mode": "text", "consent": CONSENT}
    answer = await page.post("/widget/sessions", wish, headers={"X-Forwarded-For": address})
    if end and answer.status_code == 201:
        visitor = page.elsewhere(page.origin)
        visitor.token = answer.json()["session"]["token"]
        assert (await visitor.post("/widget/sessions/end", {})).status_code == 200
    return answer


async def test_the_thirty_first_session_of_an_address_in_a_minute(application: Application) -> None:
    async with application.running(trusted_proxies=("127.0.0.1",)) as server:
        page = server.page()
        for _ in range(30):
            assert (await opened(page, server, "192.0.2.1")).status_code == 201
        refused = await opened(page, server, "192.0.2.1")
        assert refusal(refused) == (429, "rate_limit_exceeded")
        wait_s = int(refused.headers["Retry-After"])
        assert 1 <= wait_s <= 120
        assert refused.headers["Access-Control-Allow-Origin"] == page.origin
        assert (await opened(page, server, "192.0.2.2")).status_code == 201
        application.clock.jump(wait_s - 1)
        assert (await opened(page, server, "192.0.2.1")).status_code == 429
        application.clock.jump(1)
        assert (await opened(page, server, "192.0.2.1")).status_code == 201


async def test_an_address_that_nobody_vouches_for_is_not_believed(sqlite_running: Running) -> None:
    page = sqlite_running.page()
    answers = [await opened(page, sqlite_running, f"192.0.2.{number}") for number in range(31)]
    assert [answer.status_code for answer in answers] == [201] * 30 + [429]


async def test_refusals_spend_nothing(sqlite_running: Running) -> None:
    page = sqlite_running.page()
    for _ in range(40):
        no_consent = await page.post("/widget/sessions", {"key": sqlite_running.tenant.public_key, "mode": "text"})
        assert no_consent.status_code == 409
        await page.get("/widget/config", params={"key": sqlite_running.tenant.public_key})
    assert (await opened(page, sqlite_running, "")).status_code == 201


async def test_as_many_at_once_as_the_plan_allows(running: Running, clock: FakeClock) -> None:
    page = running.page()
    answers = await asyncio.gather(*(opened(page, running, "", end=False) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 3
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refusal(refused) == (429, "concurrency_limit_reached")
    assert int(refused.headers["Retry-After"]) >= 1
    visitor = page.elsewhere(page.origin)
    visitor.token = next(answer for answer in answers if answer.status_code == 201).json()["session"]["token"]
    await visitor.post("/widget/sessions/end", {})
    assert (await opened(page, running, "", end=False)).status_code == 201
    assert (await opened(page, running, "", end=False)).status_code == 429
    clock.jump(61)  # everybody left without a word
    assert (await opened(page, running, "")).status_code == 201


async def test_another_tenants_visitors_are_no_obstacle(sqlite_running: Running) -> None:
    page = sqlite_running.page()
    for _ in range(5):
        assert (await opened(page, sqlite_running, "", end=False)).status_code == 201
    other = await sqlite_running.parloir.tenants.create("Other", [page.origin or ""])
    assert (await page.open(other))["conversation"]["state"] == "active"


async def test_a_call_that_fails_to_begin_gives_its_line_back(running: Running) -> None:
    page = running.page()
    wish = {"key": running.tenant.public_key, "mode": "voice", "offer": "v=0", "consent": CONSENT}
    for _ in range(8):
        assert refusal(await page.post("/widget/sessions", wish)) == (400, "invalid_sdp")
    assert (await opened(page, running, "")).status_code == 201
    assert len(running.parloir.live) == 0
