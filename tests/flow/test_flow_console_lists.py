"""The console's list of calls page by page and by what one looks for; projects renamed, and deleted when empty."""

import html
import re
from datetime import timedelta

from tests.fakes.clock import FakeClock
from tests.fixtures.application import Running
from tests.fixtures.console_visitors import ConsoleVisitor
from tests.flow.test_flow_calls_api import Backend


async def test_calls_come_page_by_page_and_as_they_are_looked_for(
    sqlite_running: Running, clock: FakeClock, owner: ConsoleVisitor
) -> None:
    page, backend = f"{await owner.project()}/calls", Backend(sqlite_running)
    begun = clock.now().date()
    for _ in range(3):
        await backend.bridge()
        await backend.hang_up_all()
    uids = await rows(owner, f"{page}?limit=2")
    assert len(uids) == 2
    text = html.unescape((await owner.get(f"{page}?limit=2")).text)
    assert "1–2 of 3" in text
    older = re.search(r'rel="next" href="([^"]+)"', text)
    assert older
    second = await rows(owner, older[1])
    assert not set(second) & set(uids)
    assert "data-refresh" not in (await owner.get(older[1])).text
    assert len(second) == 1
    first = await rows(owner, f"{page}?limit=2&status=canceled&direction=outbound&since={begun}&until={begun}")
    assert first == uids
    for nothing in ("status=completed", "direction=inbound", f"since={begun + timedelta(days=1)}", "page=9"):
        answer = await owner.get(f"{page}?{nothing}")
        assert "No such call" in answer.text, nothing
    for junk in ("status=%00", "page=-1", "page=x", "page=" + "9" * 30, "since=yesterday", "until=9999-12-31"):
        assert await rows(owner, f"{page}?limit=2&{junk}") in (uids, []), junk


async def rows(visitor: ConsoleVisitor, path: str) -> list[str]:
    answer = await visitor.get(path)
    assert answer.status_code == 200, path
    return re.findall(r'data-row="(\w+)"', answer.text)


async def test_a_project_is_renamed_and_deleted_once_it_owns_nothing(
    sqlite_running: Running, owner: ConsoleVisitor
) -> None:
    first = await owner.project()
    text = (await owner.get(first)).text
    assert "the place of the account’s first project" in text
    assert "This project stays." in text
    made = (await owner.post("/console/projects", name="Essai")).headers["Location"]
    assert "<b>Shop & Co</b>" in await owner.follow(made, name="Shop & Co")
    assert (await owner.post(made, name=" ")).status_code == 400
    assert "What people are told is set" in await owner.follow(f"{made}/recording_notice", made, notice="ask")
    assert '<option value="ask" selected>' in (await owner.get(made)).text
    assert (await owner.post(f"{made}/recording_notice", made, notice="whisper")).status_code in (400, 422)
    await owner.follow(f"{made}/api")
    webhook = (await owner.post(f"{made}/webhooks", url="https://example.com/hooks")).headers["Location"]
    page = (await owner.get(made)).text
    assert "It cannot be deleted while it has" in page
    for way, owned in (("/api", "tokens that still work"), ("/webhooks", "webhooks: delete them")):
        assert f'<li><a href="{made}{way}">{owned}' in page
    for kept in (made, first):
        assert (await owner.post(f"{kept}/delete", made)).status_code == 409
    key = re.search(rf"{made}/api/(cred_\w+)/revoke", (await owner.get(f"{made}/api")).text)
    assert key
    await owner.follow(f"{made}/api/{key[1]}/revoke", f"{made}/api")
    await owner.follow(f"{webhook}/delete", webhook)
    assert "“Shop & Co” is deleted." in await owner.follow(f"{made}/delete", made)
    assert (await owner.get(made)).status_code == 404
    assert (await owner.get(first)).status_code == 200
    newest = [entry.action for entry in await sqlite_running.parloir.audit.of(sqlite_running.tenant.tenant_id, 1)]
    assert newest == ["project.deleted"]
