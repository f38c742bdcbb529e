"""Cuts an answer into pieces to speak one after the other: a short one first, so that sound starts early."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FIRST_CHARS = 34
SHORT_CHARS = 44  # where others may be waiting: a piece this long takes Kokoro about as long as a first one
_GROWTH = 2.2  # speaking a piece must last longer than making the next: at most this many times as long
_MOST_CHARS = 140
_SLACK = 1.3  # a whole clause may be this much over the limit before it is cut inside

# A mark counts only before a space or the end: "9.30" and "1,000" stay whole.
_SENTENCE_END = re.compile(r"[.!?…؟]+[\"'»”’)]*(?=\s|$)")
_CLAUSE_END = re.compile(r"[,;:،؛]+[\"'»”’)]*(?=\s|$)|\s[–—-](?=\s)")
_SENTENCE_PAUSE_S = 0.24
_CLAUSE_PAUSE_S = 0.10


@dataclass(frozen=True)
class Clause:
    """A piece, and the silence that belongs after it (0 after the last)."""

    text: str
    pause_s: float


def split_for_speech(text: str, first_chars: int = FIRST_CHARS, most_chars: int = _MOST_CHARS) -> Iterator[Clause]:
    """The words of `text` in order, in pieces of about `first_chars` characters, then growing to `most_chars`."""
    rest = " ".join(text.split())
    limit = float(first_chars)
    while rest:
        cut = _cut(rest, int(limit))
        piece, rest = rest[:cut].strip(), rest[cut:].strip()
        if piece:
            yield Clause(piece, _pause(piece) if rest else 0.0)
        limit = min(most_chars, max(first_chars, len(piece) * _GROWTH))


def _cut(text: str, limit: int) -> int:
    """Where to end the next piece: after a sentence, else a clause, else a word, else inside a long word."""
    spare = int(limit * _SLACK)
    for mark in (_SENTENCE_END, _CLAUSE_END):
        ends = [found.end() for found in mark.finditer(text)]
        if mark is _SENTENCE_END:
            ends.append(len(text))
        best = max((end for end in ends if end <= limit), default=0) or min(ends, default=spare + 1)
        if best <= spare:
            return best
    space = text.rfind(" ", 1, limit + 1)
    return space if space > 0 else min(limit, len(text))


def _pause(piece: str) -> float:
    if _SENTENCE_END.search(piece[-3:]):
        return _SENTENCE_PAUSE_S
    return _CLAUSE_PAUSE_S if _CLAUSE_END.search(piece[-3:]) else 0.0
