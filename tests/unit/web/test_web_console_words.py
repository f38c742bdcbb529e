"""The console's catalogue: whole in every language, and neither short of a text nor holding one nobody shows."""

import json
import re
import string

from server.web.console_words import CATALOGUE, LANGUAGES, Catalogue
from server.web.pages import ROOT, TEMPLATES

ROWS: dict[str, list[str]] = json.loads(CATALOGUE.read_text("utf-8"))
TEXTS = [file.read_text("utf-8") for file in (TEMPLATES / "console").glob("*.html")]
CODE = [file.read_text("utf-8") for file in (ROOT / "server" / "web").glob("console*.py")]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_row_has_every_language_with_the_same_values_in_it() -> None:
    for key, row in ROWS.items():
        assert len(row) in (len(LANGUAGES), len(LANGUAGES) - 1), key
        assert all(text.strip() for text in row), key
        assert {frozenset(fields(text)) for text in row} == {frozenset(fields(row[0]))}, key


def test_every_text_that_is_asked_for_is_there_and_every_one_there_is_asked_for() -> None:
    asked = {key for text in TEXTS for key in re.findall(r"""\bt\(\s*["']([\w.-]+)["']\s*[,)]""", text)}
    asked |= {key for text in TEXTS + CODE for key in re.findall(r'"([a-z_]+\.[a-z_]+)"', text) if key in ROWS}
    asked |= {key for text in TEXTS + CODE for key in re.findall(r'Flash\(\s*"([\w.]+)"', text)}
    stems = {stem for text in TEXTS for stem in re.findall(r"""\bt\(\s*["']([\w.-]+)["']\s*~""", text)} | {"error."}
    assert sorted(asked - set(ROWS)) == []
    unused = [key for key in ROWS if key not in asked and not key.startswith(tuple(stems))]
    assert unused == []


def test_the_language_is_the_chosen_one_or_the_first_that_is_ours() -> None:
    catalogue = Catalogue.load()
    assert catalogue.chosen("fr", ["es"]).language == "fr"
    assert catalogue.chosen(None, ["de-AT", "ar-EG", "fr"]).language == "ar"
    assert catalogue.chosen("tlh", []).language == "en"
    darija = catalogue.of("ary")
    assert darija.direction == "rtl"
    assert darija("overlap.24") == catalogue.of("ar")("overlap.24")  # where Arabic serves
