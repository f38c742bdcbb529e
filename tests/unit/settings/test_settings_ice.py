"""STUN and TURN servers as an operator writes them, and what makes no sense together."""

import pytest
from pydantic import ValidationError

from server.browser import IceServer
from server.settings import Settings

TURN = "turn:turn.example.com:3478"


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type, call-arg]


def test_servers_are_read_with_and_without_a_user() -> None:
    read = settings(ice_servers=f"stun:a:1, turns:user:pass:word@b:2?transport=tcp,{TURN}", turn_secret="shared")
    assert read.page_ice_servers == [
        IceServer("stun:a:1"),
        IceServer("turns:b:2?transport=tcp", "user", "pass:word"),
        IceServer(TURN),
    ]
    assert "shared" not in repr(read)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"ice_servers": TURN}, "needed together"),
        ({"ice_servers": "stun:a:1", "turn_secret": "shared"}, "needed together"),
        ({"ice_servers": "stun:a:1", "ice_relay_only": True}, "needs a turn: server"),
        ({"ice_servers": "turn.example.com"}, "an ICE server is"),
    ],
)
def test_what_could_not_work_is_refused_at_the_start(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        settings(**given)
