"""The API's own description, as programs read it (`/openapi.json`) and as people do (`/docs`, English and French)."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from markupsafe import Markup
from quart import Blueprint, Quart, Response, abort, current_app, redirect, render_template, request

from server import __version__
from server.web.docs.content import LANGUAGES, Pages, preferred
from server.web.docs.markdown import inline
from server.web.docs.reference import Reference
from server.web.docs.search import QUERY_MAX, SearchIndex, sections_of
from server.web.openapi.document import document_of
from server.web.openapi.refusals import meanings
from server.web.pages import ROOT

SITE = ROOT / "docs" / "site"
ERROR_CODES = ROOT / "docs" / "reference" / "errors.md"
_STATIC = ROOT / "static" / "docs"
_FILES = {"docs.css": "text/css; charset=utf-8", "docs.js": "text/javascript; charset=utf-8"}
_PUBLIC = {
    "Access-Control-Allow-Origin": "*",  # it says nothing that is secret, and tools on other pages read it
    "Cache-Control": "public, max-age=300",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}
EVENTS = "events"  # the page of the reference that no tag has


@dataclass
class _Site:
    """What is shown, made once: the app has all its routes when the first reader comes."""

    document: Mapping[str, Any]
    meanings: Mapping[str, str]
    origin: str
    is_made: bool = False

    @cached_property
    def raw(self) -> bytes:
        return json.dumps(self.document, ensure_ascii=False).encode()

    @cached_property
    def pages(self) -> Mapping[str, Pages]:
        codes = Reference(self.document, str, self.meanings).codes()
        return {language: Pages(SITE, language, self.origin, codes) for language in LANGUAGES}

    @cached_property
    def references(self) -> Mapping[str, Reference]:
        return {language: Reference(self.document, pages.say, self.meanings) for language, pages in self.pages.items()}

    @cached_property
    def indexes(self) -> Mapping[str, SearchIndex]:
        return {
            language: SearchIndex(sections_of(pages, self.references[language], _slug_of))
            for language, pages in self.pages.items()
        }

    def make(self) -> None:
        """Everything that readers may ask for: about a second of work, not for the event loop."""
        for reference in self.references.values():
            for tag in reference.tags:
                reference.operations(tag)
        self.is_made = len(self.indexes) > 0

    @cached_property
    def version(self) -> str:
        """Of the files beside the pages."""
        return hashlib.sha256(b"".join((_STATIC / name).read_bytes() for name in _FILES)).hexdigest()[:16]


def documentation(origin: str) -> Blueprint:
    """`origin`: the server's own."""
    routes = Blueprint("documentation", __name__)
    made: list[_Site] = []

    def site() -> _Site:
        if not made:
            app = cast("Quart", current_app._get_current_object())  # type: ignore[attr-defined]
            known = meanings(ERROR_CODES)
            made.append(_Site(document_of(app, origin, __version__, known), known, origin))
        return made[0]

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return await _cached(Response(site().raw, content_type="application/json"), _PUBLIC)

    making = asyncio.Lock()

    async def whole() -> _Site:
        async with making:
            if not site().is_made:
                await asyncio.to_thread(site().make)
        return site()

    _add_pages(routes, site, whole)
    return routes


def _add_pages(routes: Blueprint, site: Callable[[], _Site], whole: Callable[[], Awaitable[_Site]]) -> None:
    @routes.get("/docs")
    async def docs() -> Response:
        """In the language the browser asks for; the link on every page chooses the other."""
        language = preferred(request.headers.get("Accept-Language", ""))
        response = cast("Response", redirect(f"/docs/{language}/"))
        response.headers["Vary"] = "Accept-Language"
        return response

    @routes.get("/docs/assets/<version>/<name>")
    async def file(version: str, name: str) -> Response:
        if version != site().version or name not in _FILES:
            abort(404)
        cached = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return await _cached(Response((_STATIC / name).read_bytes(), content_type=_FILES[name]), cached)

    @routes.get("/docs/<any(en, fr):language>/", defaults={"slug": "index"})
    @routes.get("/docs/<any(en, fr):language>/<slug>")
    async def page(language: str, slug: str) -> Response:
        made = await whole()
        pages = made.pages[language]
        if slug not in pages.all:
            abort(404)
        before, after = pages.neighbours(slug)
        shown = {"page": pages.all[slug], "before": before, "after": after}
        return await _page(made, language, "docs/page.html", "" if slug == "index" else slug, shown)

    @routes.get("/docs/<any(en, fr):language>/search")
    async def search(language: str) -> Response:
        query = request.args.get("q", "")[:QUERY_MAX].strip()
        made = await whole()
        shown = {"query": query, "found": made.indexes[language].find(query)}
        return await _page(made, language, "docs/search.html", "search", shown)

    @routes.get("/docs/<any(en, fr):language>/api/<tag>")
    async def reference(language: str, tag: str) -> Response:
        made = await whole()
        about = made.references[language]
        names = {_slug_of(each): each for each in about.tags}
        if tag not in names and tag != EVENTS:
            abort(404)
        shown: dict[str, Any] = {"title": made.pages[language].say(names.get(tag, "Events"))}
        shown |= {"events": about.events()} if tag == EVENTS else {"operations": about.operations(names[tag])}
        return await _page(made, language, "docs/reference.html", f"api/{tag}", shown)


def _slug_of(tag: str) -> str:
    """A tag in an address."""
    return tag.lower().replace(" ", "-")


async def _page(site: _Site, language: str, template: str, path: str, shown: Mapping[str, Any]) -> Response:
    pages = site.pages[language]
    reference = site.references[language]
    menu = [(_slug_of(tag), pages.say(tag), reference.operations(tag)) for tag in reference.tags]
    html = await render_template(
        template,
        words=pages.words,
        language=language,
        languages={"en": "English", "fr": "Français"},
        pages=pages.all.values(),
        path=path,
        menu=menu,
        assets=f"/docs/assets/{site.version}",
        inline=lambda text: Markup(inline(text)),  # noqa: S704  # raw HTML of the source comes out as text
        version=__version__,
        **shown,
    )
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = language
    return await _cached(response, _PAGE)


async def _cached(response: Response, headers: Mapping[str, str]) -> Response:
    response.headers.update(headers)
    await response.add_etag()
    await response.make_conditional(request)
    return response
