"""Where model files come from: parts inside installed packages, joined once, checked against a pinned sha256."""

import hashlib
import importlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.speech.port import SpeechFailed

_CHUNK_BYTES = 1 << 20


class ModelMissing(SpeechFailed):
    """A package, library or model file is not there. `install` is the command that brings it."""

    def __init__(self, what: str, install: str) -> None:
        super().__init__(f"{what} is not installed; install it with: {install}")
        self.install = install


class ModelCorrupt(SpeechFailed):
    """A model file is not the one this version was built for."""


@dataclass(frozen=True)
class ModelPart:
    """A file inside an installed package."""

    package: str
    path: str


@dataclass(frozen=True)
class ModelFile:
    """One file of a model: its parts, joined in order, have this sha256."""

    name: str
    sha256: str
    parts: tuple[ModelPart, ...]


@dataclass(frozen=True)
class Model:
    """A pinned model. `install` is shown to the operator when a package is missing.

    When a file comes in several parts, all files are written side by side into one folder;
    otherwise they are used where the packages put them.
    """

    name: str
    files: tuple[ModelFile, ...]
    install: str


class ModelStore:
    """Finds model files. Every method may take a second: call it from an engine's thread."""

    def __init__(self, directory: Path, overrides: Mapping[str, Path] | None = None) -> None:
        """`overrides` maps a model's name to the operator's own folder (or file, when the model is one file).

        What an override points at is used as it is: no checksum is known for it.
        """
        self._directory = directory
        self._overrides = dict(overrides or {})

    def paths(self, model: Model) -> dict[str, Path]:
        """The model's files by name, on disk and checked. Raises ModelMissing, ModelCorrupt."""
        override = self._overrides.get(model.name)
        if override is not None:
            return _own_files(model, override)
        if any(len(file.parts) > 1 for file in model.files):
            return {file.name: self._joined(model, file) for file in model.files}
        return {file.name: _whole(model, file) for file in model.files}

    def _joined(self, model: Model, file: ModelFile) -> Path:
        joined = self._directory / model.name / file.name
        if joined.is_file() and _sha256(joined) == file.sha256:
            return joined
        self._join(model, file, joined)
        return joined

    def _join(self, model: Model, file: ModelFile, target: Path) -> None:
        sources = [_part_path(model, part) for part in file.parts]
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: two processes may join the same model at the same time.
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "wb") as out:
                for source in sources:
                    with source.open("rb") as part:
                        shutil.copyfileobj(part, out, _CHUNK_BYTES)
            if _sha256(Path(temporary)) != file.sha256:
                raise ModelCorrupt(f"{model.name}: the installed parts of {file.name} do not make the expected file")
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)


def require(module: str, install: str) -> Any:
    """Import an optional library. Raises ModelMissing that says what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as absent:
        raise ModelMissing(module, install) from absent


def _own_files(model: Model, override: Path) -> dict[str, Path]:
    single = len(model.files) == 1 and override.is_file()
    found = {file.name: override if single else override / file.name for file in model.files}
    for path in found.values():
        if not path.is_file():
            raise ModelMissing(f"{model.name}: {path}", f"put the file there, or unset it and use: {model.install}")
    return found


def _whole(model: Model, file: ModelFile) -> Path:
    (part,) = file.parts
    path = _part_path(model, part)
    if _sha256(path) != file.sha256:
        raise ModelCorrupt(f"{model.name}: {file.name} in package {part.package} is not the expected file")
    return path


def _part_path(model: Model, part: ModelPart) -> Path:
    # find_spec looks without running the package: some of them import a lot.
    spec = importlib.util.find_spec(part.package)
    if spec is not None:
        for folder in spec.submodule_search_locations or ():
            path = Path(folder) / part.path
            if path.is_file():
                return path
    raise ModelMissing(f"{model.name} (package {part.package.replace('_', '-')})", model.install)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
