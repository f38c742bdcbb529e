"""Whose token it is, asked as the document asks, by a project's token and by a user's (P-004, P-006 to P-012)."""

import ast
import json
import re
from dataclasses import replace

from server.identity import NewAccount
from tests.contract.phonevoice.conftest import USER, Service
from tests.contract.phonevoice.documented import answer_in, fits, run

OWNER = NewAccount("marie@acme.example", "correct horse battery", "Marie Acme")


async def test_whoami_in_every_language_and_with_both_kinds_of_token(service: Service) -> None:
    identity = service.running.parloir.identity
    user = await identity.accounts.create(OWNER, service.customer.tenant_id)
    assert user.id == USER
    token = (await identity.tokens.create(user.id)).text
    _, shape = answer_in("06-whoami.rb")  # the other three print the same
    for at, kind in ((service.at, "project"), (replace(service.at, token=token), "user")):
        body, code = (await run("03-whoami.sh", at)).documents
        assert (code, fits(shape, body), body["kind"]) == (200, True, kind), body
        assert (body["name"], body["email"]) == (OWNER.name, OWNER.email)
    assert ast.literal_eval((await service.run("05-whoami.py")).out)["id"] == USER
    assert json.loads((await service.run("06-whoami.rb")).out.replace("=>", ":"))["id"] == USER
    printed = (await service.run("04-whoami.mjs")).out
    assert dict(re.findall(r"^  (status|id|email): '?(.*?)'?,$", printed, re.MULTILINE)) == {
        "status": "ok",
        "id": str(USER),
        "email": OWNER.email,
    }


async def test_a_wrong_token_is_refused_in_words(service: Service) -> None:
    body, code = (await run("03-whoami.sh", replace(service.at, token="prj_wrong"))).documents
    assert (code, body["code"]) == (401, "invalid_key")
    assert isinstance(body["error"], str)
