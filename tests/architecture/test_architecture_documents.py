"""The documents hold together: links lead somewhere, commands exist, decisions are listed, scripts are readable."""

import re
import subprocess
from pathlib import Path

import pytest
from source_tree import ROOT, files_ending, text_of

SERVED = re.compile(r"/openapi\.json|api/")  # what docs/site links to is no file: test_flow_docs.py follows it
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED_FILE = re.compile(r"`((?:server|tests|widget|templates|static|scripts|bench|requirements|docs)/[\w./*-]+)`")
BUILT = re.compile(r"static/dist/")
DECISION_PARTS = ("## Context", "## Decision", "## Consequences", "## Alternatives", "## Enforced by")


def _without_code(text: str) -> str:
    return re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.MULTILINE)


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for file in files_ending(".md"):
        for target in LINK.findall(_without_code(text_of(file))):
            path = target.split("#")[0]
            if file.is_relative_to("docs/site") and SERVED.match(path):
                continue
            if path and not re.match(r"[a-z]+:", path) and not (ROOT / file.parent / path).exists():
                broken.append(f"{file}: {target}")
    assert broken == []


def test_every_file_that_a_document_names_is_there() -> None:
    named = [
        (file, name)
        for file in files_ending(".md")
        for name in NAMED_FILE.findall(text_of(file))
        if not BUILT.match(name)
    ]
    assert named
    assert [(str(file), name) for file, name in named if not any(ROOT.glob(name))] == []


def test_every_make_command_that_is_written_down_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", text_of(Path("Makefile")), re.MULTILINE))
    mentioned = {
        (str(file), command)
        for file in files_ending(".md", ".html", ".json", ".py", ".sh")
        for command in re.findall(r"`make ([a-z]+)", text_of(file))
    }
    assert mentioned
    assert [(file, command) for file, command in sorted(mentioned) if command not in targets] == []


def test_every_decision_has_its_parts_and_is_listed() -> None:
    pages = [file for file in files_ending(".md", under="docs/decisions/") if file.name[0].isdigit()]
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    listed = text_of(Path("docs/decisions/README.md"))
    for page in pages:
        assert f"({page.name})" in listed
        headings = [line for line in text_of(page).splitlines() if line.startswith("## ")]
        assert tuple(headings) == DECISION_PARTS, page


@pytest.mark.parametrize("script", [str(file) for file in files_ending(".sh")])
def test_a_shell_script_can_be_parsed_and_run(script: str) -> None:
    shell = "bash" if "bash" in text_of(Path(script)).splitlines()[0] else "sh"
    subprocess.run([shell, "-n", script], cwd=ROOT, check=True, timeout=30)
    if text_of(Path(script)).startswith("#!"):
        assert (ROOT / script).stat().st_mode & 0o100, f"{script} is not executable"


def test_the_locks_name_no_registry_and_hash_everything() -> None:
    for file in files_ending(".lock", under="requirements/"):
        text = text_of(file)
        assert re.search(r"(?:https?|file)://", text) is None
        requirements = re.split(r"\n(?=\S)", text.strip())
        assert [line for line in requirements if "--hash=sha256:" not in line] == []


def test_the_developers_lock_holds_everything_of_the_one_that_runs() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", text_of(Path(f"requirements/{name}.lock")), re.MULTILINE))

    assert pins("run") <= pins("dev")
