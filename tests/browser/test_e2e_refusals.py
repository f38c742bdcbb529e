"""Where a voice conversation cannot be: the visitor reads why, the site owner what to do, and writing takes over."""

import pytest

from tests.fixtures.pages import Pages
from tests.fixtures.site import Site
from tests.fixtures.visitors import Arrive, Visitor

pytestmark = pytest.mark.browser

HOURS = "What are your opening hours?"
ANSWER = "from nine in the morning"


async def failed(visitor: Visitor, code: str) -> None:
    """Open the panel and wait until the page is told that it failed for `code`."""
    await visitor.launcher.click()
    await visitor.until_told("error", code=code)
    await visitor.until_state("error")


async def test_a_page_that_is_not_allowed_says_so_to_visitor_owner_and_script(site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(f"{site.refused}/?lang=en")
    await failed(visitor, "origin_not_allowed")
    await visitor.page.get_by_text("This assistant is not available on this page.").wait_for()
    await visitor.until_console("origin_not_allowed")
    await visitor.until_console("parloir tenants origins add")
    assert site.refused in await visitor.page.locator("aside.refusal").inner_text()
    assert not any("/widget/sessions" in url for url in visitor.requests), "a refused page opens no session"


async def test_an_origin_that_is_added_may_start_at_once(site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    site.cli("tenants", "origins", "add", site.tenant, site.refused)
    try:
        await visitor.visit(f"{site.refused}/?lang=en")
        await visitor.launcher.click()
        await visitor.page.get_by_role("button", name="Send").wait_for()
        await visitor.until("events.some((e) => e.name === 'open')")
        await visitor.write(HOURS)
        await visitor.page.get_by_role("button", name="Agree and write", exact=True).wait_for()
    finally:
        site.cli("tenants", "origins", "remove", site.tenant, site.refused)
    late = await arrive()
    await late.visit(f"{site.refused}/?lang=en")
    await failed(late, "origin_not_allowed")


async def test_a_key_nobody_has_is_refused(pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    foreign = pages.key[:-4] + "zzzz"
    await visitor.visit(pages.put("/foreign", pages.tag().replace(pages.key, foreign)))
    await failed(visitor, "invalid_key")
    await visitor.page.get_by_text("This assistant is not available on this page.").wait_for()
    await visitor.until_console("apiKey")


async def test_a_denied_microphone_leaves_writing(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive(arguments=["--use-fake-device-for-media-stream", "--deny-permission-prompts"])
    await _writing_takes_over(
        visitor, f"{talking_site.shop}/?lang=en", "microphone_denied", "Your browser blocked the microphone."
    )


async def test_no_microphone_leaves_writing(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    await _writing_takes_over(visitor, f"{talking_site.shop}/?lang=en", "microphone_missing", "We found no microphone.")


async def test_a_page_that_forbids_the_microphone_leaves_writing(
    talking_site: Site, pages: Pages, arrive: Arrive
) -> None:
    visitor = await arrive(arguments=["--use-fake-device-for-media-stream"])
    url = pages.put("/no-microphone", pages.tag(), Permissions_Policy="microphone=()")
    await _writing_takes_over(visitor, url, "microphone_policy", "This page does not let us use the microphone.")


async def test_a_browser_without_webrtc_leaves_writing(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.page.add_init_script("delete window.RTCPeerConnection")
    await _writing_takes_over(
        visitor, f"{talking_site.shop}/?lang=en", "webrtc_unsupported", "This browser cannot make voice calls."
    )


async def test_a_visitor_may_write_from_the_start(talking_site: Site, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(f"{talking_site.shop}/?lang=en")
    await visitor.launcher.click()
    await visitor.answer_to(HOURS, ANSWER)
    assert (await visitor.events("conversationStart"))[0]["mode"] == "text"
    assert {message["via"] for message in await visitor.events("message")} == {"text"}
    assert await visitor.events("error") == []
    assert not any(permission for permission in await visitor.page.evaluate("[...voices]"))


async def test_a_page_may_want_no_voice(talking_site: Site, pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(pages.put("/text-only", pages.tag('data-text-only="true"')))
    await visitor.launcher.click()
    await visitor.page.locator("parloir-widget textarea").wait_for()
    await visitor.answer_to(HOURS, ANSWER)
    for name in ("Start talking", "Talk"):
        assert await visitor.page.get_by_role("button", name=name, exact=True).count() == 0
    await visitor.press("End the conversation")
    await visitor.until_told("conversationEnd", reason="visitor")


async def _writing_takes_over(visitor: Visitor, url: str, code: str, words: str) -> None:
    """The visitor wants to talk, cannot, reads why, and gets an answer in writing in the same panel."""
    await visitor.visit(url)
    await visitor.launcher.click()
    await visitor.press("Start talking")
    await visitor.press("Agree and talk")
    await visitor.until_told("error", code=code)
    await visitor.page.get_by_text(words).first.wait_for()
    await visitor.until_state("listening")
    await visitor.answer_to(HOURS, ANSWER)
    await visitor.until_console(code)
    (started,) = await visitor.events("conversationStart")
    assert started["mode"] == "text"
