"""A whole call over HTTP and WebRTC: ordered, talked, recorded, transcribed, judged, replayed."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.kit.clock import SystemClock
from server.telephony.providers.virtual import magic
from tests.fakes.browser_page import Page
from tests.fixtures.application import Application, Running

WAIT_S = 60.0


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The product on the system's clock: sound takes its time."""
    async with Application(sqlite_url, tmp_path / "var", SystemClock()).running() as running:  # type: ignore[arg-type]
        await running.parloir.speech.warmed()
        acting = asyncio.create_task(running.parloir.calling.outbox.run())
        yield running
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await reached():  # noqa: ASYNC110  # over HTTP nobody tells
            await asyncio.sleep(0.05)


async def api(server: Running, path: str, body: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {server.tenant.project_token}"}
    answer = await server.http.post(f"{server.url}/api/v1{path}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    said: dict[str, Any] = answer.json()
    return said


async def softphone(server: Running, call_id: int, page: Page) -> dict[str, str]:
    """Connect `page` as the agent; the headers of its session."""
    link = await api(server, f"/calls/{call_id}/embed_session", {"role": "agent"})
    token = link["embed_url"].partition("?t=")[2]
    opened = (await server.http.post(f"{server.url}/embed/exchange", json={"token": token})).json()
    headers = {"Authorization": f"Bearer {opened['session']['token']}"}
    answer = await server.http.post(f"{server.url}/embed/connect", json={"offer": await page.offer()}, headers=headers)
    await page.take(answer.json()["answer"])
    return headers


async def test_a_call_is_talked_recorded_transcribed_judged_and_replayed(server: Running) -> None:
    order = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": magic.ECHO, "language": "en"}
    call_id = (await api(server, "/calls/initiate", order))["phone_call_id"]
    page = Page(700)
    headers = await softphone(server, call_id, page)

    async def state(wanted: str) -> bool:
        seen = (await server.http.get(f"{server.url}/embed/call", headers=headers)).json()["call"]
        return bool(seen["state"] == wanted)

    await until(lambda: state("in_progress"))
    await page.is_open.wait()
    page.control.send(json.dumps({"type": "hello", "since": 0}))
    await asyncio.sleep(3.0)  # of talk: that is what the recording is to hold
    ended = await server.http.post(f"{server.url}/embed/hangup", json={}, headers=headers)
    assert ended.json()["call"]["outcome"] == "completed"
    duration_s = ended.json()["call"]["duration_s"]
    assert duration_s >= 2

    link = await api(server, f"/calls/{call_id}/player_session", {})
    replays = server.parloir.calling.replays
    session = (await replays.exchange(link["player_url"].partition("?t=")[2])).session.token

    async def settled() -> bool:
        seen: Any = await replays.call(session)
        return bool(seen["recording"]["state"] == "ready" and seen["analysis"]["state"] == "ready")

    await until(settled)
    whole: Any = await replays.call(session)
    assert whole["transcript"]["state"] == "ready"
    assert {one["role"] for one in whole["transcript"]["segments"]} == {"agent", "callee"}
    assert whole["analysis"]["engine"] == "extractive"
    assert 2_000 < whole["recording"]["duration_ms"] <= (duration_s + 2) * 1_000
    assert (await replays.transcript(session, "vtt")).startswith("WEBVTT")
    assert whole["peaks"]["per_second"] == 20
    assert max(base64.b64decode(whole["peaks"]["values"])[20:]) > 3
    sound = await server.http.get(whole["recording"]["url"].replace(server.parloir.settings.origin, server.url))
    assert (sound.status_code, sound.headers["Content-Type"]) == (200, "audio/mpeg")
    assert len(sound.content) > 16_000
    headers = {"Authorization": f"Bearer {session}"}
    for path in ("call", "transcript.vtt", "transcript.srt"):
        answer = await server.http.get(f"{server.url}/player/{path}", headers=headers)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert (await server.http.get(f"{server.url}/player/{path}")).status_code == 401
    shown = await said_to_page(page)
    assert {"call", "levels", "segment", "quality"} <= {message["type"] for message in shown}
    assert all(message["heard"] for message in shown if message["type"] == "quality")
    await page.close()


async def said_to_page(page: Page) -> list[dict[str, Any]]:
    said = []
    while not page.messages.empty():
        said.append(json.loads(page.messages.get_nowait()))
    return said


async def test_a_process_that_stops_ends_its_calls(server: Running) -> None:
    order = {"call_type": "bridge", "vendeur_mode": "browser", "recipient_phone_number": magic.ECHO}
    call_id = (await api(server, "/calls/initiate", order))["phone_call_id"]
    await server.parloir.calling.live.close()
    refused: httpx.Response = await server.http.post(
        f"{server.url}/api/v1/calls/initiate",
        json=order,
        headers={"Authorization": f"Bearer {server.tenant.project_token}"},
    )
    assert (refused.status_code, refused.json()["code"]) == (503, "server_stopping")
    principal = await server.parloir.credentials.resolve(server.tenant.project_token)
    call = await server.parloir.calling.calls.find(principal, str(call_id))
    assert (call.position.state, call.position.reason) == ("ended", "server_stopped")
