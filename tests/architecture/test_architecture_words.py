"""Words where they belong: vendors in their folders, packages in ARCHITECTURE.md, no developer's paths."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from source_tree import ROOT, files_ending, project_files, text_of

VENDORS = ("whisper", "kokoro", "espeak", "silero", "openai", "ctranslate2")
VENDOR_PLACES = (
    "server/agents/engines/",
    "server/speech/providers/",
    "server/analysis/providers/",
    "server/app.py",
    "server/calling.py",
    "server/openai_service.py",
    "server/settings.py",
)
LONGEST_ARCHITECTURE = 150

# A comment, a docstring or a doctype: how a file may begin. JSON has no comments, and prose needs none.
BEGINNINGS = {
    ".py": re.compile(r'(#!.*\n)?(#|r?"""\S)'),
    ".ts": re.compile(r"//|/\*"),
    ".js": re.compile(r"//|/\*"),
    ".mjs": re.compile(r"(#!.*\n)?(//|/\*)"),
    ".css": re.compile(r"/\*"),
    ".html": re.compile(r"\{#|<!--"),
    ".sh": re.compile(r"(#!.*\n)?# ?\S"),
    ".toml": re.compile(r"#"),
    ".ini": re.compile(r"#"),
    ".svg": re.compile(r"<!--"),
}
DEVELOPERS_PATH = re.compile(r"(?<![\w.$}])/(?:work|root|home|Users)/[A-Za-z.]|/opt/(?:pypi|wheels)")


def _spoken(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name and string of a module that is not a docstring, with its line."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)} | docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.Import):
            yield node.lineno, " ".join(alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.lineno, node.value


def test_a_vendor_is_named_in_its_own_folder_only() -> None:
    named = [
        f"{file}:{line}: {vendor}"
        for file in files_ending(".py", under="server/")
        if not str(file).startswith(VENDOR_PLACES)
        for line, word in _spoken(ast.parse(text_of(file)))
        for vendor in VENDORS
        if vendor in word.lower()
    ]
    assert named == []


def test_architecture_md_is_short_and_names_every_package() -> None:
    text = text_of(Path("ARCHITECTURE.md"))
    assert text.count("\n") <= LONGEST_ARCHITECTURE
    packages = {file.parts[1] for file in files_ending(".py", under="server/") if len(file.parts) > 2}
    assert [package for package in sorted(packages) if f"`{package}/`" not in text] == []


def test_every_file_begins_by_saying_what_it_is_for() -> None:
    silent = [
        str(file)
        for file in project_files()
        if (beginning := BEGINNINGS.get(file.suffix)) and not beginning.match(text_of(file))
    ]
    assert silent == []


def test_no_file_holds_a_path_of_somebody_s_machine() -> None:
    holding = []
    for file in project_files():
        if file.suffix == ".lock" or file.name == "package-lock.json":
            continue
        raw = (ROOT / file).read_bytes()
        if b"\0" in raw[:4096]:
            continue
        for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
            if DEVELOPERS_PATH.search(line):
                holding.append(f"{file}:{number}: {line.strip()[:100]}")
    assert holding == []
