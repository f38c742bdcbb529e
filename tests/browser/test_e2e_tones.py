"""Who hears whom: agent, colleague, listener and telephone side by side in Chromium, each with its own tone."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
from playwright.async_api import expect

from server.media.frame import SAMPLE_RATE_HZ
from server.media.jitter import TARGET_MAX_MS, TARGET_MIN_MS
from tests.fixtures.recordings import WITHIN_S, Heard, heard
from tests.fixtures.site import Site
from tests.fixtures.softphones import HANDSET, Backend
from tests.fixtures.tones import Party, ToneCall, all_hear
from tests.fixtures.visitors import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.speech, pytest.mark.timeout(600)]

AGENT, TALK, LISTEN, CLIENT = 500, 1_100, 1_700, 2_300
EVERYBODY = {AGENT, TALK, CLIENT}  # whom one may hear: never the listener
BURST_S, TURN_S, TURNS = 0.5, 0.8, 9
ROUND_S = 3 * TURN_S  # three speak in turn
LEFT, RIGHT = 0, 1
WINDOW = SAMPLE_RATE_HZ // 50
LOUD = 0.05  # half of what a tone of the microphone has
TORN_S = 0.15
HELD_BACK_S = (TARGET_MAX_MS - TARGET_MIN_MS) / 1_000  # one leg more than another, whose packets come more evenly


@pytest.fixture
async def tones() -> AsyncIterator[ToneCall]:
    async with ToneCall.open(AGENT, TALK, LISTEN, CLIENT) as call:
        yield call


async def test_who_hears_whom_by_frequency_and_what_the_recording_keeps(talking_site: Site, tones: ToneCall) -> None:
    backend = Backend.of(talking_site)
    client = await tones.sit(f"{talking_site.server}/handset/demo", CLIENT)
    await expect(client.page.get_by_role("heading")).to_contain_text("Ready", timeout=PATIENCE_MS)
    call_id = backend.order(HANDSET, enable_transcription=False, enable_analysis=False)
    agent = await tones.sit(backend.link(call_id, "agent"), AGENT)
    await client.page.get_by_role("button", name="Answer").click(timeout=PATIENCE_MS)
    await _shows(agent, "on")
    talk = await tones.sit(backend.link(call_id, "talk"), TALK)
    listen = await tones.sit(backend.link(call_id, "listen"), LISTEN, sends_anyway=True)
    await listen.page.get_by_role("button", name="Tap to listen").click(timeout=PATIENCE_MS)

    async def hear(by_agent: set[int], by_talk: set[int], by_client: set[int], by_listen: set[int]) -> None:
        wanted = {agent: by_agent, talk: by_talk, client: by_client, listen: by_listen}
        assert await all_hear(wanted) == wanted

    await hear({TALK, CLIENT}, {AGENT, CLIENT}, {AGENT, TALK}, EVERYBODY)
    assert await listen.page.evaluate("sent()") > 20  # it did send: nobody heard it

    await agent.page.keyboard.press("m")
    await hear({TALK, CLIENT}, {CLIENT}, {TALK}, {TALK, CLIENT})
    await agent.page.keyboard.press("m")
    await talk.page.keyboard.press("m")
    await hear({CLIENT}, {AGENT, CLIENT}, {AGENT}, {AGENT, CLIENT})
    await talk.page.keyboard.press("m")
    await hear({TALK, CLIENT}, {AGENT, CLIENT}, {AGENT, TALK}, EVERYBODY)

    await agent.page.keyboard.press("h")
    await _shows(agent, "held")
    await hear({TALK}, {AGENT}, set(), {AGENT, TALK})  # the client hears music, and is not heard
    await agent.page.keyboard.press("h")
    await hear({TALK, CLIENT}, {AGENT, CLIENT}, {AGENT, TALK}, EVERYBODY)

    await client.page.get_by_role("button", name="Mute").click()
    await hear({TALK}, {AGENT}, {AGENT, TALK}, {AGENT, TALK})
    await client.page.get_by_role("button", name="Mute").click()
    await hear({TALK, CLIENT}, {AGENT, CLIENT}, {AGENT, TALK}, EVERYBODY)

    await _take_turns(agent, client, talk)
    await agent.page.get_by_role("button", name="End the call").click()
    await _shows(agent, "ended")
    _kept_in_turn(heard(backend.recording(call_id)))


async def _shows(party: Party, state: str) -> None:
    await expect(party.page.locator(f".phone[data-state={state}]")).to_be_visible(timeout=PATIENCE_MS)


async def _take_turns(*speakers: Party) -> None:
    """First silence, then one after the other, TURNS times, at moments all of them know."""
    for one in speakers:
        await one.page.evaluate("hush()")
    began = time.time() + 3
    for turn in range(TURNS):
        for place, one in enumerate(speakers):
            await one.speak_at(began + (turn * len(speakers) + place) * TURN_S, BURST_S)
    await asyncio.sleep(began + TURNS * len(speakers) * TURN_S - time.time() + 0.5)


def _kept_in_turn(kept: Heard) -> None:
    """The last bursts: agent and colleague on our channel, the client on its own; nobody else, and each on time.

    A busy machine plays one late or tears it now and then, or for a while, and a jitter buffer makes up for that by
    holding back what comes: so many are on time all the same, and most no later than that explains.
    """
    for channel, hz in ((LEFT, LISTEN), (RIGHT, LISTEN), (LEFT, AGENT), (LEFT, TALK), (RIGHT, CLIENT)):
        assert _bursts(kept, channel, hz) == []
    by_speaker = [_bursts(kept, *which)[-TURNS:] for which in ((RIGHT, AGENT), (LEFT, CLIENT), (RIGHT, TALK))]
    began = by_speaker[0][0][0]
    began += statistics.median(_late(start - began) for start, _ in by_speaker[0])
    for place, bursts in enumerate(by_speaker):
        assert len(bursts) == TURNS
        lates = [_late(start - began - place * TURN_S) for start, _ in bursts]
        assert sorted(map(abs, lates))[TURNS // 3] < WITHIN_S, lates
        assert statistics.median(lates) == pytest.approx(0, abs=WITHIN_S + HELD_BACK_S), lates
        assert statistics.median(end - start for start, end in bursts) == pytest.approx(BURST_S, abs=WITHIN_S)


def _late(after_s: float) -> float:
    """How much later than the nearest of its speaker's moments, which come once a round."""
    return (after_s + ROUND_S / 2) % ROUND_S - ROUND_S / 2


def _bursts(kept: Heard, channel: int, hz: int) -> list[tuple[float, float]]:
    """When a channel has that tone; what a lost packet tore apart is one, and what one leaves behind is none."""
    sound = kept.channels[channel]
    turned = sound * np.exp(-2j * np.pi * hz * np.arange(len(sound)) / SAMPLE_RATE_HZ)
    strength = np.abs(np.convolve(turned, np.full(WINDOW, 1 / WINDOW), "same"))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (strength > LOUD).astype(np.int8), [0]]))) / SAMPLE_RATE_HZ
    joined: list[tuple[float, float]] = []
    for start, end in edges.reshape(-1, 2):
        if joined and start - joined[-1][1] < TORN_S:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start > TORN_S]
