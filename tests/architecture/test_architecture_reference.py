"""The reference says everything: every setting and every error code, as the code has them now."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from source_tree import ROOT, files_ending, text_of

from server.kit.errors import AppError
from server.settings import Settings


def _refusals() -> set[str]:
    names, waiting = set[str](), [AppError]
    while waiting:
        kind = waiting.pop()
        names.add(kind.__name__)
        waiting.extend(kind.__subclasses__())
    return names


def _raised_codes() -> dict[str, str]:
    """Error code -> where it is raised. A code is the first argument of a refusal, or a `code=` of anything."""
    refusals = _refusals()
    found: dict[str, str] = {}
    for file in files_ending(".py", under="server/"):
        for node in ast.walk(ast.parse(text_of(file))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            codes = [word.value for word in node.keywords if word.arg == "code"] if name in refusals else []
            codes += node.args[:1] if name in refusals else []
            for code in codes:
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found[code.value] = f"{file}:{node.lineno}"
    return found


def _reference() -> str:
    return "\n".join(text_of(file) for file in files_ending(".md", under="docs/reference/"))


def test_the_generated_pages_are_fresh() -> None:
    outcome = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_setting_says_what_it_is_for() -> None:
    page = text_of(Path("docs/reference/settings.md"))
    for name, field in Settings.model_fields.items():
        assert field.description, f"{name} has no description"
        assert f"`{field.validation_alias}`" in page


def test_every_error_code_is_documented() -> None:
    raised, reference = _raised_codes(), _reference()
    assert len(raised) > 5, "the codes are not found where they used to be"
    undocumented = {code: where for code, where in raised.items() if f"`{code}`" not in reference}
    assert undocumented == {}


def test_every_error_code_is_a_plain_name() -> None:
    assert [code for code in _raised_codes() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []
