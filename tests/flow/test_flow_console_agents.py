"""Agents and what they know at the console: set, brought as files, tried, forgotten; and what visitors get of it."""

import html
import re

import httpx
import pytest

from server.identity import Role
from server.knowledge import FILE_MAX_BYTES
from tests.fixtures.application import OPENING, Page, Running
from tests.fixtures.console_visitors import ConsoleVisitor, ConsoleVisitors

FILE = b'question,answer\nDo you sell jasmine tea?,"Yes, by the hundred grams."\nIs there a garden?,Behind the shop.\n'


async def bring(visitor: ConsoleVisitor, page: str, name: str, data: bytes) -> httpx.Response:
    fields = {"csrf": await visitor.csrf(page), "language": "en"}
    return await visitor.http.post(page, data=fields, files={"file": (name, data)})


async def asked(visitor: ConsoleVisitor, page: str, question: str) -> str:
    return html.unescape((await visitor.post(f"{page}/try", page, question=question)).text)


async def test_an_agent_is_set_and_visitors_hear_it(sqlite_running: Running, owner: ConsoleVisitor) -> None:
    project = await owner.project()
    found = re.search(rf'href="({project}/agents/[\w-]+)"', (await owner.get(f"{project}/agents")).text)
    assert found
    agent = found[1]
    values = {"name": "Anna <3", "language": "es", "greeting": "¡Buenas!", "instructions": "Be brief.\r\nBe kind."}
    shown = await owner.follow(agent, **values, handoff_label="", handoff_url="tel:+33123456789", voice="")
    assert "Saved." in shown
    assert all(text in shown for text in ("Anna <3", "¡Buenas!", "Be brief.\nBe kind.", "tel:+33123456789"))
    page = Page(sqlite_running.http, sqlite_running.url)
    config = (await page.get("/widget/config", params={"key": sqlite_running.tenant.public_key})).text
    assert "Anna <3" in config
    refused = await owner.post(agent, agent, **values | {"handoff_url": "javascript:alert(1)"})
    assert (refused.status_code, "javascript:alert(1)" in refused.text) == (400, True)
    assert (await owner.post(f"{project}/agents/another", agent, **values)).status_code == 404
    newest = (await sqlite_running.parloir.audit.of(sqlite_running.tenant.tenant_id, 1))[0]
    assert (newest.action, newest.actor.partition(":")[0]) == ("agent.set", "user")


async def test_knowledge_is_brought_tried_replaced_and_forgotten(
    sqlite_running: Running, owner: ConsoleVisitor
) -> None:
    page = f"{await owner.project()}/knowledge"
    answer = await bring(owner, page, "../../tea.csv", FILE)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert "2 entries are known." in (await owner.get(page)).text
    tried = await asked(owner, page, "Do you sell jasmine tea?")
    assert re.search(r'class="best"><b dir="auto">Do you sell jasmine tea\?</b><p dir="auto">Yes, by the', tried)
    assert "The agent would say that it does not know." in await asked(owner, page, "zxqv")
    await bring(owner, page, "tea.csv", FILE.replace(b"by the hundred grams", b"by the kilo"))
    assert "by the kilo" in await asked(owner, page, "Do you sell jasmine tea?")
    assert (await owner.get(page)).text.count('<bdi class="mono">tea.csv</bdi></td>') == 1
    assert "tea.csv is forgotten." in await owner.follow(f"{page}/delete", page, source="tea.csv")
    assert "by the kilo" not in await asked(owner, page, "Do you sell jasmine tea?")
    assert (await owner.post(f"{page}/delete", page, source="tea.csv")).status_code == 404
    assert OPENING in await asked(owner, page, "When do you open?")  # other files stay
    actions = [entry.action for entry in await sqlite_running.parloir.audit.of(sqlite_running.tenant.tenant_id, 3)]
    assert actions == ["knowledge.imported", "knowledge.imported", "knowledge.removed"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("tea.csv", b"question,answer\nDo you?,\n", "Line 2 has no answer."),
        ("tea.exe", FILE, "this file is something else"),
        ("tea.csv", b"\xff\xfe", "is not UTF-8 text"),
        ("tea.csv", b"", "The file holds no entries."),
        ("tea.md", b"x" * (FILE_MAX_BYTES + 1), "The file is too large"),
        ("", FILE, "Choose a file first."),
    ],
)
async def test_a_file_that_is_wrong_is_refused_with_its_reason(
    owner: ConsoleVisitor, name: str, data: bytes, said: str
) -> None:
    page = f"{await owner.project()}/knowledge"
    answer = await bring(owner, page, name, data)
    assert answer.status_code in (400, 413)
    assert said in html.unescape(answer.text)


async def test_only_the_page_that_takes_files_reads_more_than_a_little(
    sqlite_running: Running, visitors: ConsoleVisitors, owner: ConsoleVisitor
) -> None:
    project = await owner.project()
    assert (await bring(owner, f"{project}/knowledge", "tea.md", b"# Tea\n" + b"y " * 9_000)).status_code == 303
    big = {"csrf": await owner.csrf(), "origin": "x" * 70_000}
    assert (await owner.http.post(f"{project}/origins", data=big)).status_code == 413
    viewer = await visitors.member(Role.VIEWER)
    assert (await bring(viewer, f"{project}/knowledge", "tea.csv", FILE)).status_code == 403
