"""Softphones in a customer's page: commands and events end to end, and who may talk to whom, in Chromium."""

import pytest
from playwright.async_api import Page, expect

from tests.fixtures.host_pages import WATCH, HostPage, HostPages
from tests.fixtures.softphones import BUSY, ECHO, SPEAKER, until_status
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]


# A host of its own making: hands a port to the frame, and keeps what comes back on it.
OWN_HOST = """
([url, server]) => new Promise((done) => {
  window.heard = [];
  const frame = document.createElement('iframe');
  frame.allow = 'microphone; autoplay';
  frame.src = url;
  addEventListener('message', ({source, data}) => {
    if (source !== frame.contentWindow) return;
    window.connect = (nonce) => {
      const {port1, port2} = new MessageChannel();
      const heard = [];
      port1.onmessage = ({data}) => { heard.push(data); window.heard.push(data); };
      frame.contentWindow.postMessage({parloir: 1, type: 'connect', nonce, version: 1}, server, [port2]);
      return {port: port1, heard};
    };
    window.nonce = data.nonce;
    window.first = connect(data.nonce);
    done();
  });
  document.querySelector('#two').append(frame);
})
"""

# Claims to be the softphone to the host page, and the host page to every frame beside it.
FORGER = """
window.got = [];
// The other forger's own words do not count.
addEventListener('message', ({data, source}) => source === parent && got.push(data));
window.forge = (nonce) => {
  parent.postMessage({parloir: 1, type: 'hello', nonce, versions: [1]}, '*');
  for (let place = 0; place < parent.length; place += 1) {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = ({data}) => got.push(data);
    parent[place].postMessage({parloir: 1, type: 'connect', nonce, version: 1}, '*', [port2]);
    port1.postMessage({id: 1, type: 'hangup', payload: {}});
  }
  return parent.length;
};
"""


async def test_a_call_by_commands_alone_is_told_step_by_step(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    assert await page.locator("iframe").count() == 0
    link = hosts.link(SPEAKER, recipient_name="Amel Haddad", external_id="amel")
    assert await host.dial(link) == "ok"
    await host.until("screenpop")
    (ready,) = await host.told("ready")
    assert ready["role"] == "agent"
    assert {"hangup", "mute", "hold", "dtmf", "transfer"} <= set(ready["commands"])
    (popped,) = await host.told("screenpop")
    assert popped == {
        "direction": "outbound",
        "number": SPEAKER,
        "name": "Amel Haddad",
        "externalId": "amel",
        "callId": ready["call"]["id"],
    }
    await host.until("call.answered")
    assert await host.ask("mute") == "ok"
    await host.until("call.muted", "p.on")
    await expect(host.frame.get_by_role("button", name="Unmute")).to_be_visible()
    assert await host.ask("mute", False) == "ok"
    await host.until("call.muted", "!p.on")
    assert await host.ask("hold") == "ok"
    await host.until("call.held", "p.on")
    assert await host.ask("hold", False) == "ok"
    assert await host.ask("dtmf", "12#") == "ok"
    assert await host.ask("dtmf", "not keys") == "invalid_message"
    assert await host.ask("transfer", "12") == "invalid_phone_number"
    await host.until("transcript", "p.final && p.side === 'customer'")
    await host.until("quality", "p.rttMs !== null")
    assert await host.ask("dial", {"url": link}) == "call_in_progress"
    assert await host.ask("hangup") == "ok"
    await host.until("call.ended", "p.outcome === 'completed'")
    assert await host.ask("mute") == "call_ended"
    await host.frame.get_by_role("button", name="Interested", exact=True).click()
    await host.frame.get_by_label("Note").fill("Call back on Monday.")
    await host.frame.get_by_role("button", name="Save").click()
    await host.until("log.finalized", "p.outcome === 'interested' && p.note === 'Call back on Monday.'")
    steps = [event["type"] for event in await host.told()]
    order = ["connected", "ready", "call.outgoing", "screenpop", "call.answered", "call.ended", "log.finalized"]
    assert [step for step in steps if step in order] == order


async def test_nothing_secret_reaches_the_host_page(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    link = hosts.link(SPEAKER)
    assert await host.dial(link) == "ok"
    await host.until("call.answered")
    token = await host.frame.evaluate("JSON.parse(sessionStorage.getItem('parloir.softphone')).token")
    seen = str([await host.told(), await page.evaluate("posted")])
    assert token not in seen
    assert link.partition("?t=")[2] not in seen
    assert [(one["origin"], one["data"]["type"]) for one in await page.evaluate("posted")] == [
        (hosts.pages.server, "hello")
    ]


async def test_a_busy_number_and_a_used_link_say_so_by_code(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    assert await host.dial(hosts.link(BUSY)) == "ok"
    await host.until("call.ended", "p.outcome === 'busy'")
    link = hosts.link(ECHO)
    other = await hosts.open(await page.context.new_page())
    assert await other.dial(link) == "ok"
    assert await host.dial(link) == "link_used"
    await host.until("error", "p.code === 'link_used'")
    assert await host.dial(hosts.link(ECHO)) == "ok"


@pytest.mark.parametrize(
    ("role", "answers"),
    [
        ("talk", {"mute": "ok", "hold": "wrong_role", "hangup": "wrong_role", "dtmf": "wrong_role"}),
        ("listen", {"mute": "wrong_role", "hold": "wrong_role", "hangup": "wrong_role", "dtmf": "wrong_role"}),
    ],
)
async def test_a_role_commands_what_it_may(hosts: HostPages, page: Page, role: str, answers: dict[str, str]) -> None:
    host = await hosts.open(page)
    call_id = hosts.backend.order(ECHO)
    await page.evaluate("makePhone('#two')")
    assert await host.dial(hosts.backend.link(call_id, "agent"), place=1) == "ok"
    await host.until("call.answered", place=1)
    assert await host.dial(hosts.backend.link(call_id, role)) == "ok"
    await expect(page.frame_locator("#one iframe").locator("main")).to_have_attribute(
        "data-state", "on", timeout=PATIENCE_MS
    )
    given = {"dtmf": ["1"]}
    assert {name: await host.ask(name, *given.get(name, [])) for name in answers} == answers
    assert await host.ask("setTheme", "dark") == "ok"
    assert await host.ask("setLanguage", "fr") == "ok"
    await expect(page.frame_locator("#one iframe").locator("html")).to_have_attribute("lang", "fr")
    # The two on one page are each other's strangers: what one did, the other did not.
    assert await host.told("call.muted", place=1) == []
    assert await host.ask("hangup", place=1) == "ok"
    await host.until("call.ended")


async def test_a_page_of_another_origin_gets_neither_frame_nor_port(hosts: HostPages, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    host = await hosts.open(page, hosts.foreign)
    assert await host.dial(hosts.link(ECHO)) == "no_handshake"
    assert any("frame-ancestors" in text for text in refused), refused
    assert await page.evaluate("posted") == []
    assert await host.told() == []


async def test_only_links_of_our_server_are_opened(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    link = hosts.link(ECHO)
    other = link.replace("http://localhost", "http://127.0.0.1")
    for wrong in (other, link.replace("/embed", "/player"), "javascript:alert(1)", "/embed?t=1", "data:text/html,x"):
        assert await host.ask("open", wrong) == "link_refused"
    assert await page.locator("iframe").count() == 0
    await page.evaluate("server => makePhone('#two', {server})", "https://elsewhere.example")
    assert await host.ask("open", link, place=1) == "link_refused"
    assert await host.ask("mute") == "not_connected"


async def test_forged_words_of_other_windows_change_nothing(hosts: HostPages, page: Page) -> None:
    """A frame of our own page's origin, and a stranger's: neither is the softphone, whatever nonce they know."""
    pages = hosts.pages
    pages.put("/forge.js", FORGER)
    pages.put("/forger", f'<script src="{pages.origin}/forge.js"></script>')
    origins = (hosts.origin, hosts.foreign)
    await page.add_init_script(WATCH)
    frames = "".join(f'<iframe src="{origin}/forger"></iframe>' for origin in origins)
    pages.put("/crowded", f'<div id="one"></div>{frames}<script src="{pages.server}/w/host-v1.js"></script>')
    await page.goto(f"{hosts.origin}/crowded")
    await page.evaluate("makePhone('#one')")
    host = HostPage(page)
    assert await host.dial(hosts.link(ECHO)) == "ok"
    await host.until("call.answered")
    known = (await page.evaluate("posted"))[0]["data"]["nonce"]
    forgers = [frame for frame in page.frames if frame.url.endswith("/forger")]
    assert len(forgers) == len(origins)
    for frame in forgers:
        for nonce in (known, "x" * 36):
            assert await frame.evaluate("nonce => forge(nonce)", nonce) == len(origins) + 1
    await page.wait_for_function(f"() => posted.length === {1 + 2 * len(origins)}")  # they did arrive
    assert await host.ask("mute") == "ok"
    assert [await frame.evaluate("got") for frame in forgers] == [[]] * len(origins)
    assert len(await host.told("connected")) == 1
    assert await host.told("call.ended") == []


async def test_a_handshake_played_again_and_junk_on_the_port_break_nothing(hosts: HostPages, page: Page) -> None:
    await hosts.open(page)
    await page.evaluate(OWN_HOST, [hosts.link(ECHO), hosts.pages.server])
    await page.wait_for_function("() => heard.some(({type}) => type === 'call.answered')", timeout=PATIENCE_MS)
    await page.evaluate("window.second = connect(nonce); second.port.postMessage({id: 1, type: 'hangup', payload: {}})")
    junk = ["x" * 100_000, None, [], {"id": "1"}, {"type": "hangup"}]
    await page.evaluate("junk => { for (const one of junk) first.port.postMessage(one) }", junk)
    await page.evaluate("first.port.postMessage({id: 7, type: 'answer', payload: {}})")
    await page.evaluate("first.port.postMessage({id: 8, type: 'mute', payload: {on: true}})")
    await page.wait_for_function("() => heard.some(({id, ok}) => id === 8 && ok)", timeout=PATIENCE_MS)
    heard = await page.evaluate("heard")
    assert sum(one.get("type") == "error" and one["payload"]["code"] == "invalid_message" for one in heard) == len(junk)
    assert [one["error"]["code"] for one in heard if one.get("id") == 7] == ["unsupported_type"]
    assert not any(one.get("type") == "call.ended" for one in heard)
    assert await page.evaluate("second.heard") == []


async def test_a_reload_of_the_frame_shakes_hands_anew_and_goes_on(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    assert await host.dial(hosts.link(SPEAKER)) == "ok"
    await host.until("call.answered")
    await host.frame.evaluate("location.reload()")
    await page.wait_for_function("() => phones[0].told.filter(({type}) => type === 'ready').length === 2")
    assert [one["code"] for one in await host.told("disconnected")] == ["frame_reloaded"]
    await expect(page.frame_locator("iframe").locator("main")).to_have_attribute(
        "data-state", "on", timeout=PATIENCE_MS
    )
    assert await host.ask("mute") == "ok"
    first, second = await host.told("ready")
    assert first["call"]["id"] == second["call"]["id"]


async def test_destroy_leaves_nothing(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    client = await page.context.new_cdp_session(page)

    async def listeners() -> list[str]:
        found = await client.send("Runtime.evaluate", {"expression": "window"})
        seen = await client.send("DOMDebugger.getEventListeners", {"objectId": found["result"]["objectId"]})
        return [one["type"] for one in seen["listeners"] if one["type"] == "message"]

    before = await listeners()
    call_id = hosts.backend.order(ECHO)
    assert await host.dial(hosts.backend.link(call_id, "agent")) == "ok"
    await host.until("call.answered")
    assert await listeners() != before
    waiting = "phones[0].phone.hold().then(() => 'ok', (why) => why.code)"
    assert (
        await page.evaluate(f"(() => {{ const answer = {waiting}; phones[0].phone.destroy(); return answer; }})()")
        == "destroyed"
    )
    assert await page.locator("iframe").count() == 0
    assert await listeners() == before
    told = len(await host.told())
    await page.wait_for_function(f"() => phones[0].phone.call === null && phones[0].told.length === {told}")
    assert await host.ask("mute") == "not_connected"
    await until_status(hosts.backend, call_id, "completed")
