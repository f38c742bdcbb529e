"""Webhooks are made as the document makes them, and what we send is what it prints and what its verifiers take."""

import asyncio
import base64
import json
import re
import sys
from typing import Any

import pytest

from tests.contract.phonevoice.conftest import CALL, CLIENT, ENDPOINT, OURS, Service
from tests.contract.phonevoice.documented import Ran, answer_in, block, fits, ran
from tests.fixtures.webhook_receiver import Received, receiving
from tests.flow.test_flow_webhooks import delivered


@pytest.fixture
def settings() -> dict[str, Any]:
    """Events may go to this machine."""
    return {"egress_networks": ("127.0.0.0/8",), "egress_allow_http": True}


async def test_a_webhook_is_made_in_every_language_and_its_secret_shown_once(service: Service) -> None:
    status, shape = answer_in("27-webhook.rb")
    body, code = (await service.run("24-webhook.sh")).documents
    assert code == status
    assert fits(shape, body), body
    assert body["events"] == ["phone_call.completed", "sms.received"]
    assert (body["url"], body["name"]) == ("https://example.com/hooks/phonevoice", "My CRM")
    secrets = [body["secret"]]
    for name in ("25-webhook.mjs", "26-webhook.py", "27-webhook.rb"):
        [[secret]] = (await service.run(name, show=["secret"])).documents
        secrets.append(secret)
    assert len(set(secrets)) == 4
    assert all(secret.startswith("whsec_") for secret in secrets)
    listed = await service.ask("GET", "/webhooks")
    assert [one["id"] for one in listed.json()["webhooks"]] == [ENDPOINT + place for place in range(4)]
    assert not [secret for secret in secrets if secret in listed.text]


def printed(name: str) -> Any:
    """A block's JSON, without what it says beside."""
    code = block(name).replace("{ … }", "{}").replace(" (unique per delivery)", "")
    return json.loads("\n".join(line.split(" // ")[0] for line in code.splitlines()))


async def sent(service: Service, **more: Any) -> tuple[str, list[Received]]:
    """The secret of a new endpoint, and what it gets of a call that was hung up and of a message to a number."""
    calling = service.running.parloir.calling
    async with receiving() as receiver:
        made = (await service.ask("POST", "/webhooks", {"url": f"{receiver.url}/hook"} | more)).json()
        await service.bridge()
        await service.ask("POST", f"/calls/{CALL}/hangup", {})
        await calling.driver.text_in("+33783484044", OURS, "Hello!")
        arrived = await delivered(service.running, receiver, 2)
        return made["secret"], sorted(arrived, key=lambda one: str(json.loads(one.body)["type"]))


async def test_a_delivery_is_the_printed_envelope(service: Service) -> None:
    _, (call, text) = await sent(service)
    envelope = printed("28-envelope.json")
    for one in (call, text):
        body = json.loads(one.body)
        assert set(body) == set(envelope)
        assert body["id"].startswith("evt_")
        assert len(body["created_at"]) == len(envelope["created_at"])
        assert body["created_at"].endswith("Z")
        assert one.headers["Content-Type"].startswith("application/json")
    assert json.loads(text.body)["type"] == "sms.received"
    assert json.loads(text.body)["data"] == printed("30-sms-data.json")
    data, shown = json.loads(call.body)["data"], printed("29-call-data.json")
    assert set(data) == set(shown)
    assert (data["id"], data["to"], data["status"]) == (CALL, CLIENT, "canceled")
    types = {name: type(value) for name, value in data.items() if value is not None}
    assert types == {name: type(shown[name]) for name in types}


VERIFY = {
    "31-verify.cjs": "verify(Buffer.from(process.argv[1], 'base64').toString(), process.argv[2], process.argv[3])",
    "32-verify.py": "verify(__import__('base64').b64decode(__import__('sys').argv[1]), *__import__('sys').argv[2:4])",
    "33-verify.rb": "verify(ARGV[0].unpack1('m').force_encoding('UTF-8'), ARGV[1], ARGV[2])",
}
"""How a web framework would call each verifier; Rails has Rack::Utils loaded."""


async def verified(service: Service, name: str, body: bytes, header: str, secret: str) -> bool:
    """What a block's verifier says; one that raises refuses."""
    code = service.at.instead(block(name))
    given = [base64.b64encode(body).decode(), header, secret]
    command = {
        "31-verify.cjs": ["node", "--input-type=commonjs", "-e", f"{code}\nconsole.log({VERIFY[name]})", "--"],
        "32-verify.py": [sys.executable, "-c", f"{code}\nprint({VERIFY[name]})"],
        "33-verify.rb": ["ruby", "-rrack/utils", "-e", f"{code}\nputs {VERIFY[name]}"],
    }[name]
    done: Ran = await ran([*command, *given], service.at)
    assert done.out.strip().lower() in ("true", "false", ""), done
    assert done.code == 0 or done.out == ""
    return done.out.strip().lower() == "true"


async def test_the_printed_verifiers_take_our_deliveries_and_refuse_what_was_tampered_with(service: Service) -> None:
    secret, (_, text) = await sent(service)
    header = text.headers["Phonevoice-Signature"]
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64}", header)
    stamp, _, _ = header.partition(",")
    other = f"{stamp},v1={'0' * 64}"
    later = header.replace(stamp, f"t={int(stamp[2:]) + 1}")
    for name in ("31-verify.cjs", "32-verify.py", "33-verify.rb"):
        wrong = ((text.body + b" ", header, secret), (text.body, other, secret), (text.body, later, secret))
        asked = [(text.body, header, secret), *wrong, (text.body, header, secret + "x")]
        said = await asyncio.gather(*(verified(service, name, *each) for each in asked))
        assert said == [True, False, False, False, False], name


async def test_the_printed_verifiers_take_what_is_sent_while_a_secret_is_replaced(service: Service) -> None:
    async with receiving() as receiver:
        made = (await service.ask("POST", "/webhooks", {"url": f"{receiver.url}/hook"})).json()
        rotated = await service.ask("POST", f"/webhooks/{made['id']}/rotate_secret", {"overlap_hours": 1})
        assert rotated.json()["secret"] != made["secret"]
        await service.ask("POST", f"/webhooks/{made['id']}/test", {})
        (one,) = await delivered(service.running, receiver, 1)
    header = one.headers["Phonevoice-Signature"]
    for name in VERIFY:
        assert await verified(service, name, one.body, header, made["secret"]), name
