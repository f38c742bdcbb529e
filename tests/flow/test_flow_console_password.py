"""A forgotten password at the console, without a browser: the same pages for everybody, and no trace of the code."""

import io
import re

from server.identity import Role
from tests.fixtures.application import Running
from tests.fixtures.console_visitors import ConsoleVisitors
from tests.fixtures.people import newest_reset_code
from tests.flow.test_flow_discretion import product_log  # noqa: F401  # a fixture, found by name

EMAIL = "owner-0@example.com"
NEW = "quite another one"


async def test_a_forgotten_password_is_replaced_and_whoever_was_in_is_out(
    product_log: io.StringIO,  # noqa: F811
    sqlite_running: Running,
    visitors: ConsoleVisitors,
) -> None:
    owner = await visitors.member(Role.OWNER)
    forgetful = visitors.fresh()
    assert 'href="/console/forgotten"' in (await forgetful.get("/console/sign-in")).text
    pages = {}
    for email in ("nobody@example.com", EMAIL):
        answer = await forgetful.post("/console/forgotten", email=email)
        pages[email] = (answer.status_code, answer.text.replace(email, ""), sorted(answer.headers))
    assert pages["nobody@example.com"] == pages[EMAIL]
    assert sqlite_running.parloir.identity.outbox is not None
    code = await newest_reset_code(sqlite_running.parloir.identity.outbox)
    wrong = await forgetful.post("/console/new-password", email=EMAIL, code="0000-0000", password=NEW)
    assert (wrong.status_code, "This code is wrong" in wrong.text, NEW in wrong.text) == (400, True, False)
    told = await forgetful.follow("/console/new-password", email=EMAIL, code=code, password=NEW)
    assert "Your password is changed." in told
    assert "Your password is changed." not in (await forgetful.get("/console/sign-in")).text
    assert (await owner.get("/console/projects")).url.path == "/console/sign-in"
    inside = await forgetful.follow("/console/sign-in", email=EMAIL, password=NEW)
    assert "owner" in inside
    log = product_log.getvalue()
    assert not re.search(rf"{code}|{code.replace('-', '')}|{NEW}|{EMAIL}", log)


async def test_forms_of_other_sites_send_no_mail(sqlite_running: Running, visitors: ConsoleVisitors) -> None:
    stranger = visitors.fresh()
    for path, fields in [("forgotten", {}), ("new-password", {"code": "00000000", "password": NEW})]:
        answer = await stranger.http.post(f"/console/{path}", data={"email": EMAIL} | fields)
        assert answer.status_code == 403
    assert sqlite_running.parloir.identity.outbox is not None
    assert await sqlite_running.parloir.identity.outbox.newest() == []
