"""The written pages of /docs, in each language, and the words around them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from server.web.docs.markdown import Rendered, render

LANGUAGES = ("en", "fr")
EXAMPLE_ORIGIN = "https://voice.example.com"  # in the sources; readers see the server's own
_CODES = "CODES_TABLE"  # where the page of errors has the codes of the API
GROUPS: Mapping[str, Sequence[str]] = {
    "start": ("index", "authentication", "self-hosting"),
    "widget": ("widget",),
    "calls": ("calls", "softphone", "live-transcripts", "player", "relay", "relay-numbers"),
    "events": ("webhooks",),
    "facts": ("errors", "limits"),
}


class Code(NamedTuple):
    """A code of the API, the statuses it comes with, what it means in English."""

    code: str
    statuses: str
    meaning: str


@dataclass(frozen=True)
class Page:
    slug: str
    group: str
    text: Rendered


class Pages:
    """Everything of one language, read once. `words`: the texts of the pages' frame."""

    def __init__(self, folder: Path, language: str, origin: str, codes: Sequence[Code]) -> None:
        """`codes`: every one of the API."""
        self.language = language
        self.words: Mapping[str, str] = _catalogue(folder / language / "words.json")
        self._api: Mapping[str, str] = _catalogue(folder / language / "api.json")
        table = self._table(codes)
        self.all: dict[str, Page] = {}
        for group, slugs in GROUPS.items():
            for slug in slugs:
                source = (folder / language / f"{slug}.md").read_text("utf-8")
                source = source.replace(EXAMPLE_ORIGIN, origin).replace(_CODES, table)
                source = source.replace(_socket(EXAMPLE_ORIGIN), _socket(origin))
                self.all[slug] = Page(slug, group, render(source))

    def say(self, english: str) -> str:
        """A text of the OpenAPI document, or what a code means, in this language; as it is where nobody put it."""
        return self._api.get(english, english)

    def _table(self, codes: Sequence[Code]) -> str:
        rows = [f"| `{each.code}` | {each.statuses} | {self.say(each.meaning)} |" for each in codes]
        return "\n".join([f"| Code | {self.words['status']} | {self.words['meaning']} |", "|---|---|---|", *rows])

    def neighbours(self, slug: str) -> tuple[Page | None, Page | None]:
        """The page before and the page after."""
        pages = list(self.all.values())
        at = next(index for index, page in enumerate(pages) if page.slug == slug)
        return (pages[at - 1] if at else None, pages[at + 1] if at + 1 < len(pages) else None)


def _socket(origin: str) -> str:
    return origin.replace("http", "ws", 1)


def preferred(accept_language: str) -> str:
    """The first of LANGUAGES that a browser asks for."""
    weighed = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        weighed.append((-weight, place, tag.strip().lower().partition("-")[0]))
    return next((tag for _, _, tag in sorted(weighed) if tag in LANGUAGES), LANGUAGES[0])


def _catalogue(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found
