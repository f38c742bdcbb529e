"""The pasted tag in real browsers: install forms, strict policies, changed bytes, and leaving without a trace."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from server.web.assets import AssetManifest, build
from tests.fixtures.chromium import CHROMIUM
from tests.fixtures.firefox import FIREFOX
from tests.fixtures.widget_pages import DOCUMENTED_LOADER, HostPage, host_page

pytestmark = pytest.mark.browser
TIMEOUT_MS = 45_000
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => violations.push(
  `${event.effectiveDirective} ${event.blockedURI}`));
window.errors = [];
window.VocalIA = { q: [['on', 'error', (error) => errors.push(error)]] };
"""
NONCE = "abc123"


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> AssetManifest:
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return AssetManifest.load(folder)


@pytest.fixture
def site(assets: AssetManifest) -> Iterator[HostPage]:
    with host_page(assets) as page:
        yield page


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def visit(browser: Browser, site: HostPage, body: str, *, head: str = "") -> Page:
    site.html = (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Shop</title>{head}</head>'
        f"<body><main><h1>Shop</h1>{body}</main></body></html>"
    )
    page = await browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    await page.add_init_script(WATCH)
    await page.goto(site.url)
    return page


def tag(site: HostPage, attributes: str = "") -> str:
    return f'<script src="{site.server}/w/v1.js" data-tenant-id="acme" data-language="en" {attributes} async></script>'


async def open_panel(page: Page) -> None:
    await page.locator("parloir-widget button.launcher").hover()
    await page.locator("parloir-widget button.launcher").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize(
    "form",
    [
        # The published snippet, to the letter but for the addresses.
        "<!-- VocalIA Voice Widget --> <script> window.VOCALIA_CONFIG = { tenant_id: 'votre-tenant-id', "
        "api_url: 'SERVER', language: 'fr', position: 'bottom-right' }; </script> "
        f'<script src="SERVER{DOCUMENTED_LOADER}" async></script>',
        "<script>window.VOCALIA_CONFIG = { apiKey: 'voc_pk_live_a', agentId: 'support' };</script>"
        '<script src="SERVER/w/v1.js" async></script>',
        '<script src="SERVER/w/v1.js" data-api-key="voc_pk_live_a" data-agent-id="support" defer></script>',
        '<parloir-widget api-key="voc_pk_live_a" agent-id="support"></parloir-widget>'
        '<script src="SERVER/w/v1.js" async></script>',
        '<script type="module" src="SERVER/w/v1.js" data-api-key="voc_pk_live_a" data-agent-id="support"></script>',
        '<script src="SERVER/w/v1.js"></script>'
        "<script>VocalIA.init({ apiKey: 'voc_pk_live_a', agentId: 'support' });</script>",
    ],
    ids=["published", "config", "attributes", "element", "module", "init"],
)
async def test_every_install_form_leads_to_the_panel(browser: Browser, site: HostPage, form: str) -> None:
    page = await visit(browser, site, form.replace("SERVER", site.server))
    await expect(page.get_by_role("button", name="Parler avec nous")).to_be_visible()
    assert len(site.asked) == 1, "one request before the click"
    await open_panel(page)
    assert await page.evaluate("errors") == []
    assert await page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    assert await page.locator("parloir-widget").count() == 1


async def test_a_pinned_loader_runs_with_its_integrity(browser: Browser, site: HostPage, assets: AssetManifest) -> None:
    integrity = assets.integrity[assets.loader]
    pinned = tag(site, f'integrity="{integrity}" crossorigin').replace("/w/v1.js", assets.loader)
    await open_panel(await visit(browser, site, pinned))


POLICIES = {
    "allowlist": "default-src 'none'; script-src SERVER; connect-src SERVER",
    "nonce": f"default-src 'none'; script-src 'nonce-{NONCE}'; connect-src SERVER",
    "strict-dynamic": f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; connect-src SERVER",
    "trusted-types": "default-src 'none'; script-src SERVER; connect-src SERVER; "
    "require-trusted-types-for 'script'; trusted-types parloir",
    "sandbox": "default-src 'none'; script-src SERVER; connect-src SERVER; sandbox allow-scripts",
}


@pytest.mark.parametrize("name", POLICIES)
async def test_strict_policies_are_never_violated(browser: Browser, site: HostPage, name: str) -> None:
    site.policy = POLICIES[name].replace("SERVER", site.server)
    page = await visit(browser, site, tag(site, f'nonce="{NONCE}"'))
    await open_panel(page)
    colour = "getComputedStyle(document.querySelector('parloir-widget').shadowRoot.querySelector('SELECTOR'))"
    panel_style = await page.evaluate(colour.replace("SELECTOR", ".panel") + ".display")
    assert panel_style == "flex", "the panel's styles are there"
    assert await page.evaluate("violations") == []
    assert await page.evaluate("errors") == []
    # Again after leaving: a second Trusted Types policy of the same name would be refused.
    await page.evaluate("VocalIA.destroy(); VocalIA.init({tenant_id: 'acme', language: 'en'})")
    await open_panel(page)
    assert await page.evaluate("violations") == []


@pytest.mark.firefox
@pytest.mark.parametrize("name", POLICIES)
async def test_strict_policies_are_never_violated_in_firefox(site: HostPage, name: str) -> None:
    site.policy = POLICIES[name].replace("SERVER", site.server)
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
        page = await visit(browser, site, tag(site, f'nonce="{NONCE}"'))
        await open_panel(page)
        violations = [each for each in await page.evaluate("violations") if not each.endswith("/favicon.ico")]
        assert violations == []
        assert await page.evaluate("errors") == []
        await browser.close()


@pytest.mark.parametrize(
    "policy",
    [
        "script-src SERVER/w/v1.js; connect-src SERVER",
        "script-src SERVER; require-trusted-types-for 'script'; trusted-types theirs",
    ],
    ids=["panel not allowed", "policy name not allowed"],
)
async def test_a_policy_that_blocks_the_panel_is_explained(browser: Browser, site: HostPage, policy: str) -> None:
    site.policy = policy.replace("SERVER", site.server)
    page = await visit(browser, site, tag(site))
    async with page.expect_console_message(lambda message: "panel_blocked" in message.text) as said:
        await page.locator("button.launcher").click()
    assert f"script-src {site.server}; connect-src {site.server}" in (await said.value).text
    await expect(page.locator("button.launcher")).to_be_visible()
    assert [error["code"] for error in await page.evaluate("errors")] == ["panel_blocked"]


async def test_changed_bytes_are_not_run_and_the_right_ones_are_taken_next(browser: Browser, site: HostPage) -> None:
    site.is_panel_tampered = True
    page = await visit(browser, site, tag(site))
    await page.locator("button.launcher").click()
    await page.wait_for_function("errors.length")
    assert [error["code"] for error in await page.evaluate("errors")] == ["panel_blocked"]
    assert await page.evaluate("document.documentElement.dataset.stolen") is None
    assert await page.locator("head script").count() == 0
    site.is_panel_tampered = False
    await open_panel(page)


async def test_an_unreachable_server_is_said_and_the_next_click_tries_again(browser: Browser, site: HostPage) -> None:
    page = await visit(browser, site, tag(site))
    await expect(page.locator("button.launcher")).to_be_visible()
    await page.context.set_offline(True)
    await page.locator("button.launcher").click()
    await page.wait_for_function("errors.length")
    assert (await page.evaluate("errors"))[0]["code"] == "panel_blocked"
    await page.context.set_offline(False)
    await open_panel(page)


async def test_only_one_name_is_added_to_the_page(browser: Browser, site: HostPage) -> None:
    page = await visit(browser, site, "")
    before = await page.evaluate("(delete window.VocalIA, Object.keys(window))")
    await page.add_script_tag(url=f"{site.server}/w/v1.js")
    await page.evaluate("VocalIA.init({tenant_id: 'acme', language: 'en'})")
    await open_panel(page)
    assert set(await page.evaluate("Object.keys(window)")) - set(before) == {"VocalIA"}


async def test_a_hundred_widgets_come_and_go_and_leave_nothing(browser: Browser, site: HostPage) -> None:
    page = await visit(browser, site, f'<script src="{site.server}/w/v1.js"></script>')
    client = await page.context.new_cdp_session(page)
    await client.send("Performance.enable")
    rounds = """async (count) => {
        for (let round = 0; round < count; round++) {
            const opened = new Promise((resolve) => { window.off = VocalIA.on('open', resolve); });
            VocalIA.init({tenant_id: 'acme', language: 'en', autoOpen: true});
            await opened;
            off();
            VocalIA.destroy();
            await new Promise((resolve) => setTimeout(resolve));
        }
    }"""

    async def kept() -> dict[str, int]:
        for _ in range(3):
            await client.send("HeapProfiler.collectGarbage")
        metrics = (await client.send("Performance.getMetrics"))["metrics"]
        return {each["name"]: each["value"] for each in metrics}

    await page.evaluate(rounds, 5)  # what is made once, is made now
    before = await kept()
    await page.evaluate(rounds, 100)
    assert await page.locator("parloir-widget").count() == 0
    assert await page.evaluate("document.head.querySelectorAll('script, link, style').length") == 0
    more: dict[str, int] = {}
    async with asyncio.timeout(20):  # what was asked of the server is let go of when it is answered
        while not more or max(more.values()) >= 50:
            after = await kept()
            more = {name: after[name] - before[name] for name in ("Nodes", "JSEventListeners", "Documents")}


async def test_react_s_strict_mode_leaves_one_widget_that_works(browser: Browser, site: HostPage) -> None:
    """Strict mode mounts, takes away and mounts again, effects too, all in one task."""
    page = await visit(browser, site, f'<div id="root"></div><script src="{site.server}/w/v1.js"></script>')
    await page.evaluate("""() => {
        const element = document.createElement('parloir-widget');
        element.setAttribute('tenant-id', 'acme');
        element.setAttribute('language', 'en');
        const root = document.getElementById('root');
        root.append(element);
        element.remove();
        root.append(element);
    }""")
    await open_panel(page)
    assert await page.locator("parloir-widget").count() == 1
    await page.evaluate("""() => {
        document.getElementById('root').replaceChildren();
        const effect = () => {
            VocalIA.init({tenant_id: 'acme', language: 'en'});
            return () => VocalIA.destroy();
        };
        effect()();
        effect();
    }""")
    await open_panel(page)
    assert await page.locator("parloir-widget").count() == 1
    await page.evaluate("VocalIA.destroy()")
    assert await page.locator("parloir-widget").count() == 0
    assert await page.evaluate("errors") == []


async def test_a_page_that_swaps_its_body_keeps_the_open_panel(browser: Browser, site: HostPage) -> None:
    page = await visit(browser, site, tag(site))
    await open_panel(page)
    await page.evaluate("document.body.replaceWith(document.createElement('body'))")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await page.locator("parloir-widget").count() == 1


async def test_a_page_with_the_widget_still_comes_back_from_the_browser_s_cache(site: HostPage) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], ignore_default_args=["--disable-back-forward-cache"]
        )
        page = await visit(browser, site, tag(site))
        await page.evaluate("addEventListener('pageshow', (event) => { window.isFromCache = event.persisted; })")
        await open_panel(page)
        await page.goto(f"{site.url}elsewhere")
        await page.go_back(wait_until="commit")
        await page.wait_for_function("window.isFromCache !== undefined")
        assert await page.evaluate("isFromCache") is True
        await expect(page.get_by_role("dialog")).to_be_visible()
        await browser.close()


async def test_the_keyboard_opens_and_closes_and_focus_comes_back(browser: Browser, site: HostPage) -> None:
    page = await visit(browser, site, tag(site))
    launcher = page.locator("button.launcher")
    await launcher.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(launcher).to_be_focused()


@pytest.mark.parametrize(
    ("options", "edges"),
    [
        ("{position: 'bottom-right'}", {"right": 20, "bottom": 20, "width": 56, "height": 56}),
        ("{position: 'top-left', launcher: {offsetX: 8, offsetY: 90, size: 44}}", {"left": 8, "top": 90, "width": 44}),
        ("{position: 'bottom-left', language: 'ar'}", {"left": 20, "bottom": 20}),
        ("{position: 'top-right', launcher: {size: 64}}", {"right": 20, "top": 20, "height": 64}),
    ],
)
async def test_the_launcher_stands_where_it_was_put(
    browser: Browser, site: HostPage, options: str, edges: dict[str, int]
) -> None:
    page = await visit(browser, site, f'<script src="{site.server}/w/v1.js"></script>')
    await page.evaluate(f"VocalIA.init({{tenant_id: 'acme', ...{options}}})")
    found = await page.evaluate(
        """() => {
            const box = document.querySelector('parloir-widget').shadowRoot.querySelector('.launcher')
                .getBoundingClientRect();
            return {left: box.left, top: box.top, width: box.width, height: box.height,
                    right: innerWidth - box.right, bottom: innerHeight - box.bottom};
        }"""
    )
    assert {name: round(found[name]) for name in edges} == edges


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("label", ["", "Une question ?"])
async def test_the_closed_launcher_has_no_axe_violation(
    browser: Browser, site: HostPage, scheme: str, label: str
) -> None:
    page = await visit(browser, site, tag(site, f'data-launcher-label="{label}"'))
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two words
    await expect(page.locator("button.launcher")).to_be_visible()
    await page.add_script_tag(path=AXE)
    result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert result["passes"], "axe looked at nothing"
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in result["violations"]] == []
