"""Revoking a key ends what it opened: links, replays, live transcripts, visitors' sessions; nothing else."""

import re
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from server.storage.bus import LocalBus
from server.tenants.credentials import Kind
from server.tenants.keyring import Keyring
from server.tenants.revocations import LOOK_EVERY_S, Revocations
from tests.fakes.clock import FakeClock
from tests.fixtures.application import CONSENT, Page, Running, refusal
from tests.flow.test_flow_cable import Talk, frame, subscribe, talk_of
from tests.flow.test_flow_calls_api import Backend, exchange


async def uid_of(running: Running, kind: Kind) -> str:
    """The tenant's first key of `kind`."""
    return next(key.uid for key in await running.parloir.keyring.of(running.tenant.tenant_id) if key.kind is kind)


async def revoke(running: Running, kind: Kind) -> None:
    await running.parloir.keyring.revoke(running.tenant.tenant_id, await uid_of(running, kind))


def elsewhere(running: Running) -> Keyring:
    """The command line: another process on the same database, which shares no bus with the server."""
    parloir = running.parloir
    revocations = Revocations(parloir.database, LocalBus(), parloir.clock)
    return Keyring(parloir.database, parloir.credentials, revocations, parloir.clock)


async def replay(running: Running, link: str) -> httpx.Response:
    return await running.http.post(f"{running.url}/player/exchange", json={"token": link})


async def seen(running: Running, page: str, session: str) -> httpx.Response:
    return await running.http.get(f"{running.url}/{page}/call", headers={"Authorization": f"Bearer {session}"})


async def player_link(backend: Backend, call_id: int) -> str:
    return str((await backend.post(f"/api/v1/calls/{call_id}/player_session")).json()["player_url"]).partition("?t=")[2]


async def test_links_and_replays_end_with_their_key_and_nobody_who_speaks_is_cut_off(running: Running) -> None:
    backend, other = Backend(running), Backend(running, running.tenant.secret_key)
    call_id = await backend.bridge()
    unused, unplayed = await backend.link(call_id, "agent"), await player_link(backend, call_id)
    sessions: dict[str, str] = {}
    for role in ("agent", "listen"):
        sessions[role] = (await exchange(running, await backend.link(call_id, role))).json()["session"]["token"]
    played = (await replay(running, await player_link(backend, call_id))).json()["session"]["token"]
    others = await player_link(other, call_id)

    await revoke(running, Kind.PROJECT)

    assert refusal(await exchange(running, unused)) == (401, "link_invalid")
    assert refusal(await replay(running, unplayed)) == (401, "link_invalid")
    assert refusal(await seen(running, "player", played)) == (401, "session_invalid")
    assert refusal(await seen(running, "embed", sessions["listen"])) == (401, "session_invalid")
    assert (await seen(running, "embed", sessions["agent"])).status_code == 200
    assert (await replay(running, others)).status_code == 200


async def following(socket: ClientConnection, talk: Talk) -> None:
    """Welcomed, subscribed, told where the call stands."""
    await subscribe(socket, talk.identifier)
    while (await frame(socket)).get("message", {}) == {}:
        pass


async def rejection(socket: ClientConnection) -> dict[str, Any]:
    while (told := await frame(socket)).get("type") == "ping":
        pass
    return told


@pytest.mark.parametrize("is_elsewhere", [False, True])
async def test_an_open_cable_is_told_that_its_key_was_revoked(
    sqlite_running: Running, clock: FakeClock, is_elsewhere: bool
) -> None:
    talk = await talk_of(sqlite_running)
    refused = {"identifier": talk.identifier, "type": "reject_subscription"}
    async with connect(talk.url, proxy=None) as socket:
        await following(socket, talk)
        if is_elsewhere:
            uid = await uid_of(sqlite_running, Kind.PROJECT)
            await elsewhere(sqlite_running).revoke(sqlite_running.tenant.tenant_id, uid)
            await clock.advance(LOOK_EVERY_S)
        else:
            await revoke(sqlite_running, Kind.PROJECT)
        assert await rejection(socket) == refused
        await subscribe(socket, talk.identifier)
        assert await rejection(socket) == refused


async def ticket_of(running: Running) -> str:
    """What the page of a framed widget presents in place of the key it was served for."""
    page = await running.http.get(f"{running.url}/frame", params={"key": running.tenant.public_key})
    found = re.search(r"voc_pk_frame_[A-Za-z0-9_.-]+", page.text)
    assert found is not None
    return found[0]


async def frame_of(running: Running, ticket: str) -> httpx.Response:
    """The framed widget opens a session."""
    page = Page(running.http, running.url, running.parloir.settings.origin)
    return await page.post("/widget/sessions", {"key": ticket, "mode": "text", "consent": CONSENT})


async def test_a_visitors_session_is_not_resumed_after_its_public_key_was_revoked(running: Running) -> None:
    page, by_name = Page(running.http, running.url), Page(running.http, running.url)
    await page.open(running.tenant)
    wish = {"tenant": running.tenant.tenant_uid, "mode": "text", "consent": CONSENT}
    by_name.token = (await by_name.post("/widget/sessions", wish)).json()["session"]["token"]
    assert (await page.get("/widget/sessions/current")).status_code == 200
    ticket = await ticket_of(running)
    assert (await frame_of(running, ticket)).status_code == 201
    await revoke(running, Kind.PUBLIC)
    assert refusal(await page.get("/widget/sessions/current")) == (401, "session_invalid")
    framed = await frame_of(running, ticket)
    assert refusal(framed) == (401, "invalid_key")
    assert (await by_name.get("/widget/sessions/current")).status_code == 200
