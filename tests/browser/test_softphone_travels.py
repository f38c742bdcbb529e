"""A softphone whose page goes and comes back, on a host of another site, without storage, or flooded. In Chromium."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, async_playwright, expect

from tests.fixtures.chromium import CHROMIUM
from tests.fixtures.host_pages import FLAGS, HostPage, HostPages
from tests.fixtures.site import Site
from tests.fixtures.softphones import ECHO, Backend, shows, until_status
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]

NO_COOKIES = '{"profile": {"default_content_setting_values": {"cookies": 2}}}'
NO_STRANGERS_COOKIES = '{"profile": {"block_third_party_cookies": true, "cookie_controls_mode": 1}}'
THROWS = "(() => { try { sessionStorage.length; return false; } catch { return true; } })()"
JUNK_BYTES = 10_000_000
# A participant whose page sends what it likes on its data channel, as fast as it goes.
FLOOD = """
async ([link, size]) => {
  const headers = (token) => ({"Content-Type": "application/json", ...(token && {Authorization: `Bearer ${token}`})});
  const ask = async (path, body, token = "") => (await fetch(`/embed/${path}`,
    {method: "POST", body: JSON.stringify(body), headers: headers(token)})).json();
  const {session} = await ask('exchange', {token: new URL(link).searchParams.get('t')});
  const peer = new RTCPeerConnection();
  peer.addTransceiver('audio', {direction: 'recvonly'});
  const channel = peer.createDataChannel('control');
  const open = new Promise((done) => { channel.onopen = done; });
  await peer.setLocalDescription();
  if (peer.iceGatheringState !== 'complete') await new Promise((done) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
  });
  const {answer} = await ask('connect', {offer: peer.localDescription.sdp}, session.token);
  await peer.setRemoteDescription({type: 'answer', sdp: answer});
  await open;
  const closed = new Promise((done) => { channel.onclose = () => done('closed'); });
  const junk = 'x'.repeat(60_000);
  channel.bufferedAmountLowThreshold = 500_000;
  for (let sent = 0; sent < size && channel.readyState === 'open'; sent += junk.length) {
    channel.send(junk);
    if (channel.bufferedAmount > 1_000_000)
      await Promise.race([closed, new Promise((done) => { channel.onbufferedamountlow = done; })]);
  }
  channel.onbufferedamountlow = null;
  while (channel.readyState === 'open' && channel.bufferedAmount)
    await Promise.race([closed, new Promise((done) => setTimeout(done, 100))]);
  if (channel.readyState !== 'closed') await Promise.race([closed, new Promise((done) => setTimeout(done, 45_000))]);
  return {state: channel.readyState, left: channel.bufferedAmount};
}
"""


Start = Callable[..., Awaitable[BrowserContext]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """A browser with these preferences, as its settings page would write them."""
    async with AsyncExitStack() as closing:
        playwright = await closing.enter_async_context(async_playwright())

        async def starts(preferences: str = "{}", *, keeps_pages: bool = False) -> BrowserContext:
            """`keeps_pages`: whole, when left, as browsers do; Playwright sees little of one that comes back."""
            (tmp_path / "Default").mkdir()
            (tmp_path / "Default" / "Preferences").write_text(preferences)
            context = await playwright.chromium.launch_persistent_context(
                tmp_path,
                executable_path=CHROMIUM,
                args=FLAGS,
                ignore_default_args=["--disable-back-forward-cache"] if keeps_pages else None,
            )
            closing.push_async_callback(context.close)
            return context

        yield starts


async def test_without_any_storage_the_call_lasts_as_long_as_its_page(backend: Backend, start: Start) -> None:
    context = await start(NO_COOKIES)
    page = await context.new_page()
    await page.goto(backend.link(backend.order(ECHO), "agent"))
    await shows(page, "on")
    assert await page.evaluate(THROWS)
    await page.get_by_role("button", name="Mute").click()
    await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    await page.reload()  # the link is out of the address, and nothing was kept
    await expect(page.locator("[data-code=link_invalid]")).to_contain_text("Ask for a new link", timeout=PATIENCE_MS)
    backend.hang_up_all()


@pytest.mark.parametrize("preferences", ["{}", NO_STRANGERS_COOKIES])
async def test_on_a_host_page_of_another_site_a_call_works(hosts: HostPages, start: Start, preferences: str) -> None:
    """127.0.0.1 and localhost: the frame is a stranger's, with storage of its own partition or none."""
    hosts.backend.site.cli("tenants", "origins", "add", hosts.tenant, hosts.foreign)
    context = await start(preferences)
    host = await hosts.open(await context.new_page(), hosts.foreign)
    assert await host.dial(hosts.link(ECHO)) == "ok"
    await host.until("call.answered")
    assert await host.ask("mute") == "ok"
    await host.until("call.muted", "p.on")
    await host.frame.evaluate("location.reload()")
    await host.until("disconnected", "p.code === 'frame_reloaded'")
    if await host.frame.evaluate(THROWS):  # nothing was kept: it says so, and the host may open another link at once
        await host.until("error", "p.code === 'link_invalid'")
        assert await host.dial(hosts.link(ECHO)) == "ok"
    await expect(host.page.frame_locator("iframe").locator(".phone[data-state=on]")).to_be_visible(timeout=PATIENCE_MS)
    assert await host.ask("hangup") == "ok"
    await host.until("call.ended", "p.outcome === 'completed'")
    hosts.backend.hang_up_all()


async def test_an_agent_who_leaves_the_page_and_comes_back_goes_on(backend: Backend, start: Start) -> None:
    """Back within the moment that a reload may take: the same call. Later: the page says that it is over."""
    context = await start("{}")
    page = await context.new_page()
    call_id = backend.order(ECHO)
    await page.goto(backend.link(call_id, "agent"))
    await shows(page, "on")
    await page.goto("data:text/html,elsewhere")
    await page.go_back()
    await shows(page, "on")
    assert backend.seen(call_id)["status"] == "in-progress"
    await page.goto("data:text/html,elsewhere")
    await until_status(backend, call_id, "completed")
    await page.go_back()
    await shows(page, "ended")
    await expect(page.get_by_label("Note")).to_be_visible()  # and one may still say how it went


async def test_a_host_page_that_is_left_ends_its_call_and_starts_afresh(hosts: HostPages, start: Start) -> None:
    context = await start("{}")
    host = await hosts.open(await context.new_page())
    call_id = hosts.backend.order(ECHO)
    assert await host.dial(hosts.backend.link(call_id, "agent")) == "ok"
    await host.until("call.answered")
    await host.page.goto("data:text/html,elsewhere")
    await until_status(hosts.backend, call_id, "completed")
    await host.page.go_back()
    back = HostPage(host.page)
    if not await host.page.evaluate("phones.length"):
        await host.page.evaluate("makePhone('#one')")
    place = await host.page.evaluate("phones.length - 1")
    await host.page.evaluate(f"phones[{place}].phone.close()")
    assert await back.dial(hosts.link(ECHO), place=place) == "ok"
    await back.until("call.answered", place=place)
    hosts.backend.hang_up_all()


async def test_a_page_that_the_browser_kept_whole_goes_on_where_it_was(hosts: HostPages, start: Start) -> None:
    """Browsers keep only pages without an open microphone, peer connection and socket: a softphone lets go of them."""
    context = await start(keeps_pages=True)
    host = await hosts.open(await context.new_page())
    call_id = hosts.backend.order(ECHO)
    assert await host.dial(hosts.backend.link(call_id, "agent")) == "ok"
    await host.until("call.answered")
    await host.page.evaluate("window.isTheSame = true")
    await host.page.goto(f"{hosts.backend.site.server}/healthz")
    await host.page.evaluate("setTimeout(() => history.back())")
    await came_back(host)
    await host.until("call.reconnecting")
    await host.until("call.reconnected")
    assert await host.ask("mute") == "ok"
    await host.until("call.muted", "p.on")
    assert hosts.backend.seen(call_id)["status"] == "in-progress"
    hosts.backend.hang_up_all()


async def came_back(host: HostPage) -> None:
    """The document that was there before, and no other."""
    session = await host.page.context.new_cdp_session(host.page)
    for _ in range(PATIENCE_MS // 200):
        if (await session.send("Runtime.evaluate", {"expression": "window.isTheSame"}))["result"].get("value"):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("another document, or none")


async def test_ten_megabytes_of_junk_on_the_data_channel_disturb_nobody(
    backend: Backend, start: Start, talking_site: Site
) -> None:
    context = await start("{}")
    agent, flooder = await context.new_page(), await context.new_page()
    call_id = backend.order(ECHO)
    await agent.goto(backend.link(call_id, "agent"))
    await shows(agent, "on")
    await flooder.goto(f"{talking_site.server}/embed")
    done = await flooder.evaluate(FLOOD, [backend.link(call_id, "talk"), JUNK_BYTES])
    assert done["state"] == "closed"
    assert talking_site.is_running()
    assert backend.seen(call_id)["status"] == "in-progress"
    await agent.bring_to_front()
    await agent.get_by_role("button", name="Mute").click()
    await expect(agent.get_by_role("button", name="Unmute")).to_be_visible()
    await agent.get_by_role("button", name="End the call").click()
    await shows(agent, "ended")
    await until_status(backend, call_id, "completed")
