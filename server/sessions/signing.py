"""Tokens: one signer and one verifier per kind, a fixed algorithm, and no generic decode. RFC 8725."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

import jwt

from server.kit.clock import Clock
from server.kit.errors import NotAuthenticated
from server.kit.ids import new_uid
from server.sessions.keys import SigningKey

ALGORITHM = "EdDSA"
ISSUER = "parloir"
LEEWAY = timedelta(seconds=5)
_MAX_CHARACTERS = 2_048
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})


class Purpose(StrEnum):
    """What a token is for: its audience, and the front half of its `typ`."""

    WIDGET = "widget"
    FRAME = "frame"
    EMBED = "embed"  # a link that opens a softphone
    SOFTPHONE = "softphone"  # the session it becomes
    PLAYER = "player"  # a link that opens a player
    REPLAY = "replay"  # the session it becomes
    RECORDING = "recording"
    HANDSET = "handset"
    CABLE = "cable"
    STREAM = "stream"
    ACCESS = "access"


@dataclass(frozen=True)
class Claims:
    """What a verified token says. `own` are the claims of its kind."""

    subject: str
    token_id: str
    own: dict[str, Any]


class Keys(Protocol):
    """Where keys come from: server.sessions.keys.SigningKeys."""

    async def current(self) -> SigningKey:
        """The key that signs now."""
        ...

    async def by_kid(self, kid: str) -> SigningKey | None:
        """The key `kid` if it may still verify."""
        ...


class Tokens:
    """Signs and verifies tokens of one purpose; a token of any other is refused."""

    def __init__(self, purpose: Purpose, lifetime: timedelta, keys: Keys, clock: Clock) -> None:
        self._purpose = purpose
        self._lifetime = lifetime
        self._keys = keys
        self._clock = clock
        self._jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})

    @property
    def lifetime(self) -> timedelta:
        return self._lifetime

    async def sign(self, subject: str, own: dict[str, Any]) -> str:
        """A token about `subject` that lives for this purpose's lifetime."""
        key = await self._keys.current()
        now = self._clock.now()
        claims = own | {
            "iss": ISSUER,
            "sub": subject,
            "aud": self._purpose.value,
            "jti": new_uid("tok"),
            "iat": int(now.timestamp()),
            "exp": int((now + self._lifetime).timestamp()),
        }
        return self._jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": self._typ})

    async def verify(self, token: str) -> Claims:
        """What `token` says. Raises NotAuthenticated `session_invalid` or `session_expired`."""
        if len(token) > _MAX_CHARACTERS or not token.isascii():
            raise _invalid()
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise _invalid() from None
        kid = header.get("kid")
        if header.keys() - _HEADER_NAMES or header.get("typ") != self._typ or not isinstance(kid, str):
            raise _invalid()
        key = await self._keys.by_kid(kid)
        if key is None:
            raise _invalid()
        try:
            claims = self._jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                audience=self._purpose.value,
                issuer=ISSUER,
                # Expiry is ours to judge, by the injected clock.
                options={
                    "require": ["iss", "sub", "aud", "jti", "iat", "exp"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            raise _invalid() from None
        expires = claims.pop("exp")
        if not isinstance(expires, int):
            raise _invalid()
        if self._clock.now().timestamp() > expires + LEEWAY.total_seconds():
            raise NotAuthenticated("session_expired", "This session is too old. Start again.")
        return Claims(claims.pop("sub"), claims.pop("jti"), claims)

    @property
    def _typ(self) -> str:
        return f"{self._purpose.value}+jwt"


def _invalid() -> NotAuthenticated:
    return NotAuthenticated("session_invalid", "This session token is not valid here.")
