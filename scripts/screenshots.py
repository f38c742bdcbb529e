"""Takes the README's pictures from a running `make run`: `screenshots.py http://localhost:8080`.

The shops and the CRM are expected on the three ports after the server's. Pictures go to docs/images.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

_IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = ("--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
_WIDGET = "parloir-widget"
_OPENED_MS = 15_000
_SETTLED_MS = 900  # longer than any motion on the page: a picture has no other sign that it is at rest


@dataclass(frozen=True)
class Picture:
    """One picture: which page, how large, in which colours, and whether the widget is opened first."""

    name: str
    port_offset: int
    path: str
    size: tuple[int, int]
    scheme: str = "light"
    question: str | None = None
    contact: str | None = None  # of the demo CRM: called, and pictured when there is something to read


_PICTURES = (
    Picture("shop-light", 1, "/?lang=en", (1280, 800), question="How long does delivery take?"),
    Picture("phone", 1, "/product/maree?lang=fr", (360, 760), question="Quels sont vos délais de livraison ?"),
    Picture("dark-ar", 1, "/?lang=ar", (1280, 800), "dark", question="كم يستغرق التوصيل؟"),
    Picture("refused", 2, "/?lang=en", (1280, 800)),
    Picture("crm", 3, "/", (1200, 840), contact="Amel Haddad"),
    Picture("start", 0, "/", (1280, 860)),
)


def _open(page: Page) -> None:
    page.locator(f"{_WIDGET} button.launcher").click(timeout=_OPENED_MS)
    page.locator(f"{_WIDGET} [role=dialog]").wait_for(timeout=_OPENED_MS)
    page.wait_for_timeout(_SETTLED_MS)


def _call(page: Page, contact: str) -> None:
    """Call a contact of the CRM and wait until the other side has said two things."""
    page.get_by_role("button", name=f"Call {contact}").click(timeout=_OPENED_MS)
    page.frame_locator("iframe").get_by_text("how a call sounds").wait_for(timeout=_OPENED_MS * 3)


def _ask(page: Page, question: str) -> None:
    """Open the panel, write a question, agree to write, and wait for the answer."""
    _open(page)
    box = page.locator(f"{_WIDGET} textarea")
    box.fill(question, timeout=_OPENED_MS)
    box.press("Enter")
    page.wait_for_timeout(_SETTLED_MS)
    # The second of three ways on the consent screen: agree and write.
    page.locator(f"{_WIDGET} [role=dialog] button:visible").nth(2).click(timeout=_OPENED_MS)
    page.locator(f"{_WIDGET} [role=log]").get_by_text(question).first.wait_for(timeout=_OPENED_MS)
    page.wait_for_timeout(_SETTLED_MS * 3)


def main() -> int:
    server = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080")
    port = server.port or {"http": 80, "https": 443}[server.scheme]
    _IMAGES.mkdir(parents=True, exist_ok=True)
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        for picture in _PICTURES:
            width, height = picture.size
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if picture.scheme == "dark" else "light",
                device_scale_factor=2 if width < 500 else 1,
                reduced_motion="reduce",
            )
            page.goto(f"{server.scheme}://{server.hostname}:{port + picture.port_offset}{picture.path}")
            try:
                if picture.question:
                    _ask(page, picture.question)
                elif picture.contact:
                    _call(page, picture.contact)
                elif picture.port_offset:
                    _open(page)
            except Exception as problem:  # noqa: BLE001  (the next picture may still succeed; the exit code tells)
                print(f"{picture.name}: the widget could not be asked: {str(problem).splitlines()[0]}")
                failed += 1
            page.wait_for_timeout(_SETTLED_MS)
            page.screenshot(path=str(_IMAGES / f"{picture.name}.png"))
            print(f"docs/images/{picture.name}.png")
            page.close()
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
