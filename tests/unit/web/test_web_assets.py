"""The widget's files: the bytes are those that were promised, small enough, and served as browsers and caches need."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from quart import Quart

from server.web.assets import (
    EVERGREEN,
    HOST_EVERGREEN,
    HOST_TYPES,
    LANGUAGES,
    LATE_PACKS,
    PACKS,
    PAGES,
    AssetManifest,
    build,
    first_words,
)
from server.web.pages import StartPage, pages

pytestmark = pytest.mark.slow  # everything is built first

LOADER_BUDGET = 3_000
FIRST_CALL_BUDGET = 16_000
PLAYER_BUDGET = 8_000  # with every language inside
HOST_BUDGET = 3_000


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    assert build(folder) is True
    return folder


@pytest.fixture
def manifest(dist: Path) -> AssetManifest:
    return AssetManifest.load(dist)


def path_of(manifest: AssetManifest, name: str) -> str:
    return next(path for path in manifest.integrity if path.rsplit("/", 1)[1].startswith(f"{name}."))


def sri(data: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def body_of(manifest: AssetManifest, path: str, accepted: str = "") -> bytes:
    file = manifest.file_for(path, accepted)
    assert file is not None, path
    return file.path.read_bytes()


def test_a_fresh_build_is_left_alone(dist: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in dist.rglob("*") if file.is_file()}
    assert build(dist) is False
    assert {file: file.stat().st_mtime_ns for file in dist.rglob("*") if file.is_file()} == before


def test_a_stale_build_is_made_anew_to_the_same_bytes(dist: Path, manifest: AssetManifest) -> None:
    (dist / "stamp").write_text("of other sources")
    (dist / manifest.loader.lstrip("/")).write_text("old")
    assert build(dist) is True
    assert AssetManifest.load(dist).integrity == manifest.integrity
    assert body_of(manifest, manifest.loader) != b"old"


def test_every_integrity_is_that_of_the_bytes(manifest: AssetManifest) -> None:
    assert len(manifest.integrity) >= 6
    for path, integrity in manifest.integrity.items():
        assert sri(body_of(manifest, path)) == integrity


def test_every_script_names_the_next_with_its_integrity(manifest: AssetManifest) -> None:
    """Loader -> panel -> first words and late chunk -> late words: nothing runs whose bytes were not named before.

    Our own pages name theirs.
    """
    loader = body_of(manifest, manifest.loader).decode()
    panel = body_of(manifest, manifest.panel).decode()
    assert manifest.panel in loader
    assert manifest.integrity[manifest.panel] in loader
    late = body_of(manifest, path_of(manifest, "late")).decode()
    packs = set(manifest.integrity) - {manifest.panel, manifest.loader} - {manifest.page(name)[0] for name in PAGES}
    assert len(packs) == len(PACKS) + len(LATE_PACKS)
    for pack in packs:
        namer = late if pack.rsplit("/", 1)[1].split(".")[0] in LATE_PACKS else panel
        assert pack in namer
        assert manifest.integrity[pack] in namer


def test_names_follow_the_content(manifest: AssetManifest) -> None:
    for path in set(manifest.integrity) - {manifest.loader}:
        version = manifest.integrity[path].removeprefix("sha256-")[:8].replace("+", "-").replace("/", "_")
        assert re.fullmatch(rf"/w/\d+\.\d+\.\d+/[a-z]+\.{version}\.js", path)


def test_smaller_forms_hold_the_same_bytes(manifest: AssetManifest) -> None:
    for path in manifest.integrity:
        plain = body_of(manifest, path)
        assert gzip.decompress(body_of(manifest, path, "gzip")) == plain
        assert len(body_of(manifest, path, "br")) < len(body_of(manifest, path, "gzip")) < len(plain)


def test_every_script_keeps_its_names_to_itself(manifest: AssetManifest) -> None:
    for path in manifest.integrity:
        body = body_of(manifest, path).decode().strip()
        assert body.startswith(("(()=>{", "document.currentScript?.dispatchEvent(")), (path, body[:40])


def test_the_loader_is_within_its_budget(manifest: AssetManifest) -> None:
    assert len(body_of(manifest, EVERGREEN, "gzip")) <= LOADER_BUDGET


def test_the_host_pages_script_is_within_its_budget(manifest: AssetManifest) -> None:
    assert len(body_of(manifest, HOST_EVERGREEN, "gzip")) <= HOST_BUDGET


def test_the_host_pages_script_has_its_types_beside_it(manifest: AssetManifest) -> None:
    types = manifest.file_for(HOST_TYPES, "br, gzip")
    assert types is not None
    assert "declare namespace Parloir" in types.path.read_text("utf-8")
    assert types.content_type == "text/plain; charset=utf-8"
    assert types.headers["Cache-Control"].startswith("public, max-age=300")


def test_the_player_is_within_its_budget(manifest: AssetManifest) -> None:
    assert len(body_of(manifest, manifest.page("player")[0], "gzip")) <= PLAYER_BUDGET


def test_every_language_says_everything() -> None:
    keys, words = first_words()
    assert set(words) == set(LANGUAGES)
    for language in LANGUAGES:
        assert len(words[language]) == len(keys)
        assert all(words[language])


def first_call(manifest: AssetManifest, language: str, form: str = "gzip") -> dict[str, int]:
    """Bytes, compressed, of all that a first normal voice call fetches until it is connected, by path.

    Once it is, the late chunk comes: captions, mute and end work without it, the meter and the way back after a loss
    do not.
    """
    paths = [manifest.loader, manifest.panel, path_of(manifest, language)]
    return {path: len(body_of(manifest, path, form)) for path in paths}


@pytest.mark.parametrize("form", ["gzip", "br"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_call_is_within_its_budget(manifest: AssetManifest, language: str, form: str) -> None:
    """Every browser that has WebRTC takes br from a secure origin: there it is 1.3 kB less."""
    sizes = first_call(manifest, language, form)
    assert sum(sizes.values()) <= FIRST_CALL_BUDGET, sizes


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0,gzip;q=0", None),
    ],
)
def test_the_smallest_form_that_is_accepted(manifest: AssetManifest, accepted: str, encoding: str | None) -> None:
    file = manifest.file_for(EVERGREEN, accepted)
    assert file is not None
    assert file.headers.get("Content-Encoding") == encoding
    assert file.headers["Vary"] == "Accept-Encoding"
    assert file.content_type == "text/javascript; charset=utf-8"


def test_other_origins_may_load_measure_and_check_them(manifest: AssetManifest) -> None:
    for path in (EVERGREEN, HOST_EVERGREEN, *manifest.integrity):
        file = manifest.file_for(path, "br")
        assert file is not None
        assert file.headers["Access-Control-Allow-Origin"] == "*"
        assert file.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert file.headers["Timing-Allow-Origin"] == "*"
        assert file.headers["X-Content-Type-Options"] == "nosniff"


def pinned_of(manifest: AssetManifest, evergreen: str) -> str:
    return manifest.loader if evergreen == EVERGREEN else manifest.page("host")[0]


@pytest.mark.parametrize("path", [EVERGREEN, HOST_EVERGREEN])
def test_only_the_evergreen_paths_may_change(manifest: AssetManifest, path: str) -> None:
    evergreen, pinned = manifest.file_for(path, ""), manifest.file_for(pinned_of(manifest, path), "")
    assert evergreen is not None
    assert pinned is not None
    assert evergreen.path == pinned.path
    assert evergreen.headers["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert pinned.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_files_of_an_older_version_stay(dist: Path, manifest: AssetManifest) -> None:
    older = dist / "w" / "0.0.9"
    older.mkdir(exist_ok=True)
    (older / "panel.0123456789abcdef.js").write_text("older")
    assert body_of(manifest, "/w/0.0.9/panel.0123456789abcdef.js") == b"older"


@pytest.mark.parametrize(
    "path",
    [
        "/w/",
        "/w/9.9.9/loader.js",
        "/w/0.1.0/",
        "/w/0.1.0/../../assets.json",
        "/w/../assets.json",
        "/w/0.1.0/..%2f..%2fassets.json",
        "/w/0.1.0/loader.js.gz",
        "/assets.json",
        "/w/0.1.0/loader.js\x00",
        "/w/v2.js",
        "",
    ],
)
def test_nothing_else_is_served(manifest: AssetManifest, path: str) -> None:
    assert manifest.file_for(path, "") is None


def test_the_manifest_names_the_version_of_the_widget(dist: Path) -> None:
    version = json.loads((Path(__file__).parents[3] / "package.json").read_text("utf-8"))["version"]
    built = json.loads((dist / "assets.json").read_text("utf-8"))
    assert built["version"] == version
    assert built["loader"] == f"/w/{version}/loader.js"


def test_without_a_build_there_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        AssetManifest.load(tmp_path)


async def test_a_loader_that_is_still_the_newest_is_not_sent_again(manifest: AssetManifest) -> None:
    app = Quart("assets")
    app.register_blueprint(pages(manifest, StartPage("http://localhost")))
    first = await app.test_client().get(EVERGREEN)
    again = await app.test_client().get(EVERGREEN, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert await again.get_data() == b""
    assert again.headers["Access-Control-Allow-Origin"] == "*"
