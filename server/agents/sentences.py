"""Sentences: out of a finished text, or out of one that is still being written."""

import re

_END = re.compile(r"[.!?…؟。]+[\"'»”’)\]]*(?=\s)|\n+")
_NOT_AN_END = re.compile(
    r"(?:^|\s)(?:m|mm|mr|mrs|ms|dr|st|sra?|vs|approx|env|no|nº|n°|etc|p|ex|[A-Z])\.$", re.IGNORECASE
)
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*_`#>|]+|^\s*[-•]\s+", re.MULTILINE)
_LONGEST_CHARS = 400
ALOUD_CHARS = 320
WRITTEN_CHARS = 1_200


class SentenceStream:
    """Takes text as it comes and gives back each sentence as soon as it is whole."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that `text` completes."""
        self._rest += text
        done: list[str] = []
        start = 0
        for end in _END.finditer(self._rest):
            candidate = self._rest[start : end.end()]
            if _NOT_AN_END.search(candidate.rstrip("\n")) and "\n" not in end[0]:
                continue
            done.append(candidate)
            start = end.end()
        self._rest = self._rest[start:]
        while len(self._rest) > _LONGEST_CHARS:
            cut = self._rest.rfind(" ", 1, _LONGEST_CHARS)
            cut = cut if cut > 0 else _LONGEST_CHARS
            done.append(self._rest[:cut])
            self._rest = self._rest[cut:]
        return _clean(done)

    def finish(self) -> list[str]:
        """What is left at the end, if anything."""
        rest, self._rest = self._rest, ""
        return _clean([rest])


def sentences(text: str) -> list[str]:
    """`text` cut into sentences, in order, without markup."""
    stream = SentenceStream()
    return [*stream.feed(text), *stream.finish()]


def shortened(text: str, most_chars: int) -> list[str]:
    """The first sentences of `text` up to about `most_chars` characters; at least one."""
    kept: list[str] = []
    length = 0
    for sentence in sentences(text):
        if kept and length + len(sentence) > most_chars:
            break
        kept.append(sentence)
        length += len(sentence) + 1
    return kept


def _clean(pieces: list[str]) -> list[str]:
    plain = (" ".join(_MARKUP.sub(lambda found: found[1] or "", piece).split()) for piece in pieces)
    return [piece for piece in plain if any(letter.isalnum() for letter in piece)]
