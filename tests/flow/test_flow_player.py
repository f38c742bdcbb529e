"""The session of a player: renewed while it is used, for twelve hours, and for nobody else."""

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest

from server.sessions.grants import PLAYER_LIFETIME, RENEWED_FOR
from tests.fixtures.application import Application, Running, refusal
from tests.fixtures.recordings import new_calls

HOUR_S = int(PLAYER_LIFETIME.total_seconds())


async def opened(running: Running) -> str:
    [call_id] = await new_calls(running.parloir.database, 1)
    link = await running.parloir.calling.players.link(call_id, running.tenant.tenant_id, None)
    answer = await running.http.post(f"{running.url}/player/exchange", json={"token": link.token})
    session: dict[str, Any] = answer.json()["session"]
    assert answer.json()["replay"] == (await seen(running, session["token"])).json()
    assert session["expires_in"] == HOUR_S
    return str(session["token"])


async def renewed(running: Running, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await running.http.post(f"{running.url}/player/renew", headers=headers, json={})


async def seen(running: Running, token: str) -> httpx.Response:
    return await running.http.get(f"{running.url}/player/call", headers={"Authorization": f"Bearer {token}"})


async def test_a_session_in_use_is_renewed_until_its_link_is_twelve_hours_old(application: Application) -> None:
    async with application.running() as running:
        token = first = await opened(running)
        passed_s = 0
        while passed_s + HOUR_S // 2 <= RENEWED_FOR.total_seconds():
            application.clock.jump(HOUR_S // 2)
            passed_s += HOUR_S // 2
            answer = await renewed(running, token)
            assert answer.status_code == 200
            assert answer.json()["session"]["expires_in"] == HOUR_S
            token = answer.json()["session"]["token"]
        assert (await seen(running, token)).status_code == 200
        assert refusal(await seen(running, first)) == (401, "session_expired")
        assert refusal(await renewed(running, first)) == (401, "session_expired")
        application.clock.jump(HOUR_S // 2)
        assert refusal(await renewed(running, token)) == (401, "session_expired")
        assert (await seen(running, token)).status_code == 200  # for the rest of its hour


async def test_a_link_to_what_was_erased_says_so_as_often_as_it_is_asked(sqlite_running: Running) -> None:
    [call_id] = await new_calls(sqlite_running.parloir.database, 1)
    await sqlite_running.parloir.calling.recordings.start(call_id)
    await sqlite_running.parloir.calling.recordings.erase(call_id)
    link = await sqlite_running.parloir.calling.players.link(call_id, sqlite_running.tenant.tenant_id, None)
    answer = (
        await sqlite_running.http.post(f"{sqlite_running.url}/player/exchange", json={"token": link.token})
    ).json()
    assert answer["replay"] is None
    for _ in range(2):
        assert refusal(await seen(sqlite_running, answer["session"]["token"])) == (410, "recording_erased")


async def test_the_page_is_one_answer_that_runs_its_own_script_and_no_other(sqlite_running: Running) -> None:
    page = await sqlite_running.http.get(f"{sqlite_running.url}/player?t=nonsense")
    [script] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}';" in page.headers["Content-Security-Policy"]
    assert "src=" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for accepted, encoding in [("br, gzip", "gzip"), ("identity", None), ("gzip;q=0", None)]:
        again = await sqlite_running.http.get(
            f"{sqlite_running.url}/player?t=nonsense", headers={"Accept-Encoding": accepted}
        )
        assert again.headers.get("Content-Encoding") == encoding
        assert again.text == page.text


@pytest.mark.parametrize("token", ["e30.e30.", "nonsense"])
async def test_nothing_else_is_renewed(sqlite_running: Running, token: str) -> None:
    assert refusal(await renewed(sqlite_running, token)) == (401, "session_invalid")
    [call_id] = await new_calls(sqlite_running.parloir.database, 1)
    link = await sqlite_running.parloir.calling.players.link(call_id, sqlite_running.tenant.tenant_id, None)
    assert refusal(await renewed(sqlite_running, link.token)) == (401, "session_invalid")
