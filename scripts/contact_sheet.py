"""Photographs the panel: every state x {light, dark} x {en, ar} x {360, 1280}, on sheets in test-results/panel/.

`python scripts/contact_sheet.py [--only STATE ...] [--language fr] [--width 320] [--forced-colors]`
"""

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.panel_states.panel_harness import ARGUMENTS, CHROMIUM, STATES, build, served  # noqa: E402

OUT = ROOT / "test-results" / "panel"
HEIGHTS = {320: 568, 360: 740, 1280: 720}
# A wide page is photographed where the panel is.
CLIP_WIDTH = 420


def photograph(browser: Browser, origin: str, state: str, look: dict[str, object]) -> Path:
    """One picture; the page's own errors fail the run."""
    width = int(str(look["width"]))
    page = browser.new_page(
        viewport={"width": width, "height": HEIGHTS.get(width, 720)},
        color_scheme=look["scheme"],
        reduced_motion=look.get("motion", "no-preference"),
        forced_colors=look.get("colors", "none"),
        device_scale_factor=1,
    )
    faults: list[str] = []
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto(f"{origin}/page.html")
    page.evaluate(
        "([state, given]) => void harness.bring(state, given).then(() => (harness.there = true))",
        [state, {"language": look["language"]}],
    )
    page.wait_for_function("harness.there")
    path = OUT / f"{state}-{look['scheme']}-{look['language']}-{width}.png"
    clip = {"x": max(0, width - CLIP_WIDTH), "y": 0, "width": min(width, CLIP_WIDTH), "height": HEIGHTS.get(width, 720)}
    page.screenshot(path=str(path), clip=clip)
    page.close()
    if faults:
        raise SystemExit(f"{state}: {faults}")
    return path


def sheet(browser: Browser, pictures: list[Path], name: str, columns: int) -> Path:
    """`pictures` side by side under their names."""
    cells = "".join(f"<figure><p>{picture.stem}</p><img src='{picture.as_uri()}'></figure>" for picture in pictures)
    grid = f"body{{margin:8px;display:grid;gap:8px;grid-template-columns:repeat({columns},max-content)}}"
    style = f"{grid}p{{margin:0;font:12px sans-serif}}"
    page = browser.new_page(viewport={"width": columns * 430 + 20, "height": 600})
    with tempfile.NamedTemporaryFile("w", suffix=".html") as file:
        file.write(f"<style>{style}figure{{margin:0}}img{{display:block}}</style>{cells}")
        file.flush()
        page.goto(Path(file.name).as_uri())
        path = OUT / f"sheet-{name}.png"
        page.screenshot(path=str(path), full_page=True)
    page.close()
    return path


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="*", default=list(STATES))
    asked.add_argument("--language", nargs="*", default=["en", "ar"])
    asked.add_argument("--scheme", nargs="*", default=["light", "dark"])
    asked.add_argument("--width", nargs="*", type=int, default=[360, 1280])
    asked.add_argument(
        "--forced-colors", action="store_true", help="in the system's own colours, as high contrast has it"
    )
    asked.add_argument("--columns", type=int, default=6)
    wanted = asked.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        build(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with served(Path(folder)) as origin:
            for language in wanted.language:
                for scheme in wanted.scheme:
                    for width in wanted.width:
                        look: dict[str, object] = {"language": language, "scheme": scheme, "width": width}
                        if wanted.forced_colors:
                            look["colors"] = "active"
                        pictures = [photograph(browser, origin, state, look) for state in wanted.only]
                        print(sheet(browser, pictures, f"{scheme}-{language}-{width}", wanted.columns))
        browser.close()


if __name__ == "__main__":
    main()
