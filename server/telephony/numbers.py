"""Phone numbers: only E.164 goes further than the request it came in."""

import re

import phonenumbers

from server.kit.errors import FieldProblem, InvalidInput

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = re.compile(r"[\s().\u00a0-]+")


def normalise(text: str, field: str = "number") -> str:
    """`+33 6 12 34 56 78` as `+33612345678`. Raises InvalidInput `invalid_phone_number`, naming `field`.

    Possible is enough: number plans change faster than libraries, and the carrier has the last word.
    """
    plain = _SEPARATORS.sub("", text)
    if not _E164.fullmatch(plain):
        raise _invalid(field)
    try:
        parsed = phonenumbers.parse(plain)
    except phonenumbers.NumberParseException:
        raise _invalid(field) from None
    if not phonenumbers.is_possible_number(parsed):
        raise _invalid(field)
    return plain


def _invalid(field: str) -> InvalidInput:
    return InvalidInput(
        "invalid_phone_number",
        "A phone number is written in the international form, like +33612345678.",
        [FieldProblem(field, "not an international phone number")],
    )
