"""The demo's finished call: made once from the product's own parts, and a fresh link to it with every click."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from server.calls.sample import EXTERNAL_ID, WITHOUT_VOICES
from server.calls.state import Happening, Outcome, Step
from server.calls.store import CallStore
from server.kit.clock import SystemClock
from server.recordings import State
from server.web.application import web_app
from server.web.player import demo_player
from tests.fixtures.application import Application, Running
from tests.fixtures.recordings import content, heard

WAIT_S = 60.0


@pytest.fixture(params=[True, False], ids=["voices", "no voices"])
async def server(sqlite_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """On the system's clock: a thread writes the sound."""
    application = Application(sqlite_url, tmp_path / "var", SystemClock())  # type: ignore[arg-type]
    async with application.running(has_voice=request.param) as running:
        acting = asyncio.create_task(running.parloir.calling.outbox.run())
        yield running
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


async def test_the_sample_is_a_whole_call_made_once(server: Running) -> None:
    calling, tenant_id = server.parloir.calling, server.tenant.tenant_id
    assert await calling.sample.find(tenant_id) is None
    call_id = await calling.sample.ensure(tenant_id)
    assert await calling.sample.ensure(tenant_id) == await calling.sample.find(tenant_id) == call_id
    link = await calling.players.link(call_id, tenant_id, None)
    session = (await calling.replays.exchange(link.token)).session.token
    async with asyncio.timeout(WAIT_S):
        while (await calling.replays.call(session))["analysis"]["state"] != "ready":  # type: ignore[index]  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    seen: Any = await calling.replays.call(session)
    assert (seen["call"]["state"], seen["call"]["outcome"]) == ("ended", "completed")
    assert seen["recording"]["state"] == "ready"
    has_voices = server.parloir.speech.tts_for("en") is not None
    assert (WITHOUT_VOICES in seen["call"]["name"]) is not has_voices
    sound = heard(await content(calling.recordings, call_id))
    assert sound.seconds * 1000 == pytest.approx(seen["recording"]["duration_ms"], abs=100)
    assert (await calling.recordings.of(call_id)).lost_ms == 0
    for line in seen["transcript"]["segments"]:
        channel = 0 if line["side"] == "customer" else 1
        between = (line["t0_ms"] / 1000 + 0.1, line["t1_ms"] / 1000 - 0.1)
        assert sound.loudness(channel, *between) > 10 * sound.loudness(1 - channel, *between)
    assert seen["call"]["duration_s"] == seen["recording"]["duration_ms"] // 1000
    assert len(seen["transcript"]["segments"]) == 8


async def test_one_that_was_broken_off_is_made_anew(server: Running) -> None:
    calling, tenant_id = server.parloir.calling, server.tenant.tenant_id
    store = CallStore(server.parloir.database, server.parloir.clock)
    making = asyncio.create_task(calling.sample.ensure(tenant_id))
    async with asyncio.timeout(WAIT_S):
        while not await store.with_external_id(tenant_id, EXTERNAL_ID):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    [broken] = await store.with_external_id(tenant_id, EXTERNAL_ID)
    await store.apply(broken.id, Happening(Step.ENDED, Outcome.ERROR, "server_stopped"))  # as the next start does
    assert await calling.sample.find(tenant_id) is None
    whole = await calling.sample.ensure(tenant_id)
    assert whole != broken.id
    assert (await calling.recordings.of(whole)).state is State.READY


async def test_every_click_has_a_fresh_link_once_it_is_there(server: Running) -> None:
    calling, tenant_id = server.parloir.calling, server.tenant.tenant_id
    routes = demo_player(calling.players, tenant_id, calling.sample.find, "http://localhost:8080")
    client = web_app(server.parloir.origins, [routes]).test_client()
    soon = await client.get("/player/demo")
    assert (soon.status_code, soon.headers["Retry-After"]) == (503, "2")
    assert 'http-equiv="refresh"' in (await soon.get_data(as_text=True))
    call_id = await calling.sample.ensure(tenant_id)
    links = set()
    for _ in range(2):
        sent = await client.get("/player/demo")
        assert (sent.status_code, sent.headers["Cache-Control"]) == (303, "no-store")
        asked = parse_qs(urlsplit(sent.headers["Location"]).query)
        assert asked["link"] == ["http://localhost:8080/player/demo#t={t}"]
        assert (await calling.players.exchange(asked["t"][0])).call_id == call_id
        links.add(asked["t"][0])
    assert len(links) == 2
