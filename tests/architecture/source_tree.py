"""What the architecture tests read: the project's files, without what is installed or built."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def project_files() -> tuple[Path, ...]:
    """Every file git tracks or would track, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout.decode()
    files = (Path(name) for name in listed.split("\0") if name)
    return tuple(sorted(file for file in files if (ROOT / file).is_file()))


def files_ending(*suffixes: str, under: str = "") -> tuple[Path, ...]:
    return tuple(file for file in project_files() if file.suffix in suffixes and str(file).startswith(under))


def text_of(file: Path) -> str:
    return (ROOT / file).read_text("utf-8")
