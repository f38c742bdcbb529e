"""How a delivery is signed: the Phonevoice header, the VocalIA header and Standard Webhooks, from one secret.

A secret is `whsec_` + base64 of 33 bytes. Phonevoice, VocalIA and Stripe's library key their HMAC with the whole
text; Standard Webhooks with the bytes behind the prefix.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

PREFIX = "whsec_"
_SECRET_BYTES = 33  # a multiple of three: no padding
MASKED = "•••"


@dataclass(frozen=True)
class HeaderNames:
    """What the headers are called; a deployment under another name may call them otherwise."""

    phonevoice: str = "Phonevoice-Signature"
    vocalia: str = "X-VocalIA-Signature"
    vocalia_time: str = "X-VocalIA-Timestamp"


DEFAULT_NAMES = HeaderNames()


def new_signing_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(
    delivery_id: str, timestamp: int, body: bytes, keys: Sequence[str], names: HeaderNames = DEFAULT_NAMES
) -> dict[str, str]:
    """The headers of one attempt. `keys`: one secret, or two while one replaces the other.

    Verifiers after the Phonevoice document read only the last `v1=`, and one with one value reads the last key's:
    the key that the receiver is believed to have comes last.
    """
    stamped = f"{timestamp}.".encode() + body
    standard = f"{delivery_id}.".encode() + stamped
    parts = [f"t={timestamp}", *(f"v1={hmac.new(key.encode(), stamped, sha256).hexdigest()}" for key in keys)]
    listed = [
        "v1," + base64.b64encode(hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), standard, "sha256")).decode()
        for key in keys
    ]
    return {
        names.phonevoice: ",".join(parts),
        names.vocalia: f"sha256={hmac.new(keys[-1].encode(), body, sha256).hexdigest()}",
        names.vocalia_time: str(timestamp),
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(listed),
    }


def masked(headers: dict[str, str]) -> dict[str, str]:
    """The headers as a log may show them: a signature is as good as the body it signs for five minutes."""
    return {name: MASKED if "signature" in name.lower() else value for name, value in headers.items()}
