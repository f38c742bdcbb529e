"""Relay numbers as the document buys them: its blocks in four languages, against the ids that it prints."""

import pytest

from tests.contract.phonevoice.conftest import NUMBER, Service


async def only_number(service: Service) -> dict[str, object]:
    """What the document's project has beside the number that was there before."""
    [_, bought] = (await service.ask("GET", "/relay_numbers")).json()["relay_numbers"]
    shown = ("id", "phone_number", "country", "type", "forward_to", "relay_enabled", "sms_enabled")
    return {name: bought[name] for name in shown}


async def test_a_number_is_searched_bought_and_forwarded_elsewhere(service: Service) -> None:
    found, found_code, bought, bought_code, changed, changed_code = (await service.run("20-relay.sh")).documents
    assert (found_code, bought_code, changed_code) == (200, 201, 200)
    assert "+14155550123" in [one["phone_number"] for one in found["numbers"]]
    assert (bought["id"], bought["forward_to"]) == (NUMBER, "+33612345678")
    assert changed == bought | {"forward_to": "+33700000000"}
    assert await only_number(service) == {
        "id": NUMBER,
        "phone_number": "+14155550123",
        "country": "US",
        "type": "local",
        "forward_to": "+33700000000",
        "relay_enabled": True,
        "sms_enabled": True,
    }


@pytest.mark.parametrize("name", ["21-relay.mjs", "22-relay.py", "23-relay.rb"])
async def test_in_every_language(service: Service, name: str) -> None:
    await service.run(name)
    assert await only_number(service) | {"forward_to": "+33700000000", "id": NUMBER} == await only_number(service)
