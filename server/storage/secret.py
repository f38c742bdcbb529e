"""The one secret a deployment keeps: 32 bytes, from which every other key is derived."""

import base64
import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LENGTH_BYTES = 32
_NONCE_BYTES = 12


class MasterSecret:
    """Derives keys by purpose and seals small values at rest. Its repr shows nothing."""

    def __init__(self, value: bytes) -> None:
        """Raises ValueError for fewer than 32 bytes."""
        if len(value) < LENGTH_BYTES:
            raise ValueError("the master secret needs at least 32 bytes")
        self._value = value

    @classmethod
    def from_text(cls, text: str) -> "MasterSecret":
        """From base64, as a setting holds it."""
        return cls(base64.b64decode(text, validate=True))

    @classmethod
    def from_file(cls, path: Path) -> "MasterSecret":
        """From `path`, which is made with fresh random bytes, readable by its owner only, if it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(base64.b64decode(path.read_text("ascii")))
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(LENGTH_BYTES)).decode())
        return cls(base64.b64decode(path.read_text("ascii")))

    def key_for(self, purpose: str) -> bytes:
        """32 bytes that are always the same for this secret and purpose."""
        return hmac.digest(self._value, b"parloir/" + purpose.encode(), sha256)

    def seal(self, value: bytes, purpose: str) -> bytes:
        """`value`, encrypted and authenticated for `purpose`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key_for(purpose)).encrypt(nonce, value, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """What seal() was given. Raises ValueError when it was sealed by another secret or for something else."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self.key_for(purpose)).decrypt(nonce, body, purpose.encode())
        except InvalidTag:
            raise ValueError("sealed with another master secret") from None
