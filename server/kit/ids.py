"""Opaque ids and secrets: `call_k3f…` for things, `voc_sk_live_…` for keys with a checksum tail."""

import secrets
import zlib

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_UID_LENGTH = 20  # 103 random bits
_SECRET_LENGTH = 32  # 165 random bits
_CHECKSUM_LENGTH = 7  # CRC-32 in base 36


def new_uid(prefix: str) -> str:
    """An id nobody can guess: `prefix_` + 20 base-36 characters."""
    return f"{prefix}_{random_text(_UID_LENGTH)}"


def random_text(length: int) -> str:
    """`length` random base-36 characters."""
    return _base36(secrets.randbelow(36**length), length)


def new_secret(prefix: str) -> str:
    """A key: `prefix` + random text + checksum, so that scanners recognise it and typos are refused early."""
    body = prefix + random_text(_SECRET_LENGTH)
    return body + _checksum(body)


def is_well_formed_secret(text: str) -> bool:
    """Whether the checksum tail fits; says nothing about whether the key exists."""
    body, tail = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return bool(body) and secrets.compare_digest(_checksum(body).encode(), tail.encode())


def _checksum(body: str) -> str:
    return _base36(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _base36(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits
