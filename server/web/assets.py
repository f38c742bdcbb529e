"""The widget's files: built by webassets driving esbuild, named by their content, served with the right headers.

`python -m server.web.assets build` writes static/dist; AssetManifest finds what was written.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from string import ascii_lowercase
from typing import Any, TextIO

from webassets.bundle import Bundle
from webassets.env import Environment
from webassets.filter import ExternalTool
from webassets.version import HashVersion
from zopfli import gzip as zopfli

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "static" / "dist"
WIDGET = ROOT / "widget"
LANGUAGES = ("en", "fr", "es", "ar", "ary")
LATE_PACKS = (*(f"{language}late" for language in LANGUAGES[1:]), "hints")  # English is in the late chunk itself
PACKS = (*LANGUAGES, "late")
PAGES = ("softphone", "handset", "player", "console", "host")  # scripts of whole pages, and of pages that embed ours
EVERGREEN = "/w/v1.js"
HOST_EVERGREEN = "/w/host-v1.js"
HOST_TYPES = "/w/host-v1.d.ts"
_SHARING = ("src/panel.ts", "src/packs/late.ts")  # what the panel hands to its late chunk goes by short names in both
_HASH_CHARACTERS = 8
_IMMUTABLE = "public, max-age=31536000, immutable"
_EVERGREEN_CACHE = "public, max-age=300, stale-while-revalidate=86400"
_PATH = re.compile(r"/w/\d+\.\d+\.\d+/[\w.-]+\.js", re.ASCII)
_COMPRESS = "ecma=2022,passes=4,inline=1,unsafe_arrows,pure_getters,keep_fargs=false,hoist_props,unsafe"
_CONST = re.compile(r"^(\s*(?:for (?:await )?\()?)const ", re.MULTILINE)  # as esbuild lays declarations out
_CUSTOM_PROPERTY = re.compile(r"(?<=[({;\"`])--[a-z][a-z-]+")
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
        """`loader`, `panel`: URL paths of the present ones; `integrity`: sha256 by URL path; `pages`: paths by name."""
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
    """Makes one script as small as it gets; names that begin with `_` are private to their chunk.

    `const` becomes `let` first, which changes nothing once types are checked: alike, more declarations join and repeat.
    With `names`, a file that remembers, the names of widget/shared_names.json are shortened too, in every chunk alike,
    and so are the custom properties of the styles.
    """

    name = "terser"

    def __init__(self, names: Path | None = None) -> None:
        super().__init__()
        self._names = names

    def output(self, _in: TextIO, out: TextIO, **_about: Any) -> None:
        command = [str(ROOT / "node_modules" / ".bin" / "terser"), "--compress", _COMPRESS, "--mangle"]
        script = _CONST.sub(r"\1let ", _in.read())
        if self._names:
            letters = _letters()
            script = _CUSTOM_PROPERTY.sub(lambda found: letters.get(found[0], found[0]), script)
            shared = "|".join(json.loads((WIDGET / "shared_names.json").read_text("utf-8")))
            command += ["--mangle-props", f"regex=/^(_.*|{shared})$/", "--name-cache", str(self._names)]
        else:
            command += ["--mangle-props", "regex=/^_/"]
        self.subprocess(command, out, StringIO(script))


def _letters() -> dict[str, str]:
    """A letter for each custom property of the panel's styles, of which those with one letter keep theirs."""
    css = "".join((WIDGET / "src" / folder / "style.ts").read_text("utf-8") for folder in ("ui", "late"))
    names = dict.fromkeys(_CUSTOM_PROPERTY.findall(css))
    free = (letter for letter in ascii_lowercase if f"--{letter}" not in css)
    return {name: f"--{next(free)}" for name in names}


class IntegrityVersion(HashVersion):
    """Names a file by how its integrity begins: they stand side by side in our scripts, and compress as one."""

    def determine_version(self, bundle: Bundle, env: Environment, hunk: Any = None) -> str:
        digest = bytes.fromhex(super().determine_version(bundle, env, hunk))
        return base64.urlsafe_b64encode(digest).decode()[:_HASH_CHARACTERS]


def build(dist: Path = DIST) -> bool:
    """Build everything that changed; False when nothing had. Raises what esbuild or node said."""
    stamp = _sources_hash()
    stamp_file = dist / "stamp"
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        return False
    dist.mkdir(parents=True, exist_ok=True)
    version = json.loads((ROOT / "package.json").read_text("utf-8"))["version"]
    folder = f"w/{version}"
    environment = _environment(dist)
    integrity: dict[str, str] = {}

    names = dist / "names.json"
    names.unlink(missing_ok=True)

    # The late chunk is built before the panel, which names it. Of the names they share, the panel gets the shortest.
    first = Bundle(_SHARING[0], filters=(Esbuild(), Terser(names)), output="nowhere.js")
    environment.register("names", first)
    first.build(output=StringIO(), force=True)

    def bundle(source: str, output: str, defines: dict[str, Any] | None = None) -> list[str]:
        """The chunk of one entry: its URL path and integrity."""
        terser = Terser(names if source in _SHARING else None)
        made = Bundle(source, filters=(Esbuild(defines), terser), output=f"{folder}/{output}")
        environment.register(output, made)
        made.build(force=True)  # webassets looks at the entry's date only, not at what it imports
        url: str = made.urls()[0]
        integrity[url] = _sri(dist / url.lstrip("/"))
        return [url, integrity[url]]

    # Each is built before what names it: late packs, late chunk, first words, the panel that loads them, the loader.
    late = {name: bundle(f"src/packs/{name}.ts", f"{name}.%(version)s.js") for name in LATE_PACKS}
    packs = {"late": bundle("src/packs/late.ts", "late.%(version)s.js", {"PACKS": late})}
    keys, words = first_words()
    for name in LANGUAGES:
        packs[name] = bundle("src/packs/words.ts", f"{name}.%(version)s.js", {"WORDS": words[name]})
    panel = bundle("src/panel.ts", "panel.%(version)s.js", {"PACKS": packs, "KEYS": keys})
    loader, _ = bundle("src/loader.ts", "loader.js", {"PANEL": panel})
    pages = {name: bundle(f"src/{name}.ts", f"{name}.%(version)s.js")[0] for name in PAGES}
    _compress([dist / url.lstrip("/") for url in integrity])
    shutil.copyfile(WIDGET / "host-v1.d.ts", dist / HOST_TYPES.lstrip("/"))
    manifest = {"version": version, "loader": loader, "panel": panel[0], "pages": pages, "integrity": integrity}
    (dist / "assets.json").write_text(json.dumps(manifest, indent=2), "utf-8")
    stamp_file.write_text(stamp)
    return True


def first_words() -> tuple[list[str], dict[str, list[str]]]:
    """The keys of the panel's first words, and each language's words in their order."""
    command = ["node", str(WIDGET / "scripts" / "words.mjs")]
    printed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return printed.pop("keys"), printed


def _environment(dist: Path) -> Environment:
    return Environment(
        directory=str(dist),
        url="/",
        manifest=f"json:{dist / 'webassets.json'}",
        versions=IntegrityVersion(length=None, hash=hashlib.sha256),
        url_expire=False,
        auto_build=False,
        cache=False,
        load_path=[str(WIDGET)],
    )


def _accepted(header: str) -> set[str]:
    accepted = set()
    for part in header.split(","):
        name, _, parameters = part.strip().partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(name.strip().lower())
    return accepted


def _compress(scripts: list[Path]) -> None:
    """Write a .br and a .gz beside each, as small as they get: they are made once and fetched on every first visit."""
    subprocess.run(["node", str(WIDGET / "scripts" / "compress.mjs"), *map(str, scripts)], check=True)  # noqa: S603, S607
    for script in scripts:
        script.with_name(f"{script.name}.gz").write_bytes(zopfli.compress(script.read_bytes()))


def _sri(file: Path) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()


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
