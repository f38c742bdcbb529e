"""The console's words in five languages, from one catalogue: templates/console/words.json."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.web.pages import TEMPLATES

LANGUAGES = ("en", "fr", "es", "ar", "ary")
_FRENCH_MARKS = re.compile(r" (?=[?!:;»])|(?<=«) ")  # they stay with their word
_FALLBACK = {"ary": "ar"}
CATALOGUE = TEMPLATES / "console" / "words.json"


class Words:
    """One language's words; calling it gives a text: `words("keys.title")`."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.direction = "rtl" if language.startswith("ar") else "ltr"
        self._texts = texts

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of `key` with `values` filled in. Raises KeyError for a key that is not in the catalogue."""
        return self._texts[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self._texts


class Catalogue:
    """Each row is a key and its texts, in the order of LANGUAGES; Darija may be left out where Arabic serves."""

    def __init__(self, rows: Mapping[str, Sequence[str]]) -> None:
        self._words = {language: Words(language, _texts(rows, language)) for language in LANGUAGES}

    @classmethod
    def load(cls, file: Path = CATALOGUE) -> "Catalogue":
        return cls(json.loads(file.read_text("utf-8")))

    def of(self, language: str) -> Words:
        """English for a language that is none of ours."""
        return self._words.get(language, self._words["en"])

    def chosen(self, wished: str | None, accepted: Sequence[str]) -> Words:
        """`wished` if it is ours, else the first of `accepted` (tags as browsers send them) that is."""
        for tag in [wished or "", *accepted]:
            for known in (tag.lower(), tag.lower().partition("-")[0]):
                if known in self._words:
                    return self._words[known]
        return self._words["en"]


def _texts(rows: Mapping[str, Sequence[str]], language: str) -> dict[str, str]:
    place = LANGUAGES.index(language)
    instead = LANGUAGES.index(_FALLBACK.get(language, "en"))
    texts = {key: row[place] if place < len(row) else row[instead] for key, row in rows.items()}
    return {key: _FRENCH_MARKS.sub("\u00a0", text) for key, text in texts.items()} if language == "fr" else texts
