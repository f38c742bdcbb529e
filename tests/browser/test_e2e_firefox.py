"""The same shop in Firefox ESR: a written conversation that goes on elsewhere, under the strictest policy.

Its voice is in test_e2e_relay.py: Firefox pairs no address of its own with 127.0.0.1, and here only a relay is between.
"""

import pytest

from tests.fixtures.firefox import needs_firefox
from tests.fixtures.site import Site
from tests.fixtures.visitors import Visitor

pytestmark = [pytest.mark.firefox, pytest.mark.timeout(400), needs_firefox]


async def test_a_visitor_in_firefox_writes_and_goes_on_elsewhere(talking_site: Site, firefox: Visitor) -> None:
    await firefox.visit(f"{talking_site.shop}/strict-csp?lang=en")
    await firefox.launcher.click()
    await firefox.answer_to("What are your opening hours?", "from nine in the morning")
    await firefox.page.goto(f"{talking_site.shop}/strict-csp/product?lang=en")
    await firefox.log.get_by_text("from nine in the morning").first.wait_for()
    await firefox.answer_to("How much does delivery cost?", "four euros ninety")
    assert await firefox.page.evaluate("violations") == []
    assert await firefox.events("error") == []
