"""The one secret a deployment keeps: 32 bytes, from which every other key is derived."""

import base64
import contextlib
import hmac
import os
import secrets
import tempfile
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
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name) as file:  # 0600
                file.write(base64.b64encode(secrets.token_bytes(LENGTH_BYTES)))
                file.flush()
                os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
                    os.link(file.name, path)
        return cls.from_text(path.read_text("ascii").strip())

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
