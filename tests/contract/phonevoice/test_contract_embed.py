"""A softphone's link as the document has it, and its iframe line in a real browser (P-025, P-046 to P-054)."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.async_api import FrameLocator, Page, expect

from server.kit.clock import SystemClock
from server.kit.tasks import TaskScope
from server.telephony.providers.virtual import magic
from tests.contract.phonevoice.conftest import CALL, CLIENT, VISITING, Service, beside
from tests.contract.phonevoice.documented import answer_in, block, fits
from tests.fixtures.softphones import Sit
from tests.fixtures.visitors import PATIENCE_MS
from tests.flow.test_flow_cable import Talk

SHOP = "https://crm.example/call"
ON = ".phone[data-state=on]"


async def test_a_softphones_link_in_every_language(service: Service) -> None:
    assert (await service.bridge())["phone_call_id"] == CALL
    _, shape = answer_in("15-embed.sh")
    body, code = (await service.run("15-embed.sh")).documents
    assert code == 200
    shape["embed_url"] = service.at.instead(shape["embed_url"])
    assert fits(shape, body), body
    links = {body["embed_url"]}
    for name in ("17-embed.py", "18-embed.rb"):
        links.add((await service.run(name)).out.strip())
    assert len(links) == 3  # each its own
    for link in links:
        page = await service.running.http.get(link)
        assert (page.status_code, urlsplit(link).path) == (200, "/embed")


async def framed_by(page: Page, line: str, link: str) -> FrameLocator:
    """What the document's iframe line shows of `link` on somebody's own page."""
    line = line.replace("EMBED_URL", link)
    await page.route(SHOP, lambda route: route.fulfill(content_type="text/html", body=f"<!doctype html>{line}"))
    await page.goto(SHOP)
    return page.frame_locator("iframe")


@pytest.fixture
async def client(service: Service) -> AsyncIterator[None]:
    """The document's client has a telephone, answers it, and repeats what they hear."""
    tasks, clock = TaskScope("the client"), SystemClock()
    leave = service.running.parloir.calling.exchange.subscribe(CLIENT, magic.Echoes(clock, tasks))
    yield
    leave()
    await tasks.close()


@pytest.mark.browser
async def test_the_printed_page_script_and_iframe_line_open_softphone_and_player(
    pages: None, client: None, service: Service, sit: Sit, tmp_path: Path
) -> None:
    await service.bridge(enable_recording=False, enable_transcription=False, enable_analysis=False)
    first = await sit(humming(tmp_path / "voice.wav"), **VISITING)
    # The script runs on a page of the deployment's own: any other would tell the world its project token.
    here = f"{service.running.url}/some/page"
    await first.route(here, lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body></body>"))
    await first.goto(here)
    await first.add_script_tag(content=service.at.instead(block("16-embed.js")), type="module")
    assert await first.locator("iframe").get_attribute("allow") == "microphone; autoplay"
    await expect(first.frame_locator("iframe").locator(ON)).to_be_visible(timeout=PATIENCE_MS)

    listener = (await service.ask("POST", f"/calls/{CALL}/embed_session", {"role": "listen"})).json()["embed_url"]
    frame = await framed_by(await beside(first), block("19-iframe.html"), listener)
    await expect(frame.locator(ON)).to_be_visible(timeout=PATIENCE_MS)
    ended = await service.ask("POST", f"/calls/{CALL}/hangup", {})
    assert ended.json() == {"status": "success", "phone_call_id": CALL, "call_status": "completed"}

    talked = (await service.bridge())["phone_call_id"]
    await Talk(service.running, talked, "").whole()
    answer = await service.ask("POST", f"/calls/{talked}/player_session")
    body = answer.json()
    assert (answer.status_code, body["embed_url"], body["expires_in"]) == (200, body["player_url"], 300)
    assert urlsplit(body["player_url"]).path == "/player"
    frame = await framed_by(await beside(first), block("19-iframe.html"), body["player_url"])
    await expect(frame.get_by_text("Good morning.")).to_be_visible(timeout=PATIENCE_MS)


def humming(path: Path) -> Path:
    """What the agent's microphone hears: a tone, for half a minute."""
    rate = 16_000
    sound = np.sin(np.arange(30 * rate) * 2 * np.pi * 440 / rate) * 8_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return path
