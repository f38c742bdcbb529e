"""The widget in today's ways to build a site: React in strict mode, a module script, an import when it is wanted."""

import subprocess

import pytest

from tests.fixtures.pages import Pages
from tests.fixtures.site import ROOT, Site
from tests.fixtures.visitors import Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

HOURS = "What are your opening hours?"
HOURS_ANSWER = "from nine in the morning"


@pytest.fixture(scope="module")
def application(pages: Pages) -> str:
    """A React application bundled as its developers see it, on an empty page; show() mounts it, leave() unmounts it."""
    bundle = subprocess.run(
        ["node_modules/.bin/esbuild", "tests/fixtures/react/shop.jsx", "--bundle", "--jsx=automatic"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    pages.put("/react.js", bundle.stdout)
    icon = '<link rel="icon" href="data:,">'  # otherwise the browser asks for one, and complains
    scripts = f'<script src="{pages.server}/w/v1.js"></script><script src="/react.js"></script>'
    return pages.put("/react", f'{icon}<body data-key="{pages.key}"><main></main>{scripts}')


@pytest.mark.parametrize("by", ["element", "api"])
async def test_react_in_strict_mode_has_one_widget_and_leaves_none(
    talking_site: Site, application: str, arrive: Arrive, by: str
) -> None:
    visitor = await arrive()
    broken: list[str] = []
    visitor.page.on("pageerror", lambda error: broken.append(str(error)))
    await visitor.page.goto(application)
    bare = await visitor.page.evaluate("document.querySelectorAll('script, style, link').length")
    for _ in range(2):  # and it may come back
        await visitor.page.evaluate("(by) => show(by)", by)
        await visitor.launcher.wait_for()
        await visitor.launcher.click()
        await visitor.answer_to(HOURS, HOURS_ANSWER)
        assert await visitor.page.locator("parloir-widget").count() == 1
        assert await visitor.page.locator("parloir-widget button.launcher").count() == 1
        await visitor.page.evaluate("VocalIA.end()")
        await visitor.until_told("conversationEnd", reason="visitor")
        await visitor.page.evaluate("leave()")
        await visitor.page.locator("parloir-widget").wait_for(state="detached")
        assert await visitor.page.evaluate("document.querySelectorAll('script, style, link').length") == bare
    if by == "api":
        assert await visitor.page.evaluate("mounts") == 4, "strict mode mounts twice"
    assert await visitor.events("error") == []
    assert (broken, [line for line in visitor.console if "DevTools" not in line]) == ([], [])


async def talks(visitor: Visitor) -> None:
    await visitor.launcher.click()
    await visitor.answer_to(HOURS, HOURS_ANSWER)
    assert await visitor.page.locator("parloir-widget").count() == 1
    assert await visitor.events("error") == []


async def test_a_module_script_is_the_same_tag(talking_site: Site, pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.visit(pages.put("/module", pages.tag(attributes='type="module"')))
    await talks(visitor)


async def test_a_page_imports_it_when_it_is_wanted(talking_site: Site, pages: Pages, arrive: Arrive) -> None:
    visitor = await arrive()
    imports = f"""
      <script type="module">
        await import("{pages.server}/w/v1.js");
        VocalIA.init({{apiKey: "{pages.key}", agentId: "support", language: "en"}});
      </script>"""
    await visitor.visit(pages.put("/import", imports))
    await talks(visitor)
