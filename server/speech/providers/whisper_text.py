"""Whisper's vocabulary: token numbers to text, and the numbers of its control tokens."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

_SENTENCE_WORDS = 3  # fewer words again and again may well be said


class WhisperVocabulary:
    """A byte-level vocabulary, as `vocabulary.txt` (one token a line) or `vocabulary.json` (a list)."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._ids = {token: number for number, token in enumerate(tokens)}
        self._bytes = _byte_alphabet()
        self._end = self._ids["<|endoftext|>"]

    @classmethod
    def read(cls, path: Path) -> "WhisperVocabulary":
        text = path.read_text("utf-8")
        return cls(json.loads(text) if path.suffix == ".json" else text.rstrip("\n").split("\n"))

    def knows_language(self, code: str) -> bool:
        return f"<|{code}|>" in self._ids

    def prompt(self, language: str) -> list[int]:
        """What the decoder starts from: write down, in this language, without times."""
        return [
            self._ids[token]
            for token in ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
        ]

    def text(self, ids: Iterable[int]) -> str:
        """The words of `ids`; control tokens say nothing."""
        raw = bytearray()
        for number in ids:
            if number < self._end:
                raw.extend(self._bytes[sign] for sign in self._tokens[number])
        return raw.decode("utf-8", errors="replace").strip()


def said_once(text: str) -> str:
    """A sentence that Whisper went on writing after its end, once; other text as it is. The last word may be cut."""
    words = text.split()
    for length in range(_SENTENCE_WORDS, len(words) // 2 + 1):
        if all(word == words[place % length] for place, word in enumerate(words[:-1])):
            return " ".join(words[:length])
    return text


def _byte_alphabet() -> dict[str, int]:
    """The printable sign that stands for each byte: itself where it is printable, else one from U+0100 on."""
    alphabet = {chr(byte): byte for byte in (*range(33, 127), *range(161, 173), *range(174, 256))}
    printable = set(alphabet.values())
    for offset, byte in enumerate(byte for byte in range(256) if byte not in printable):
        alphabet[chr(256 + offset)] = byte
    return alphabet
