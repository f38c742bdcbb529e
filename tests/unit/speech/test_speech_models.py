"""Model files: joined once, checked always, and a sentence that says what to install."""

import hashlib
from pathlib import Path

import pytest

from server.speech.models import Model, ModelCorrupt, ModelFile, ModelMissing, ModelPart, ModelStore, require

INSTALL = "pip install the-speech-part"
HALVES = (b"first half, " * 1000, b"second half" * 1000)
WHOLE = b"".join(HALVES)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Two installed packages with half a model each; gives their common prefix."""
    prefix = f"fake_model_{sha(request.node.name.encode())[:8]}"  # the import system remembers names
    site = tmp_path / "site"
    for number, half in enumerate(HALVES, 1):
        package = site / f"{prefix}_{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise RuntimeError('model packages are never run')")
        (package / "part.bin").write_bytes(half)
    monkeypatch.syspath_prepend(str(site))
    return prefix


def two_part_model(prefix: str, expected: str = sha(WHOLE)) -> Model:
    parts = tuple(ModelPart(f"{prefix}_{number}", "part.bin") for number in (1, 2))
    return Model("example", (ModelFile("model.bin", expected, parts),), INSTALL)


def one_part_model(prefix: str, expected: str = sha(HALVES[0])) -> Model:
    return Model("example", (ModelFile("model.bin", expected, (ModelPart(f"{prefix}_1", "part.bin"),)),), INSTALL)


def test_parts_are_joined_into_one_checked_file(packages: str, tmp_path: Path) -> None:
    path = ModelStore(tmp_path / "models").paths(two_part_model(packages))["model.bin"]
    assert path.read_bytes() == WHOLE
    assert [found.name for found in path.parent.iterdir()] == ["model.bin"]  # nothing half-made stays


def test_a_joined_file_is_used_again_without_its_packages(packages: str, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    first = store.paths(two_part_model(packages))["model.bin"]
    changed = first.stat().st_mtime_ns
    for part in (tmp_path / "site").rglob("part.bin"):
        part.unlink()
    assert store.paths(two_part_model(packages))["model.bin"].stat().st_mtime_ns == changed


def test_a_damaged_joined_file_is_made_anew(packages: str, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    store.paths(two_part_model(packages))["model.bin"].write_bytes(b"cut off")
    assert store.paths(two_part_model(packages))["model.bin"].read_bytes() == WHOLE


def test_parts_that_do_not_make_the_pinned_file_are_refused(packages: str, tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match=r"example: the installed parts of model\.bin"):
        ModelStore(tmp_path / "models").paths(two_part_model(packages, sha(b"something else")))
    assert not any(path.is_file() for path in (tmp_path / "models").rglob("*"))


def test_a_whole_file_is_used_where_it_is_and_checked(packages: str, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    path = store.paths(one_part_model(packages))["model.bin"]
    assert path == tmp_path / "site" / f"{packages}_1" / "part.bin"
    path.write_bytes(b"replaced")
    with pytest.raises(ModelCorrupt, match="is not the expected file"):
        store.paths(one_part_model(packages))


def test_an_absent_package_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no-such-model-1.*pip install the-speech-part") as caught:
        ModelStore(tmp_path).paths(two_part_model("no_such_model"))
    assert caught.value.install == INSTALL


def test_an_override_is_taken_as_it_is(packages: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    own = tmp_path / "own" / "model.bin"
    own.write_bytes(b"the operator's")
    for override in (own.parent, own):
        assert ModelStore(tmp_path / "models", {"example": override}).paths(two_part_model(packages)) == {
            "model.bin": own
        }


def test_an_override_that_is_not_there_is_named(packages: str, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="nowhere"):
        ModelStore(tmp_path, {"example": tmp_path / "nowhere"}).paths(two_part_model(packages))


def test_an_absent_library_says_what_to_install() -> None:
    with pytest.raises(ModelMissing, match="no_such_engine is not installed; install it with: pip install it"):
        require("no_such_engine", "pip install it")
