"""E-mail addresses, in the one form in which they are compared, kept and sent to."""

import re
import unicodedata

import idna

from server.kit.errors import FieldProblem, InvalidInput

_LONGEST = 254  # RFC 5321: the path of 256 without its brackets
_LONGEST_LOCAL = 64
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(r"(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)+")


def normalised(text: str) -> str:
    """`text` in lower case and NFC, its domain as in DNS (`xn--…`). Raises InvalidInput `invalid_email`."""
    local, at, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    local = local.lower()
    if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > _LONGEST_LOCAL or len(domain) > _LONGEST:
        raise _invalid()
    try:
        domain = idna.encode(domain, uts46=True, transitional=False).decode()
    except idna.IDNAError:
        raise _invalid() from None
    address = f"{local}@{domain}"
    if not _DOMAIN.fullmatch(domain) or len(address.encode()) > _LONGEST:
        raise _invalid()
    return address


def readable(address: str) -> str:
    """A normalised address as people write it: `anna@münchen.example`."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return address


def _invalid() -> InvalidInput:
    problem = FieldProblem("email", "is not an e-mail address")
    return InvalidInput("invalid_email", "This is not an e-mail address that mail can be sent to.", [problem])
