"""Files stay short enough to read at one sitting, functions short enough to see at once."""

import ast
import functools
import json
import re

import pytest
from source_tree import ROOT, files_ending, text_of

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

# What may be longer, and how long it is. An entry may shrink or go; none may be added or grow.
EXCUSED: dict[str, int] = {}
EXCUSED_AT_MOST = 0

CODE = (".py", ".ts", ".js", ".mjs", ".css", ".html", ".sh")


@functools.cache
def _lengths() -> dict[str, int]:
    found: dict[str, int] = {}
    for file in files_ending(*CODE):
        text = text_of(file)
        found[str(file)] = text.count("\n")
        if file.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                found[f"{file}::{node.name}"] = node.end_lineno - node.lineno + 1
    return found


def test_no_file_and_no_function_is_too_long() -> None:
    too_long = {
        name: length
        for name, length in _lengths().items()
        if length > EXCUSED.get(name, LONGEST_FUNCTION if "::" in name else LONGEST_FILE)
    }
    assert too_long == {}, "split these where a reader would"


def test_an_excuse_is_removed_once_it_is_not_needed() -> None:
    lengths = _lengths()
    stale = {name: allowed for name, allowed in EXCUSED.items() if lengths.get(name, 0) < allowed}
    assert stale == {}, "shorter or gone: lower the number, or remove the entry"
    assert len(EXCUSED) <= EXCUSED_AT_MOST, "excuses may only become fewer"


def test_the_typescript_linter_holds_functions_to_the_same_length() -> None:
    configurations = [ROOT / name for name in ("biome.json", "biome.jsonc", "widget/biome.json")]
    configuration = next((file for file in configurations if file.is_file()), None)
    if configuration is None:
        pytest.fail("there is no biome.json")
    without_comments = re.sub(r"^\s*//.*$", "", configuration.read_text("utf-8"), flags=re.MULTILINE)
    rule = json.loads(without_comments)["linter"]["rules"]["complexity"]["noExcessiveLinesPerFunction"]
    assert rule["level"] == "error"
    assert rule["options"]["maxLines"] <= LONGEST_FUNCTION
