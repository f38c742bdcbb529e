"""Calls are started as the document starts them, in four languages: by an agent, and as a bridge (P-020 to P-045)."""

import re

from tests.contract.phonevoice.conftest import AGENT, CALL, CLIENT, OURS, Service
from tests.contract.phonevoice.documented import answer_in, block, fits


async def test_an_agents_call_is_started_in_every_language(service: Service) -> None:
    status, shape = answer_in("10-initiate.rb")  # the other three print the same
    body, code = (await service.run("07-initiate.sh")).documents
    assert code == status
    assert fits(shape, body), body
    assert re.fullmatch(r"CA[0-9a-f]{32}", body["telephony_ref"])
    assert body["cable_token"] not in (await service.run("08-initiate.mjs")).out
    for number, name in enumerate(("09-initiate.py", "10-initiate.rb"), CALL + 2):
        assert (await service.run(name)).out.split() == [str(number)]
    for number in range(CALL, CALL + 4):
        call = (await service.ask("GET", f"/phone_calls/{number}")).json()
        assert (call["call_type"], call["direction"], call["from"], call["to"]) == ("ai", "outbound", OURS, CLIENT)


async def test_a_bridge_is_started_in_every_language(service: Service) -> None:
    status, shape = answer_in("11-bridge.sh")
    body, code = (await service.run("11-bridge.sh")).documents
    assert (code, fits(shape, body)) == (status, True), body
    made = [body]
    wanted = ["phone_call_id", "cable_token"]
    [[number, token]] = (await service.run("12-bridge.mjs", show=wanted)).documents
    made.append({"phone_call_id": number, "cable_token": token})
    for name in ("13-bridge.py", "14-bridge.rb"):
        made += (await service.run(name, show=["call"])).documents[0]
    assert [call["phone_call_id"] for call in made] == [CALL, CALL + 1, CALL + 2, CALL + 3]
    assert len({call["cable_token"] for call in made}) == 4
    for call in made:
        seen = (await service.ask("GET", f"/phone_calls/{call['phone_call_id']}")).json()
        assert (seen["call_type"], seen["status"], seen["to"]) == ("bridge", "initiated", CLIENT)


async def test_the_base_url_and_the_headers_are_those_of_every_request(service: Service) -> None:
    base = service.at.instead(block("01-base-url.txt"))
    headers = dict(line.split(": ", 1) for line in service.at.instead(block("02-headers.txt")).splitlines())
    assert set(headers) == {"Authorization", "Content-Type"}
    http = service.running.http
    listed = await http.get(f"{base}/calls", headers=headers)
    assert (listed.status_code, listed.json()["agents"][0]["id"]) == (200, AGENT)
    assert (await http.get(f"{base}/calls")).status_code == 401
