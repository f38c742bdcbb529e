"""What a tenant may set about an agent: one table of fields, and what each may hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from server.kit.errors import FieldProblem, InvalidInput
from server.storage.text import storable

LANGUAGES = ("fr", "en", "es", "ar", "ary")


@dataclass(frozen=True)
class _Text:
    """Text of at most `longest` characters; None only where the field may be empty."""

    longest: int
    is_optional: bool = False
    schemes: tuple[str, ...] = ()  # of a link: what else a page would follow could run there

    def __call__(self, value: object) -> str | None:
        if value is None and self.is_optional:
            return None
        if not isinstance(value, str):
            raise ValueError("is text")
        text = storable(value).strip()
        if len(text) > self.longest or (not text and not self.is_optional):
            raise ValueError(f"has 1 to {self.longest} characters")
        if text and self.schemes and not _is_link(text, self.schemes):
            raise ValueError(f"starts with {', '.join(f'{scheme}:' for scheme in self.schemes)}")
        return text or None


def _is_link(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return text.isprintable() and parts.scheme in schemes and bool(parts.netloc or parts.path)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is true or false")
    return value


def _instructions(value: object) -> str:
    return _Text(20_000, is_optional=True)(value) or ""


_FIELDS: Mapping[str, Callable[[object], Any]] = {
    "name": _Text(120),
    "language": _Text(8),
    "engine": _Text(40),
    "voice": _Text(80, is_optional=True),
    "greeting": _Text(300, is_optional=True),
    "instructions": _instructions,
    "handoff_label": _Text(200, is_optional=True),
    "handoff_url": _Text(500, is_optional=True, schemes=("tel", "mailto", "https")),
    "avatar_url": _Text(500, is_optional=True, schemes=("https", "http")),
    "text_only": _switch,
    "record_calls": _switch,
    "transcribe_calls": _switch,
    "analyse_calls": _switch,
    "consent_required": _switch,
    "consent_version": _Text(40),
    "consent_text": _Text(4_000, is_optional=True),
}


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as they are stored. Raises InvalidInput `unknown_field`, `unknown_language`, `invalid_field`."""
    if unknown := values.keys() - _FIELDS.keys():
        raise InvalidInput("unknown_field", f"An agent has no {', '.join(sorted(unknown))}.")
    kept: dict[str, Any] = {}
    problems = []
    for field, value in values.items():
        try:
            kept[field] = _FIELDS[field](value)
        except ValueError as problem:
            problems.append(FieldProblem(field, str(problem)))
    if problems:
        told = "; ".join(f"{problem.field} {problem.problem}" for problem in problems)
        raise InvalidInput("invalid_field", f"{told}.", problems)
    if "language" in kept:
        check_language(kept["language"])
    return kept


def check_language(language: str) -> None:
    """Raises InvalidInput `unknown_language`."""
    if language not in LANGUAGES:
        raise InvalidInput("unknown_language", f"Languages are {', '.join(LANGUAGES)}.")
