"""Searching /docs: every section of the pages and of the reference by its words, the best ones first."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from server.web.docs.content import Pages
from server.web.docs.reference import Reference
from server.web.docs.schemas import Field

QUERY_MAX = 100  # characters; what is longer is cut
FOUND_MAX = 20
_WORDS_MAX = 8
_WORD = re.compile(r"\w+")
_SEEN_BEFORE, _SEEN = 8, 32  # words of a section's text that are shown: before the first hit, and altogether
_HEADING_WEIGHT, _TITLE_WEIGHT, _TEXT_MOST = 12, 5, 4
_EXACT = 2  # times what a mere beginning weighs
_HEADINGS = ("h2", "h3")


@dataclass(frozen=True)
class Section:
    """A heading of a page and what stands below it. `path` is the address; `code` is found, but never shown."""

    path: str
    page: str
    heading: str
    text: str
    code: str = ""


@dataclass(frozen=True)
class Found:
    """`excerpt`: pieces of the section's text in order, each with whether it was looked for."""

    section: Section
    excerpt: Sequence[tuple[str, bool]]


class SearchIndex:
    """Made once; looking something up touches the words that begin like those asked for, and no text."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self._sections = list(sections)
        places: dict[str, Counter[int]] = {}
        for place, section in enumerate(self._sections):
            for word, weight in _weights(section).items():
                places.setdefault(word, Counter())[place] = weight
        self._places = places
        self._words = sorted(places)

    def find(self, query: str) -> list[Found]:
        """At most FOUND_MAX sections: those with the most of the words asked for, the weightiest first."""
        asked = list(dict.fromkeys(_words(query[:QUERY_MAX])))[:_WORDS_MAX]
        hits, weights = Counter[int](), Counter[int]()
        for word in asked:
            heaviest = Counter[int]()
            for known in self._beginning_with(word):
                for place, weight in self._places[known].items():
                    heaviest[place] = max(heaviest[place], weight * (_EXACT if known == word else 1))
            hits.update(heaviest.keys())
            weights.update(heaviest)
        most = max(hits.values(), default=0)
        best = sorted((place for place in hits if hits[place] == most), key=lambda place: (-weights[place], place))
        return [self._found(self._sections[place], asked) for place in best[:FOUND_MAX]]

    def _beginning_with(self, word: str) -> Iterator[str]:
        for known in self._words[bisect_left(self._words, word) :]:
            if not known.startswith(word):
                return
            yield known

    def _found(self, section: Section, asked: Sequence[str]) -> Found:
        words = list(_WORD.finditer(section.text))
        hits = [any(part.startswith(tuple(asked)) for part in _words(word[0])) for word in words]
        first = hits.index(True) if True in hits else 0
        begin = max(0, first - _SEEN_BEFORE)
        shown = words[begin : begin + _SEEN]
        if not shown:
            return Found(section, [])
        pieces, at = [("… ", False)] if begin else [], shown[0].start() if begin else 0
        for word, is_hit in zip(shown, hits[begin:], strict=False):
            if is_hit:
                pieces += [(section.text[at : word.start()], False), (word[0], True)]
                at = word.end()
        is_whole = begin + _SEEN >= len(words)
        end = len(section.text) if is_whole else shown[-1].end()
        pieces.append((section.text[at:end] + ("" if is_whole else " …"), False))
        return Found(section, [piece for piece in pieces if piece[0]])


def sections_of(pages: Pages, reference: Reference, slug_of: Callable[[str], str]) -> Iterator[Section]:
    """Everything of one language. `slug_of`: a tag of the reference in addresses."""
    root = f"/docs/{pages.language}"
    for page in pages.all.values():
        reader = _Reader()
        reader.feed(page.text.html)
        path = f"{root}/{'' if page.slug == 'index' else page.slug}"
        for anchor, heading, text, code in reader.read():
            address = f"{path}#{anchor}" if anchor else path
            yield Section(address, page.text.title, heading or page.text.title, text, code)
    for tag in reference.tags:
        for each in reference.operations(tag):
            names = [*(one.name for one in each.parameters), *_names(each.body), *_names(each.answer)]
            code = " ".join([*names, *(refused.code for refused in each.refusals)])
            text = f"{each.method} {each.path}. {each.description}".replace("`", "")
            path = f"{root}/api/{slug_of(tag)}#{each.id}"
            yield Section(path, pages.words["reference"], each.summary, text, code)
    for event in reference.events():
        code = " ".join(_names(event.fields))
        yield Section(
            f"{root}/api/events#{event.type.replace('.', '-')}", pages.words["events"], event.type, event.summary, code
        )


@dataclass
class _Part:
    anchor: str = ""
    heading: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """A rendered page as sections: anchor, heading, text, code."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = [_Part()]
        self._is_heading = False
        self._is_code = False
        self._is_caption = False

    def read(self) -> Iterator[tuple[str, str, str, str]]:
        for part in self._parts:
            heading, text, code = ("".join(pieces).split() for pieces in (part.heading, part.text, part.code))
            if heading or text or code:
                yield part.anchor, " ".join(heading), " ".join(text), " ".join(code)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HEADINGS:
            self._parts.append(_Part(dict(attrs).get("id") or ""))
            self._is_heading = True
        elif tag == "pre":
            self._is_code = True
        elif tag == "div" and dict(attrs).get("class") == "caption":
            self._is_caption = True  # the name of an example's language
        elif tag not in ("code", "strong", "em", "a"):
            self._parts[-1].text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._is_heading = False
        elif tag == "pre":
            self._is_code = False
        elif tag == "div":
            self._is_caption = False

    def handle_data(self, data: str) -> None:
        if self._is_caption:
            return
        part = self._parts[-1]
        (part.heading if self._is_heading else part.code if self._is_code else part.text).append(data)


def _names(fields: Sequence[Field]) -> list[str]:
    return [name for each in fields for name in (each.name, *_names(each.fields))]


def _weights(section: Section) -> Counter[str]:
    weights = Counter[str]()
    for word, times in Counter([*_words(section.text), *_words(section.code)]).items():
        weights[word] = min(times, _TEXT_MOST)
    for text, weight in ((section.page, _TITLE_WEIGHT), (section.heading, _HEADING_WEIGHT)):
        for word in set(_words(text)):
            weights[word] += weight
    return weights


def _words(text: str) -> list[str]:
    """The words of `text` without case and accents; one_like_this also in its parts."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    found = _WORD.findall(plain.casefold())
    return [part for word in found for part in dict.fromkeys([word, *word.split("_")]) if part]
