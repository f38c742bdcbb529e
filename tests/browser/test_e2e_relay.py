"""Calls through a TURN server and nothing else: sound both ways, credentials of one session, a relay that refuses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page

from tests.fixtures.firefox import microphone, needs_firefox
from tests.fixtures.relays import PrivateRelay
from tests.fixtures.site import Site
from tests.fixtures.softphones import ECHO, Backend, shows
from tests.fixtures.speech.questions import question_wav
from tests.fixtures.tones import ToneCall, all_hear
from tests.fixtures.visitors import Arrive, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

AGENT = 500
LOUD = 1_000  # of 32,767
PATIENCE_MS = 60_000  # a busy machine is slow to recognise words
KEEP_PEERS = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); peers.push(this); }
};
window.way = async () => {
  let all, pair;
  while (!pair) {  // words may go to and fro a moment before a pair is settled on
    all = [...(await peers.at(-1).getStats()).values()];
    pair = all.find((one) => one.type === 'candidate-pair' && one.nominated);
  }
  const mine = all.filter((one) => one.type === 'local-candidate').map((one) => one.candidateType);
  return {mine, chosen: all.find((one) => one.id === pair.localCandidateId)?.candidateType,
          username: peers.at(-1).getConfiguration().iceServers[0]?.username};
};
"""


@dataclass(frozen=True)
class Way:
    """Kinds of candidates a page has, the one its sound takes, and who it is to the relay."""

    mine: set[str]
    chosen: str
    username: str


def voice() -> Path:
    """A question, again and again: a busy machine may lose one."""
    return question_wav("When do you open on Saturday?", "en", lead_s=6, trail_s=6, times=5)


async def way(page: Page) -> Way:
    said = await page.evaluate("way()")
    return Way(set(said["mine"]), said["chosen"], said["username"])


async def talk_both_ways(visitor: Visitor) -> None:
    """The agent hears words of the visitor, who hears the agent; how well they are understood is another test's."""
    await visitor.until("events.some((e) => e.name === 'message' && e.role === 'user' && e.final)", PATIENCE_MS)
    assert {event["via"] for event in await visitor.events("message")} == {"voice"}
    assert np.abs((await visitor.heard()).astype(int)).max() > LOUD


@pytest.mark.speech
async def test_a_visitor_talks_through_the_relay(relayed_site: Site, arrive: Arrive) -> None:
    relayed_site.warm()
    visitor = await arrive(microphone=voice())
    await visitor.page.add_init_script(KEEP_PEERS)
    await visitor.visit(f"{relayed_site.shop}/?lang=en")
    await visitor.call()
    found = await way(visitor.page)
    assert (found.chosen, found.mine) == ("relay", {"relay"})
    assert ":wses_" in found.username
    await talk_both_ways(visitor)


async def test_an_agent_and_a_client_talk_through_the_relay(relayed_site: Site) -> None:
    backend = Backend.of(relayed_site)
    async with ToneCall.open(AGENT) as tones:
        agent = await tones.seat(AGENT)
        await agent.page.add_init_script(KEEP_PEERS)
        await agent.page.goto(backend.link(backend.order(ECHO, enable_transcription=False), "agent"))
        await shows(agent.page, "on")
        assert await all_hear({agent: {AGENT}}) == {agent: {AGENT}}  # there and back, by way of the client's telephone
        found = await way(agent.page)
        assert (found.chosen, found.mine) == ("relay", {"relay"})
        assert ":emb_" in found.username
        await agent.page.reload()  # who comes back, however late, is given credentials made then
        await shows(agent.page, "on")
        assert await all_hear({agent: {AGENT}}) == {agent: {AGENT}}
        again = await way(agent.page)
        assert again.chosen == "relay"
        assert int(again.username.partition(":")[0]) > int(found.username.partition(":")[0])
        backend.hang_up_all()


@needs_firefox
@pytest.mark.firefox
@pytest.mark.speech
async def test_a_visitor_in_firefox_talks(relayed_site: Site, firefox: Visitor) -> None:
    visitor = firefox
    relayed_site.warm()
    await visitor.page.add_init_script(microphone(voice()))
    await visitor.visit(f"{relayed_site.shop}/?lang=en")
    await visitor.call()
    await talk_both_ways(visitor)


async def test_without_good_credentials_a_visitor_is_told_and_writes(
    relayed_site: Site, relay: PrivateRelay, arrive: Arrive
) -> None:
    relayed_site.warm()
    visitor = await arrive(microphone=voice())
    with relay.knowing("another secret"):
        await visitor.visit(f"{relayed_site.shop}/?lang=en")
        await visitor.launcher.click()
        await visitor.press("Start talking")
        await visitor.press("Agree and talk")
        await visitor.until_told("error", code="connection_failed")
        assert "401" in relay.log
    await visitor.answer_to("What are your opening hours?", "from nine in the morning")
