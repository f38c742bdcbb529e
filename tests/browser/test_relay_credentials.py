"""What the documented TURN server grants a browser: every transport, as long as a call lasts, and no way to others."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.fixtures.chromium import CHROMIUM
from tests.fixtures.relays import LIFETIME_S, PrivateRelay

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PATIENCE_S = 40
TTL_S = 6  # shorter than half of LIFETIME_S: the first refresh comes when the credentials have run out
ELSEWHERE = "203.0.113.9"
TRANSPORTS = {"turn": "udp", "turn/tcp": "tcp", "turns/tcp": "tls"}
# Two peers that reach each other through relays alone, at `address`, and what one says to the other.
_PAIRS = """
window.pair = async (iceServers, address = '127.0.0.1') => {
  const peers = [0, 1].map(() => new RTCPeerConnection({iceServers, iceTransportPolicy: 'relay'}));
  const refusals = [];
  peers.forEach((one, at) => {
    one.onicecandidate = ({candidate}) => candidate && peers[1 - at].addIceCandidate(
      {...candidate.toJSON(), candidate: candidate.candidate.replace('127.0.0.1', address)});
    one.onicecandidateerror = ({errorCode}) => refusals.push(errorCode);
  });
  const [from, to] = peers;
  const channel = from.createDataChannel('talk');
  let hear;
  to.ondatachannel = (event) => { event.channel.onmessage = ({data}) => hear(data); };
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
  const opened = new Promise((done) => { channel.onopen = () => done(true); });
  const refused = new Promise((done) => {
    from.onicegatheringstatechange = () => from.iceGatheringState === 'complete' && refusals.length && done(false);
  });
  window.say = (words) => new Promise((done) => { hear = done; channel.send(words); });
  const isOpen = await Promise.race([opened, refused]);
  const mine = [...(await from.getStats()).values()].find((one) => one.type === 'local-candidate');
  return {isOpen, refusals, transport: mine?.relayProtocol};
};
"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """It trusts the relay's certificate, which its own maker signed."""
    flags = ["--no-sandbox", "--allow-loopback-in-peer-connection", "--ignore-certificate-errors"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = await browser.new_page()
        await page.evaluate(f"() => {{{_PAIRS}}}")
        yield page
        await browser.close()


async def connect(page: Page, servers: Sequence[Any]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        said: dict[str, Any] = await page.evaluate("(servers) => pair(servers)", servers)
        return said


async def logged(relay: PrivateRelay, words: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while words not in relay.log:  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.2)


async def test_every_transport_that_is_documented_carries(relay: PrivateRelay, page: Page) -> None:
    for scheme, transport in TRANSPORTS.items():
        found = await connect(page, relay.servers(scheme, 60))
        assert (found["isOpen"], found["transport"]) == (True, transport)
        assert await page.evaluate("say('hello')") == "hello"


async def test_the_documented_configuration_is_understood_and_leads_nowhere_else(
    relay: PrivateRelay, page: Page
) -> None:
    for address in (ELSEWHERE, "10.0.0.1"):
        await page.evaluate("([servers, at]) => { pair(servers, at); }", [relay.servers("turn", 60), address])
        await logged(relay, f"A peer IP {address} denied")
    started = relay.log.partition("session ")[0].replace(str(relay.folder), "")  # whose name is random
    assert not re.search("error|wrong|bad", started, re.IGNORECASE), started


async def test_a_call_outlives_its_credentials_and_a_new_one_needs_new_ones(relay: PrivateRelay, page: Page) -> None:
    short = relay.servers("turn", TTL_S)
    assert TTL_S < LIFETIME_S / 2
    assert (await connect(page, short))["isOpen"]
    username = short[0]["username"]
    await logged(relay, f"refreshed, realm=<turn.example.com>, username=<{username}>")
    await page.wait_for_function("(until) => Date.now() / 1000 > until", arg=int(username.partition(":")[0]) + 1)
    assert await page.evaluate("say('still here')") == "still here"
    late = await connect(page, short)
    assert not late["isOpen"]
    assert 401 in late["refusals"]
    assert (await connect(page, relay.servers("turn", TTL_S)))["isOpen"]
