"""What a host page may shape of its softphone: its height, its devices; and a call passed on. In Chromium."""

import pytest
from playwright.async_api import Page, expect

from tests.fixtures.host_pages import HostPages
from tests.fixtures.softphones import ECHO, SPEAKER

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]

# A desk where `unplug(label)` takes a device away, and `unplug("")` puts all back.
DESK = """
if (navigator.mediaDevices) {
  const media = navigator.mediaDevices;
  const all = media.enumerateDevices.bind(media);
  let gone = '';
  media.enumerateDevices = async () => (await all()).filter(({label}) => !gone || label !== gone);
  window.unplug = (label) => { gone = label; media.dispatchEvent(new Event('devicechange')); };
}
"""
FITS = "() => ['.after', '.failure', '.drawer'].every((one) => [...document.querySelectorAll(one)].every("
FITS += "(node) => node.scrollHeight <= node.clientHeight + 1))"


@pytest.fixture
async def page(page: Page) -> Page:
    """A narrow one, at a desk."""
    await page.set_viewport_size({"width": 420, "height": 900})
    await page.add_init_script(DESK)
    return page


async def test_the_frame_grows_and_shrinks_with_what_is_in_it(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    await page.evaluate("makePhone('#two', {autoHeight: true})")
    assert await host.dial(hosts.link(ECHO), place=1) == "ok"
    await host.until("call.answered", place=1)

    async def height() -> int:
        """Of the frame, once it is what was asked for last."""
        asked = "() => { const {told} = phones[1]; const all = told.filter(({type}) => type === 'resize');"
        asked += " const {clientHeight} = document.querySelector('iframe');"
        asked += " return clientHeight === all.at(-1)?.payload.height && clientHeight; }"
        return int(await (await page.wait_for_function(asked)).json_value())

    talking = await height()
    assert 300 <= talking <= 560
    await host.frame.get_by_role("button", name="Keypad").click()
    await host.frame.wait_for_function(FITS)
    await host.frame.get_by_role("button", name="Keypad").click()
    await page.wait_for_function(f"() => document.querySelector('iframe').clientHeight === {talking}")
    assert await host.ask("hangup", place=1) == "ok"
    await host.frame.get_by_label("Note").wait_for()
    await host.frame.wait_for_function(FITS)
    await page.wait_for_function(f"() => document.querySelector('iframe').clientHeight !== {talking}")
    # A page that did not ask for it keeps the height of its own style sheet.
    assert await host.dial(hosts.link(ECHO)) == "ok"
    await host.until("resize")
    assert await page.evaluate("document.querySelector('#one iframe').getAttribute('style')") is None


async def test_microphone_and_speaker_are_chosen_by_the_host_and_in_the_drawer(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    assert await host.dial(hosts.link(ECHO)) == "ok"
    await host.until("devices", "p.microphones.length > 1 && p.microphones.every(({label}) => label)")
    await host.until("call.answered")
    known = (await host.told("devices"))[-1]
    second = next(one for one in known["microphones"] if one["id"] != known["microphone"])
    assert await host.ask("setDevices", {"microphone": second["id"]}) == "ok"
    await host.until("devices", f"p.microphone === '{second['id']}'")
    assert await host.ask("setDevices", {"speaker": "none-of-ours"}) == "device_missing"
    assert await host.ask("setDevices", {"microphone": "none-of-ours"}) == "device_missing"
    assert await host.ask("setDevices", {"microphone": "<script>"}) == "invalid_message"
    assert await host.ask("setDevices", {"speaker": ""}) == "ok"
    await host.frame.get_by_role("button", name="Sound").click()
    choice = host.frame.get_by_label("Microphone")
    await expect(choice).to_have_value(second["id"])
    await expect(choice).to_be_focused()
    there = await choice.locator("option").count()
    other = next(one for one in known["microphones"] if one["id"] not in ("", second["id"]))
    await host.frame.evaluate("label => unplug(label)", other["label"])
    await expect(choice.locator("option")).to_have_count(there - 1)
    await expect(choice).to_be_focused()
    await expect(choice).to_have_value(second["id"])
    await host.frame.evaluate("unplug('')")
    await expect(choice.locator("option")).to_have_count(there)
    await host.until("devices", f"p.microphones.length === {len(known['microphones'])}")


async def test_an_agent_who_passed_the_call_on_is_told_so_and_wraps_up(hosts: HostPages, page: Page) -> None:
    host = await hosts.open(page)
    call_id = hosts.backend.order(ECHO)
    assert await host.dial(hosts.backend.link(call_id, "agent")) == "ok"
    await host.until("call.answered")
    assert await host.ask("transfer", SPEAKER) == "ok"
    await host.until("call.transferred")
    await host.until("call.left", "p.reason === 'transferred' && p.call.state !== 'ended'")
    await expect(host.frame.get_by_role("heading", name="You passed the call on")).to_be_visible()
    assert await host.told("error") == []
    assert await host.ask("hangup") == "left_call"
    assert hosts.backend.seen(call_id)["status"] == "in-progress"
    await host.frame.get_by_role("button", name="Interested", exact=True).click()
    await host.frame.get_by_label("Note").fill("Passed to the shop.")
    await host.frame.get_by_role("button", name="Save").click()
    await host.until("log.finalized", "p.outcome === 'interested' && p.note === 'Passed to the shop.'")
    assert await host.dial(hosts.link(ECHO)) == "ok"
