"""Knowledge out of files: CSV, JSON and Markdown become entries; what is wrong with a file is said with its line."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from server.kit.errors import FieldProblem, InvalidInput, TooLarge

FILE_MAX_BYTES = 2 * 1024 * 1024
ENTRIES_MAX = 2_000
TITLE_MAX_CHARS = 300
TEXT_MAX_CHARS = 20_000
SOURCE_MAX_CHARS = 200
INVALID = "knowledge_file_invalid"

_TITLE_NAMES = ("question", "title", "titre", "pregunta", "titulo", "título", "سؤال", "q", "name", "subject")
_TEXT_NAMES = ("answer", "text", "reponse", "réponse", "respuesta", "texte", "texto", "جواب", "a", "content", "body")
_LANGUAGE_NAMES = ("language", "lang", "langue", "idioma")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = ("```", "~~~")


@dataclass(frozen=True)
class Entry:
    """One question with its answer, or a titled text."""

    title: str
    text: str
    language: str


def parse(file_name: str, data: bytes, language: str) -> list[Entry]:
    """The entries of a file; its name's ending says how to read it.

    `language` is for entries that name none. Raises InvalidInput and TooLarge with code knowledge_file_invalid
    or too_large.
    """
    if len(data) > FILE_MAX_BYTES:
        raise TooLarge("too_large", f"A knowledge file may have {FILE_MAX_BYTES // 1024 // 1024} MB at most.")
    reader = _READERS.get(PurePosixPath(file_name).suffix.lower())
    if reader is None:
        raise InvalidInput(INVALID, f"Knowledge comes as {', '.join(_READERS)}; this file is something else.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise _wrong(line, "is not UTF-8 text") from wrong
    if "\0" in text:
        raise _wrong(text[: text.index("\0")].count("\n") + 1, "holds a zero byte")
    entries = reader(text, language)
    if not entries:
        raise InvalidInput(INVALID, "The file holds no entries.")
    if len(entries) > ENTRIES_MAX:
        raise TooLarge("too_large", f"A knowledge file may hold {ENTRIES_MAX} entries at most.")
    return entries


def _read_csv(text: str, language: str) -> list[Entry]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    entries: list[Entry] = []
    header: list[str] | None = None
    before = 0
    try:
        for row in rows:
            line, before = before + 1, rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = [cell.strip().casefold() for cell in row]
                _require_columns(header, line)
                continue
            if len(row) > len(header):
                raise _wrong(line, f"has {len(row)} cells, the header {len(header)}")
            entries.append(_entry(dict(zip(header, row, strict=False)), language, line))
    except csv.Error as wrong:
        raise _wrong(rows.line_num, f"is not CSV: {wrong}") from wrong
    return entries


def _require_columns(header: Sequence[str], line: int) -> None:
    for names, meaning in ((_TITLE_NAMES, "question"), (_TEXT_NAMES, "answer")):
        if not any(name in header for name in names):
            raise _wrong(line, f'needs a column "{meaning}" (or one of: {", ".join(names)})')


def _read_json(text: str, language: str) -> list[Entry]:
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise _wrong(wrong.lineno, f"is not JSON: {wrong.msg}") from wrong
    except RecursionError as deep:
        raise InvalidInput(INVALID, "The file is nested too deeply.") from deep
    if isinstance(loaded, dict):
        language = loaded.get("language", language)
        loaded = loaded.get("entries")
    if not isinstance(loaded, list):
        raise InvalidInput(INVALID, 'A JSON file is a list of objects, or {"language": "…", "entries": [...]}.')
    entries: list[Entry] = []
    line, place = 1, 0
    for number, item in enumerate(loaded, 1):
        if not isinstance(item, dict):
            raise InvalidInput(INVALID, f"Entry {number} is not an object.")
        fields = {str(key).casefold(): value for key, value in item.items()}
        line, place = _line_of(text, fields, place, line)
        entries.append(_entry(fields, language, line))
    return entries


def _line_of(text: str, fields: Mapping[str, Any], place: int, line: int) -> tuple[int, int]:
    """Where an entry begins: JSON readers keep no lines, its title usually stands in the file as it is."""
    title = next((value for name in _TITLE_NAMES if isinstance(value := fields.get(name), str)), "")
    found = text.find(json.dumps(title, ensure_ascii=False)[1:-1], place) if title.strip() else -1
    return (line, place) if found < 0 else (line + text.count("\n", place, found), found)


def _read_markdown(text: str, language: str) -> list[Entry]:
    entries: list[Entry] = []
    path: list[str] = []
    body: list[str] = []
    begun = 1
    fenced = False

    def finish() -> None:
        said = "\n".join(body).strip()
        if said and path:
            entries.append(_entry({"title": " – ".join(filter(None, path)), "text": said}, language, begun))
        elif said:
            raise _wrong(begun, "begins without a heading (# Title)")

    for line, content in enumerate(text.splitlines(), 1):
        fenced = fenced != content.startswith(_FENCE)
        heading = None if fenced else _HEADING.fullmatch(content)
        if heading is None:
            body.append(content)
            continue
        finish()
        depth = len(heading[1])
        path = [*path[: depth - 1], *[""] * (depth - 1 - len(path)), heading[2]]
        body, begun = [], line
    finish()
    return entries


def _entry(fields: Mapping[str, Any], language: str, line: int) -> Entry:
    title = _text(fields, _TITLE_NAMES, "question", TITLE_MAX_CHARS, line)
    text = _text(fields, _TEXT_NAMES, "answer", TEXT_MAX_CHARS, line)
    named = next((value for name in _LANGUAGE_NAMES if (value := fields.get(name))), language)
    primary = named.replace("_", "-").partition("-")[0].strip().lower() if isinstance(named, str) else ""
    if not _LANGUAGE.fullmatch(primary):
        raise _wrong(line, "names a language that is not a code like fr or en")
    return Entry(title, text, primary)


def _text(fields: Mapping[str, Any], names: Sequence[str], meaning: str, most: int, line: int) -> str:
    value = next((value for name in names if (value := fields.get(name)) is not None), "")
    if not isinstance(value, str) or not value.strip():
        raise _wrong(line, f"has no {meaning}")
    if len(value) > most:
        raise _wrong(line, f"has a longer {meaning} than {most} characters")
    return value.strip()


def _wrong(line: int, problem: str) -> InvalidInput:
    return InvalidInput(INVALID, f"Line {line} {problem}.", [FieldProblem(f"line {line}", problem)])


_READERS: Mapping[str, Callable[[str, str], list[Entry]]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".md": _read_markdown,
}
