"""A conversation outlives its page, its connection and the server; before consent nothing is kept or asked."""

import urllib.error
from collections.abc import Awaitable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Response

from tests.fixtures.site import Site
from tests.fixtures.speech.prompts import share_heard
from tests.fixtures.speech.questions import question_wav
from tests.fixtures.visitors import Arrive, Ear, Visitor, last_said

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(480)]

HOURS = "What are your opening hours?"
HOURS_ANSWER = "from nine in the morning"
COST = "How much does delivery cost?"
COST_ANSWER = "four euros ninety"
MOST = 0.5
"""Of the words: the recogniser misses some."""
STORED = "[document.cookie, localStorage.length, sessionStorage.length]"
TOKEN = "JSON.parse(sessionStorage.getItem('parloir.session')).token"


async def in_writing(visitor: Visitor, url: str) -> str:
    """A written conversation with one question answered; its id."""
    await visitor.visit(url)
    await visitor.launcher.click()
    await visitor.answer_to(HOURS, HOURS_ANSWER)
    (started,) = await visitor.events("conversationStart")
    return str(started["id"])


async def continued(visitor: Visitor, moving: Awaitable[object]) -> str:
    """Go somewhere; the id of the conversation that the server gives back there."""
    async with visitor.page.expect_response(_gives_back) as answered:
        await moving
    return str((await (await answered.value).json())["conversation"]["id"])


def _gives_back(answer: Response) -> bool:
    return answer.url.endswith("/widget/sessions/current") and answer.request.method == "GET"


async def test_a_call_goes_on_where_the_visitor_goes(talking_site: Site, arrive: Arrive, ear: Ear) -> None:
    visitor = await arrive(microphone=question_wav(COST, "en", lead_s=5.0, trail_s=20, times=2))
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.call()
    await visitor.until("events.some((e) => e.name === 'message' && e.final)")
    (started,) = await visitor.events("conversationStart")
    greeting = next(event["text"] for event in await visitor.events("message") if event["final"])
    moved = visitor.page.goto(f"{talking_site.shop}/product/brume?lang=en")
    assert await continued(visitor, moved) == started["id"]
    await visitor.until_state("listening", "speaking")
    assert greeting in await visitor.log.inner_text()
    # The fake microphone begins anew with every page: the question is asked here, and answered here. And once more,
    # for a busy machine may tear the sound of one answer.
    for times in (1, 2):
        await visitor.until(f"events.filter((e) => e.role === 'user' && e.final).length >= {times}")
        await visitor.log.get_by_text(COST_ANSWER).nth(times - 1).wait_for()
        await visitor.until_state("listening")
        answer = [event["text"] for event in await visitor.events("message") if event["role"] == "agent"][-1]
        heard = ear(last_said(await visitor.heard()), "en")
        if share_heard(answer, heard) >= MOST:
            break
    assert await visitor.page.evaluate(
        "(() => { const a = document.querySelector('parloir-widget').shadowRoot.querySelector('audio');"
        " return !a.paused && a.currentTime > 1 })()"
    ), "the agent is heard without another click"
    assert share_heard(answer, heard) >= MOST, f"not heard: {answer} in {heard}"
    assert await visitor.events("conversationStart") == []


async def test_a_reload_keeps_what_was_written(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    conversation = await in_writing(visitor, f"{talking_site.shop}/?lang=en")
    assert await continued(visitor, visitor.page.reload()) == conversation
    await visitor.log.get_by_text(HOURS_ANSWER).first.wait_for()
    await visitor.answer_to(COST, COST_ANSWER)
    assert await visitor.log.get_by_text(HOURS, exact=True).count() == 1
    assert await visitor.events("conversationStart") == []


async def test_a_killed_server_is_waited_for(own_site: Site, arrive: Arrive) -> None:
    own_site.warm()
    visitor = await arrive()
    await visitor.page.clock.install()
    conversation = await in_writing(visitor, f"{own_site.shop}/?lang=en")
    own_site.kill()
    await visitor.until_state("reconnecting")
    # A page waits for half a minute, a busy machine takes longer to start a server: the page's time stands still.
    await visitor.page.clock.pause_at(await visitor.page.evaluate("Date.now() / 1000 + 10"))
    own_site.start()
    await visitor.page.clock.resume()
    await visitor.until_state("listening")
    await visitor.answer_to(COST, COST_ANSWER)
    assert await visitor.log.get_by_text(HOURS_ANSWER).count() == 1
    assert await continued(visitor, visitor.page.reload()) == conversation
    await visitor.log.get_by_text(COST_ANSWER).first.wait_for()


async def test_a_lost_network_is_waited_for(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive(microphone=question_wav(HOURS, "en", lead_s=40, trail_s=1))
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.call()
    await visitor.until("events.some((e) => e.name === 'message' && e.final)")  # a gap is shown after what was said
    await visitor.page.context.set_offline(True)
    await visitor.until_state("reconnecting")
    await visitor.until_told("reconnecting", mode="voice")
    await visitor.page.get_by_text("Reconnecting…").first.wait_for()
    await visitor.page.context.set_offline(False)
    await visitor.until_state("listening")
    await visitor.page.get_by_text("The connection was lost for a moment").wait_for()
    await visitor.answer_to(COST, COST_ANSWER)
    assert len(await visitor.events("conversationStart")) == 1
    assert await visitor.events("conversationEnd") == []
    assert len(await visitor.page.evaluate("voices.map(() => 1)")) == 2, "a new connection, the same conversation"


async def test_hanging_up_ends_it_everywhere(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive(microphone=question_wav(HOURS, "en", lead_s=40, trail_s=1))
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.call()
    token = await visitor.page.evaluate(TOKEN)
    async with visitor.page.expect_response(lambda answer: answer.url.endswith("/widget/sessions/end")):
        await visitor.press("End the conversation")
    await visitor.until_told("conversationEnd", reason="visitor")
    await visitor.page.get_by_role("heading", name="Conversation ended").wait_for()
    assert await visitor.page.evaluate(STORED) == ["", 0, 0]
    with pytest.raises(urllib.error.HTTPError) as refused:
        talking_site.ask("/widget/sessions/current", Authorization=f"Bearer {token}")
    assert refused.value.code == 410
    await visitor.press("4 out of 5")
    await visitor.page.get_by_text("Thank you.").wait_for()
    before = len(visitor.requests)
    await visitor.page.reload()
    await visitor.launcher.wait_for()
    assert not any("/widget/" in url for url in visitor.requests[before:]), "there is nothing to go on with"


async def test_nothing_is_kept_or_asked_before_consent(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.until_told("ready")
    assert _asked_of(visitor, talking_site.server) == ["/voice-assistant/voice-widget-b2b.js"], (
        "one request, the loader"
    )
    assert await visitor.page.evaluate(STORED) == ["", 0, 0]
    await visitor.launcher.click()
    await visitor.press("Start talking")
    await visitor.page.get_by_role("button", name="Agree and talk", exact=True).wait_for()
    asked = _asked_of(visitor, talking_site.server)
    assert not any("sessions" in path or "socket" in path for path in asked), asked
    assert await visitor.page.evaluate(STORED) == ["", 0, 0]
    assert await visitor.page.context.cookies() == []
    hosts = {_origin(url) for url in visitor.requests if not url.startswith("data:")}
    assert hosts == {talking_site.server, talking_site.shop}, "nobody else is asked"
    await visitor.press("Not now")
    assert await visitor.page.evaluate(STORED) == ["", 0, 0]


def _asked_of(visitor: Visitor, origin: str) -> list[str]:
    return [urlsplit(url).path for url in visitor.requests if _origin(url) == origin]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
