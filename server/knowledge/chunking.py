"""Cuts a long text where it breathes: paragraphs first, then sentences, then words."""

import re

CHUNK_MAX_CHARS = 700
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…؟])\s+"), re.compile(r"\s+"))


def chunks(text: str, most_chars: int = CHUNK_MAX_CHARS) -> list[str]:
    """`text` in pieces of at most `most_chars` characters, in order; nothing but white space is lost."""
    return _cut(text.strip(), most_chars, 0)


def _cut(text: str, most: int, level: int) -> list[str]:
    if len(text) <= most:
        return [text] if text else []
    if level == len(_BREAKS):
        return [text[start : start + most] for start in range(0, len(text), most)]
    pieces: list[str] = []
    separator = "\n" if level < 2 else " "  # the first two breaks are line breaks
    for part in _BREAKS[level].split(text):
        for piece in _cut(part.strip(), most, level + 1):
            if pieces and len(pieces[-1]) + len(separator) + len(piece) <= most:
                pieces[-1] += separator + piece
            else:
                pieces.append(piece)
    return pieces
