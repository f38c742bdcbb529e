"""Strict policies, each with a whole written conversation under it: nothing is violated, nothing is missing."""

import pytest

from tests.fixtures.pages import Pages
from tests.fixtures.site import Site
from tests.fixtures.visitors import Arrive

pytestmark = pytest.mark.browser

NONCE = "r4nd0m"
REACH = "connect-src SERVER SOCKET"
POLICIES = {
    "host allowlist": f"default-src 'none'; script-src SERVER; {REACH}",
    "nonce": f"default-src 'none'; script-src 'nonce-{NONCE}'; {REACH}",
    "nonce and strict-dynamic": f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; {REACH}",
    "Trusted Types": f"default-src 'none'; script-src SERVER; {REACH}; require-trusted-types-for 'script'; "
    "trusted-types parloir",
    "sandbox": f"default-src 'none'; script-src SERVER; {REACH}; sandbox allow-scripts allow-same-origin",
}


@pytest.mark.parametrize("name", POLICIES)
async def test_a_conversation_violates_no_policy(talking_site: Site, pages: Pages, arrive: Arrive, name: str) -> None:
    socket = pages.server.replace("http", "ws", 1)
    policy = POLICIES[name].replace("SERVER", pages.server).replace("SOCKET", socket)
    path = f"/csp-{name.replace(' ', '-')}"
    visitor = await arrive()
    await visitor.visit(pages.put(path, pages.tag(attributes=f'nonce="{NONCE}"'), Content_Security_Policy=policy))
    await visitor.launcher.click()
    await visitor.answer_to("What are your opening hours?", "from nine in the morning")
    await visitor.press("End the conversation")
    await visitor.press("5 out of 5")
    await visitor.page.get_by_text("Thank you.").wait_for()
    assert await visitor.page.evaluate("violations") == []
    assert [line for line in visitor.console if "Content Security Policy" in line] == []
    assert await visitor.events("error") == []
    assert any(url.startswith(socket) for url in visitor.requests), "by socket, not by its stand-in"


async def test_a_page_without_an_origin_is_refused_in_words(site: Site, pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    policy = f"default-src 'none'; script-src {pages.server}; connect-src {pages.server}; sandbox allow-scripts"
    await visitor.visit(pages.put("/nowhere", pages.tag(), Content_Security_Policy=policy))
    await visitor.launcher.click()
    await visitor.until_told("error", code="origin_not_allowed")
    await visitor.page.get_by_text("This assistant is not available on this page.").wait_for()
    assert await visitor.page.evaluate("violations") == []
