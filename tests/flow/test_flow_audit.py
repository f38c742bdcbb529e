"""Who listened to people's calls is in the audit: live, afterwards, as a file; and who had a recording erased."""

import asyncio
from typing import Any

from server.recordings import State
from tests.fixtures.application import Running
from tests.fixtures.recordings import TICKS_PER_SECOND, tone
from tests.flow.test_flow_calls_api import CLIENT, Backend, exchange


async def recorded(running: Running, call_id: int) -> None:
    """A second of it."""
    recordings = running.parloir.calling.recordings
    recorder = await recordings.start(call_id)
    for tick in range(TICKS_PER_SECOND):
        recorder.write(tone(440, tick), None)
    await recorder.finish()
    async with asyncio.timeout(60):
        while (await recordings.of(call_id)).state is not State.READY:  # noqa: ASYNC110  # it is in the database
            await asyncio.sleep(0.02)


async def trail(running: Running, call_id: int) -> list[tuple[str, str, Any]]:
    """Actor, action, role of every entry about the call."""
    entries = await running.parloir.audit.of(running.tenant.tenant_id, 100)
    about = [entry for entry in entries if entry.details.get("call") == call_id]
    told = repr([entry.details for entry in about])
    assert not any(secret in told for secret in (CLIENT, CLIENT[1:], "eyJ", "prj_"))
    return [(entry.actor, entry.action, entry.details.get("role")) for entry in about]


async def test_every_way_to_hear_a_call_leaves_an_entry(running: Running) -> None:
    backend, own = Backend(running), "api:project"
    call_id = await backend.bridge()
    await exchange(running, await backend.link(call_id, "listen"))
    live = [(own, "embed_link.issued", "listen"), (own, "call.listened_in", "listen")]
    assert await trail(running, call_id) == live

    await recorded(running, call_id)
    player = await backend.post(f"/api/v1/calls/{call_id}/player_session")
    token = player.json()["player_url"].partition("?t=")[2]
    opened = (await running.http.post(f"{running.url}/player/exchange", json={"token": token})).json()
    address = opened["replay"]["recording"]["url"].replace(running.parloir.settings.origin, running.url)
    for span in ("bytes=0-99", "bytes=100-"):
        assert (await running.http.get(address, headers={"Range": span})).status_code == 206
    assert (await running.http.head(address)).status_code == 200
    assert (await running.http.get(f"{address}&download=1")).status_code == 200
    shown = (await backend.ask("GET", f"/api/v1/phone_calls/{call_id}")).json()["recording_url"]
    assert (await running.http.get(shown.replace(running.parloir.settings.origin, running.url))).status_code == 200
    entries = await trail(running, call_id)
    assert entries[2:4] == [(own, "player_link.issued", None), (own, "call.replayed", None)]
    links = {actor.partition(":")[0]: action for actor, action, _ in entries[4:6]}
    assert [action for _, action, _ in entries[4:]] == ["recording.played", "recording.downloaded", "recording.played"]
    assert links == {"link": "recording.downloaded"}
    assert entries[-1][0] == own

    await running.parloir.calling.custody.erase(running.tenant.tenant_id, str(call_id), "cli")
    assert (await trail(running, call_id))[-1] == ("cli", "recording.erased", None)
    assert (await running.http.get(address)).status_code == 410
    assert {report.broken_at for report in await running.parloir.audit.verify()} == {None}
