"""The widget's files: built by webassets driving esbuild, named by their content, served with the right headers.

`python -m server.web.assets build` writes static/dist; AssetManifest finds what was written.
"""

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from webassets.bundle import Bundle
from webassets.env import Environment
from webassets.filter import ExternalTool
from webassets.version import HashVersion

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "static" / "dist"
WIDGET = ROOT / "widget"
_LANGUAGES = ("en", "fr", "es", "ar", "ary")
LATE_PACKS = (*(f"{language}late" for language in _LANGUAGES[1:]), "hints")  # English is in the late chunk itself
PACKS = (*_LANGUAGES, "late")
PAGES = ("softphone", "handset", "player", "console", "host")  # scripts of whole pages, and of pages that embed ours
EVERGREEN = "/w/v1.js"
HOST_EVERGREEN = "/w/host-v1.js"
HOST_TYPES = "/w/host-v1.d.ts"
_HASH_CHARACTERS = 16
_IMMUTABLE = "public, max-age=31536000, immutable"
_EVERGREEN_CACHE = "public, max-age=300, stale-while-revalidate=86400"
_PATH = re.compile(r"/w/\d+\.\d+\.\d+/[a-z0-9.-]+\.js")
_COMPRESS = "ecma=2022,passes=3,unsafe_arrows,pure_getters,keep_fargs=false,hoist_props,unsafe"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}
_EVERGREEN_HEADERS = _HEADERS | {"Cache-Control": _EVERGREEN_CACHE}


@dataclass(frozen=True)
class AssetFile:
    """One file as it goes over the wire."""

    path: Path
    content_type: str
    headers: dict[str, str]


class AssetManifest:
    """What a build wrote. Older versions stay as long as their files do."""

    def __init__(
        self, dist: Path, loader: str, panel: str, integrity: dict[str, str], pages: dict[str, str] | None = None
    ) -> None:
        """`loader`, `panel`: URL paths of the present ones; `integrity`: sha384 by URL path; `pages`: paths by name."""
        self._dist = dist
        self.loader = loader
        self.panel = panel
        self.integrity = integrity
        self._pages = pages or {}

    @classmethod
    def load(cls, dist: Path = DIST) -> "AssetManifest":
        """Raises FileNotFoundError when nothing was built."""
        built = json.loads((dist / "assets.json").read_text("utf-8"))
        return cls(dist, built["loader"], built["panel"], built["integrity"], built["pages"])

    def page(self, name: str) -> tuple[str, str]:
        """URL path and integrity of a page's script. Raises KeyError when none of that name was built."""
        path = self._pages[name]
        return path, self.integrity[path]

    def source(self, name: str) -> str:
        """A page's script itself, to stand in its page."""
        return (self._dist / self._pages[name].lstrip("/")).read_text("utf-8")

    def file_for(self, url_path: str, accept_encoding: str) -> AssetFile | None:
        """What to answer for `url_path`, the smallest form the browser takes; None when there is no such file."""
        if url_path == HOST_TYPES:
            return AssetFile(self._dist / HOST_TYPES.lstrip("/"), "text/plain; charset=utf-8", _EVERGREEN_HEADERS)
        newest = {EVERGREEN: self.loader, HOST_EVERGREEN: self._pages.get("host", "")}
        is_evergreen = url_path in newest
        path = newest.get(url_path, url_path)
        file = self._dist / path.lstrip("/")
        if not _PATH.fullmatch(path) or not file.is_file():
            return None
        headers = _EVERGREEN_HEADERS if is_evergreen else _HEADERS | {"Cache-Control": _IMMUTABLE}
        accepted = _accepted(accept_encoding)
        for encoding, suffix in _ENCODINGS:
            smaller = file.with_name(file.name + suffix)
            if encoding in accepted and smaller.is_file():
                return AssetFile(smaller, "text/javascript; charset=utf-8", headers | {"Content-Encoding": encoding})
        return AssetFile(file, "text/javascript; charset=utf-8", headers)


class Esbuild(ExternalTool):
    """Bundles one TypeScript entry and all it imports into one script."""

    name = "esbuild"

    def __init__(self, defines: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._defines = defines or {}

    def id(self) -> str:
        return f"esbuild-{json.dumps(self._defines, sort_keys=True)}"

    def input(self, _in: TextIO, out: TextIO, **about: Any) -> None:
        command = [
            str(ROOT / "node_modules" / ".bin" / "esbuild"),
            about["source_path"],
            "--bundle",
            "--format=iife",
            "--target=es2022",
            "--charset=utf8",
            "--legal-comments=none",
            '--tsconfig-raw={{"compilerOptions":{{"alwaysStrict":false,"useDefineForClassFields":false}}}}',
            "--log-level=error",
        ]
        # webassets formats every argument: braces count double.
        for name, value in self._defines.items():
            command.append(f"--define:{name}={json.dumps(value)}".replace("{", "{{").replace("}", "}}"))
        self.subprocess(command, out)


class Terser(ExternalTool):
    """Makes one script as small as it gets; names that begin with `_` are private to their chunk."""

    name = "terser"

    def output(self, _in: TextIO, out: TextIO, **_about: Any) -> None:
        command = [str(ROOT / "node_modules" / ".bin" / "terser"), "--compress", _COMPRESS, "--mangle"]
        self.subprocess([*command, "--mangle-props", "regex=/^_/"], out, _in)


def build(dist: Path = DIST) -> bool:
    """Build everything that changed; False when nothing had. Raises what esbuild or node said."""
    stamp = _sources_hash()
    stamp_file = dist / "stamp"
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        return False
    dist.mkdir(parents=True, exist_ok=True)
    version = json.loads((ROOT / "package.json").read_text("utf-8"))["version"]
    folder = f"w/{version}"
    environment = Environment(
        directory=str(dist),
        url="/",
        manifest=f"json:{dist / 'webassets.json'}",
        versions=HashVersion(length=_HASH_CHARACTERS, hash=hashlib.sha256),
        url_expire=False,
        auto_build=False,
        cache=False,
        load_path=[str(WIDGET)],
    )
    integrity: dict[str, str] = {}

    def bundle(source: str, output: str, defines: dict[str, Any] | None = None) -> list[str]:
        """The chunk of one entry: its URL path and integrity."""
        made = Bundle(source, filters=(Esbuild(defines), Terser()), output=f"{folder}/{output}")
        environment.register(source, made)
        made.build(force=True)  # webassets looks at the entry's date only, not at what it imports
        url: str = made.urls()[0]
        integrity[url] = _sri(dist / url.lstrip("/"))
        return [url, integrity[url]]

    # Each is built before what names it: late packs, late chunk, first packs, the panel that loads them, the loader.
    late = {"PACKS": {name: bundle(f"src/packs/{name}.ts", f"{name}.%(version)s.js") for name in LATE_PACKS}}
    packs = {
        name: bundle(f"src/packs/{name}.ts", f"{name}.%(version)s.js", late if name == "late" else None)
        for name in PACKS
    }
    panel = bundle("src/panel.ts", "panel.%(version)s.js", {"PACKS": packs})
    loader, _ = bundle("src/loader.ts", "loader.js", {"PANEL": panel})
    pages = {name: bundle(f"src/{name}.ts", f"{name}.%(version)s.js")[0] for name in PAGES}
    subprocess.run(["node", str(WIDGET / "scripts" / "compress.mjs"), str(dist / folder)], check=True)  # noqa: S603, S607
    for script in (dist / folder).glob("*.js"):  # node's own gzip, made for speed, leaves more bytes
        script.with_name(f"{script.name}.gz").write_bytes(gzip.compress(script.read_bytes(), 9, mtime=0))
    shutil.copyfile(WIDGET / "host-v1.d.ts", dist / HOST_TYPES.lstrip("/"))
    manifest = {"version": version, "loader": loader, "panel": panel[0], "pages": pages, "integrity": integrity}
    (dist / "assets.json").write_text(json.dumps(manifest, indent=2), "utf-8")
    stamp_file.write_text(stamp)
    return True


def _accepted(header: str) -> set[str]:
    accepted = set()
    for part in header.split(","):
        name, _, parameters = part.strip().partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(name.strip().lower())
    return accepted


def _sri(file: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def _sources_hash() -> str:
    digest = hashlib.sha256()
    sources = [*WIDGET.glob("src/**/*"), *WIDGET.glob("*.json"), *WIDGET.glob("*.d.ts"), *WIDGET.glob("scripts/*")]
    for file in sorted([*sources, ROOT / "package.json", ROOT / "package-lock.json", Path(__file__)]):
        if file.is_file():
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    if sys.argv[1:] != ["build"]:
        sys.exit("usage: python -m server.web.assets build")
    build()
