"""Builds the panel, serves it beside a scripted server and microphone, and opens it in a real Chromium."""

import contextlib
import functools
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from server.web.assets import LANGUAGES, LATE_PACKS, PACKS, first_words

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",
]

# The eleven states, and the looks between them that a visitor meets too.
STATES = (
    "idle",
    "consent",
    "requesting",
    "connecting",
    "listening_first",
    "listening",
    "thinking",
    "speaking",
    "muted",
    "reconnecting",
    "text_denied",
    "handoff",
    "menu",
    "push_to_talk",
    "ended",
    "error",
    "error_setup",
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


def build(folder: Path) -> None:
    """Put the panel, its packs and the harness page into `folder`."""
    sources = {"panel": "panel.ts"} | {pack: f"packs/{pack}.ts" for pack in ("late", *LATE_PACKS)}
    sources |= dict.fromkeys(LANGUAGES, "packs/words.ts")
    keys, words = first_words()
    packs = json.dumps({pack: [f"/{pack}.js", ""] for pack in (*PACKS, *LATE_PACKS)})
    for name, source in sources.items():
        command = [
            str(ROOT / "node_modules/.bin/esbuild"),
            str(ROOT / "widget/src" / source),
            "--bundle",
            "--minify",
            "--format=iife",
            "--target=es2022",
            "--mangle-props=^_",
            "--log-level=error",
            f"--define:PACKS={packs}",
            f"--define:KEYS={json.dumps(keys)}",
            f"--define:WORDS={json.dumps(words.get(name))}",
            f"--outfile={folder / name}.js",
        ]
        subprocess.run(command, check=True)
    _bring_loader_parts(folder)
    for file in ("page.html", "page.css", "fakes.js", "harness.js"):
        (folder / file).write_bytes((HERE / file).read_bytes())
    (folder / "axe.js").write_bytes((ROOT / "node_modules/axe-core/axe.min.js").read_bytes())


def _bring_loader_parts(folder: Path) -> None:
    """What the loader hands to the panel, as globals of the page."""
    for name, source in {"reading": "options.ts", "launcherOptions": "options.launcher.gen.ts"}.items():
        command = [str(ROOT / "node_modules/.bin/esbuild"), str(ROOT / "widget/src/core" / source)]
        command += ["--bundle", "--format=iife", f"--global-name={name}", f"--outfile={folder / name}.js"]
        subprocess.run([*command, "--log-level=error"], check=True)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The origin under which `folder` is served, on a free loopback port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(5)
