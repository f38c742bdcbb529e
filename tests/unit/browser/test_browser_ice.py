"""What pages are told of STUN and TURN servers, and the credentials of one session."""

import base64
import hashlib
import hmac
from datetime import timedelta

from server.browser import IceServer, IceServers
from tests.fakes.clock import FakeClock

STUN = IceServer("stun:stun.example.com:3478")
FIXED = IceServer("turn:turn.example.com:3478", "user", "password")
SHARED = IceServer("turns:turn.example.com:443?transport=tcp")


def test_servers_without_a_secret_are_told_at_once() -> None:
    ice = IceServers(FakeClock(), [STUN, FIXED])
    assert ice.before_answer() == {
        "ice_servers": [
            {"urls": STUN.urls},
            {"urls": FIXED.urls, "username": "user", "credential": "password"},
        ],
        "ice_transport_policy": "all",
    }
    assert ice.with_answer("wses_1") == {}


def test_a_session_gets_credentials_of_its_own_that_end() -> None:
    clock = FakeClock()
    ice = IceServers(clock, [STUN, SHARED], secret="shared", ttl_s=600, is_relay_only=True)
    assert ice.before_answer() == {"ice_servers": None, "ice_transport_policy": "relay"}
    stun, turn = ice.with_answer("wses_1")["ice_servers"]
    assert stun == {"urls": STUN.urls}
    ends, _, session = turn["username"].partition(":")
    assert (int(ends), session) == (int((clock.now() + timedelta(seconds=600)).timestamp()), "wses_1")
    assert base64.b64decode(turn["credential"]) == hmac.digest(b"shared", turn["username"].encode(), hashlib.sha1)
    assert ice.with_answer("wses_2")["ice_servers"][1]["credential"] != turn["credential"]
    assert "shared" not in repr(ice)
