"""How calls end in a softphone's page: each way with its own words, and nobody is left on the line."""

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, expect

from tests.fixtures.recordings import heard
from tests.fixtures.site import Site
from tests.fixtures.softphones import ECHO, ENDS_WITHIN_S, HANDSET, SPEAKER, Backend, Sit, shows, until_status
from tests.fixtures.speech.questions import question_wav
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(800)]

LOST_MOST_S = 1.0
LET_GO_MS = ENDS_WITHIN_S * 1_000
BACK_WITHIN_MS = 60_000


@pytest.fixture(scope="session")
def voice() -> Path:
    return question_wav("When do you open on Saturday?", "en", lead_s=2, trail_s=40)


@pytest.mark.parametrize(
    ("number", "head", "why", "status"),
    [
        ("+15005550001", "Ended (busy)", "The line was busy.", "busy"),
        ("+15005550003", "Ended (declined)", "They declined the call.", "busy"),
        ("+15005550004", "Ended (failed)", "The phone network could not connect the call.", "failed"),
        ("+15005550005", "Ended (not reachable)", "This number cannot be reached.", "failed"),
    ],
)
async def test_a_number_that_cannot_be_had_says_why(
    backend: Backend, sit: Sit, voice: Path, number: str, head: str, why: str, status: str
) -> None:
    page = await sit(voice)
    call_id = backend.order(number)
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "ended")
    await expect(page.get_by_role("heading", name=head)).to_be_visible()
    await expect(page.get_by_text(why)).to_be_visible()
    await until_status(backend, call_id, status)


async def test_nobody_picks_up(backend: Backend, sit: Sit, voice: Path) -> None:
    page = await sit(voice)
    call_id = backend.order("+15005550002")
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "ringing")
    await expect(page.get_by_role("log")).to_have_text("")  # whether it will be transcribed is not known yet
    await expect(page.get_by_role("heading", name="Ended (no answer)")).to_be_visible(timeout=BACK_WITHIN_MS)
    await expect(page.get_by_text("Nobody picked up.")).to_be_visible()
    await until_status(backend, call_id, "no-answer")


async def test_who_calls_is_gone_while_it_rings(backend: Backend, sit: Sit, voice: Path) -> None:
    client, page = await sit(voice), await sit(voice)
    await client.goto(f"{backend.site.server}/handset/demo")
    await expect(client.get_by_role("heading")).to_contain_text("Ready", timeout=PATIENCE_MS)
    call_id = backend.order(HANDSET)
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "ringing")
    await expect(client.get_by_role("heading")).to_have_text("Incoming call", timeout=PATIENCE_MS)
    await page.close()
    await expect(client.get_by_role("heading")).to_contain_text("Ready", timeout=LET_GO_MS)
    await until_status(backend, call_id, "canceled")


async def test_the_agents_tab_is_closed_and_the_other_side_is_let_go(backend: Backend, sit: Sit, voice: Path) -> None:
    page, listener = await sit(voice), await sit()
    call_id = backend.order(ECHO)
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "on")
    await listener.goto(backend.link(call_id, "listen"))
    await shows(listener, "on")
    await page.close()
    await expect(listener.locator(".phone[data-state=ended]")).to_be_visible(timeout=LET_GO_MS)
    await expect(listener.get_by_text("The agent’s page was closed or lost its connection.")).to_be_visible()
    await until_status(backend, call_id, "completed")


@pytest.mark.parametrize("way", ["closed", "crashed", "killed"])
async def test_a_page_that_ends_without_a_word_ends_the_call_too(
    patient_site: Site, sit: Sit, voice: Path, way: str
) -> None:
    """No beacon arrives, and silence alone is waited for ten minutes: what is left is that its socket ended."""
    backend = Backend.of(patient_site)
    page, listener = await sit(voice), await sit()
    await page.route("**/embed/leave", lambda route: route.abort())
    call_id = backend.order(ECHO, enable_transcription=False)
    async with page.expect_websocket() as opened:
        await page.goto(backend.link(call_id, "agent"))
    assert (await opened.value).url.endswith("/embed/socket")
    await shows(page, "on")
    await listener.goto(backend.link(call_id, "listen"))
    await shows(listener, "on")
    if way == "closed":
        await page.close()
    else:
        await kill(page, "renderer" if way == "crashed" else "browser")
    await expect(listener.locator(".phone[data-state=ended]")).to_be_visible(timeout=LET_GO_MS)
    await until_status(backend, call_id, "completed")


async def kill(page: Page, kind: str) -> None:
    """End every process of that kind of the page's browser, as a crash or the system would."""
    browser = page.context.browser
    assert browser is not None
    session = await browser.new_browser_cdp_session()
    for process in (await session.send("SystemInfo.getProcessInfo"))["processInfo"]:
        if process["type"] == kind:
            os.kill(process["id"], signal.SIGKILL)


async def test_the_client_hangs_up(backend: Backend, sit: Sit, voice: Path) -> None:
    client, page = await sit(voice), await sit(voice)
    await client.goto(f"{backend.site.server}/handset/demo")
    await expect(client.get_by_role("heading")).to_contain_text("Ready", timeout=PATIENCE_MS)
    await page.goto(backend.link(backend.order(HANDSET), "agent"))
    await client.get_by_role("button", name="Answer").click(timeout=PATIENCE_MS)
    await shows(page, "on")
    await client.get_by_role("button", name="Hang up").click()
    await shows(page, "ended")
    await expect(page.get_by_text("They hung up.")).to_be_visible()


async def test_a_server_killed_in_mid_call_loses_a_second_at_most_and_says_so(
    own_site: Site, sit: Sit, voice: Path
) -> None:
    own_site.warm()
    backend = Backend.of(own_site)
    page = await sit(voice)
    call_id = backend.order(SPEAKER, language="en")
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "on")
    row = page.locator(".row.customer:not(.partial)").first
    await expect(row).to_be_visible(timeout=PATIENCE_MS)
    said = await row.locator("span").last.inner_text()
    await asyncio.sleep(3)  # of talk, some of which nobody has written down when the server dies
    recorded_s = backend.recorded_s(call_id)
    assert recorded_s > 3
    own_site.kill()
    await shows(page, "lost")
    own_site.start()
    await expect(page.get_by_role("heading", name="Ended (cut off)")).to_be_visible(timeout=BACK_WITHIN_MS)
    await expect(page.get_by_text("The server stopped in the middle of the call.")).to_be_visible()
    await expect(page.get_by_text("How did it go?")).to_be_visible()
    assert backend.seen(call_id)["status"] == "error"
    replayed = backend.replayed(call_id)
    assert (replayed["recording"]["state"], replayed["transcript"]["state"]) == ("ready", "ready")
    assert said in [segment["text"] for segment in replayed["transcript"]["segments"]]
    kept = heard(backend.recording(call_id))
    assert kept.seconds > recorded_s - LOST_MOST_S
    assert np.abs(kept.channels[0]).max() > 0.05  # the one who speaks is on it
