"""Which bytes a request asks for: Range and If-Range of RFC 9110, for one range."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=\s*([0-9]*)-([0-9]*)\s*", re.IGNORECASE)
_DIGITS_MAX = 18  # more bytes than anything has, and nothing that int() has to work for


@dataclass(frozen=True)
class Span:
    """Bytes from `start` up to `end`, which is not included."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """A range that begins beyond the end."""


def span_of(header: str | None, size: int) -> Span | None:
    """What a Range header asks of `size` bytes. None means all of them: no header, several ranges, or not understood.

    Raises Unsatisfiable.
    """
    asked = _RANGE.fullmatch(header) if header else None
    if asked is None:
        return None
    first, last = asked.groups()
    if max(len(first), len(last)) > _DIGITS_MAX or not (first or last):
        return None
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return Span(size - length, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(int(last) + 1, size) if last else size)


def is_still(if_range: str | None, etag: str, last_modified: str) -> bool:
    """Whether a Range header counts: the file is the one that If-Range names, quoted strong etag or its exact date."""
    return if_range is None or if_range.strip() in (f'"{etag}"', last_modified)
