"""Which STUN and TURN servers a page is told, and the short-lived credentials it is given for them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from server.kit.clock import Clock

TURN = ("turn:", "turns:")
IceBody = dict[str, Any]


@dataclass(frozen=True)
class IceServer:
    """`urls` like "turn:host:3478". A TURN server without a user takes credentials made from the shared secret."""

    urls: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    @property
    def takes_credentials(self) -> bool:
        return self.urls.startswith(TURN) and self.username is None


@dataclass(frozen=True)
class IceServers:
    """The servers of an installation. `secret` is shared with its TURN servers, credentials hold for `ttl_s` seconds;
    with `is_relay_only` pages send sound through a relay or not at all.
    """

    clock: Clock
    servers: Sequence[IceServer] = ()
    secret: str | None = field(default=None, repr=False)
    ttl_s: int = 600
    is_relay_only: bool = False

    def before_answer(self) -> IceBody:
        """For who has no session yet. `ice_servers` is None when they come with the answer, for one session only."""
        return {
            "ice_servers": None if self._are_minted else [_body(server) for server in self.servers],
            "ice_transport_policy": self._policy,
        }

    def with_answer(self, session_uid: str) -> IceBody:
        """What goes beside an SDP answer: nothing, or `ice_servers` with credentials for this session."""
        if not self._are_minted:
            return {}
        return {"ice_servers": [_body(self._minted(server, session_uid)) for server in self.servers]}

    @property
    def _policy(self) -> Literal["all", "relay"]:
        return "relay" if self.is_relay_only else "all"

    @property
    def _are_minted(self) -> bool:
        return any(server.takes_credentials for server in self.servers)

    def _minted(self, server: IceServer, session_uid: str) -> IceServer:
        """With the credentials of the TURN REST API (draft-uberti-behave-turn-rest-00), as coturn checks them."""
        if not server.takes_credentials or self.secret is None:
            return server
        username = f"{int(self.clock.now().timestamp()) + self.ttl_s}:{session_uid}"
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceServer(server.urls, username, base64.b64encode(digest).decode())


def _body(server: IceServer) -> dict[str, str]:
    """As RTCPeerConnection takes it."""
    given = {"urls": server.urls, "username": server.username, "credential": server.credential}
    return {name: value for name, value in given.items() if value is not None}
