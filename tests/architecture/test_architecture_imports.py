"""Code imports downwards only: the contracts in pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path

from source_tree import ROOT


def test_the_import_contracts_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([str(lint_imports)], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
