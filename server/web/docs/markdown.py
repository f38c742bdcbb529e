"""Markdown as /docs shows it: headings with anchors, code in colour with a copy button, tabs of languages."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

_NAMES = {"sh": "curl", "js": "Node", "python": "Python", "ruby": "Ruby", "html": "HTML", "json": "JSON", "text": ""}
_LEXERS = {"sh": "bash", "js": "javascript"}
_FORMATTER = HtmlFormatter(nowrap=True)
_NO_SLUG = re.compile(r"[^\w]+")


@dataclass(frozen=True)
class Heading:
    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """`html` is safe: raw HTML of the source is shown as text. `lead`: the first paragraph, as text."""

    title: str
    lead: str
    html: str
    headings: Sequence[Heading]
    plain: str


def render(source: str) -> Rendered:
    """A page's Markdown. Its first heading is its title and is not part of `html`."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(source)
    title, tokens = _title(tokens)
    headings = _anchor(tokens)
    _link_to_pages(tokens)
    parts, index = list[str](), 0
    while index < len(tokens):
        if tokens[index].type == "fence":
            fences = _run_of_fences(tokens, index)
            parts.append(_code(fences))
            index += len(fences)
            continue
        end = next((i for i in range(index, len(tokens)) if tokens[i].type == "fence"), len(tokens))
        parts.append(_prose(parser, tokens[index:end]))
        index = end
    inline = [token.content for token in tokens if token.type == "inline"]
    lead = re.sub(r"[`*]|\]\([^)]*\)|\[", "", next(iter(inline), ""))
    return Rendered(title, lead, "".join(parts), headings, " ".join(inline))


def code_block(language: str, source: str, name: str | None = None) -> str:
    """One block: its language, a copy button, the code in colour."""
    shown = html.escape(_NAMES.get(language, language) if name is None else name)
    return (
        f'<div class="code" data-name="{shown}"><div class="caption">{shown}</div>'
        f'<pre tabindex="0"><code>{coloured(language, source)}</code></pre></div>'
    )


def coloured(language: str, source: str) -> str:
    """`source` as HTML spans that the stylesheet colours."""
    if language == "text":
        return html.escape(source.rstrip("\n"))
    made: str = highlight(source, get_lexer_by_name(_LEXERS.get(language, language)), _FORMATTER)
    return made.rstrip("\n")


def inline(text: str) -> str:
    """A sentence of the API's description: code spans and nothing more."""
    rendered: str = MarkdownIt("commonmark", {"html": False}).renderInline(text)
    return rendered


def _title(tokens: list[Token]) -> tuple[str, list[Token]]:
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            return tokens[index + 1].content, tokens[:index] + tokens[index + 3 :]
    return "", tokens


def _anchor(tokens: list[Token]) -> list[Heading]:
    found = list[Heading]()
    for token, following in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_open":
            text = re.sub(r"[`*]", "", following.content)
            anchor = _NO_SLUG.sub("-", text.lower()).strip("-")
            token.attrSet("id", anchor)
            found.append(Heading(int(token.tag[1]), anchor, text))
    return found


def _link_to_pages(tokens: Sequence[Token]) -> None:
    """In the repository a page's neighbour is a file; on the server it is an address."""
    for token in tokens:
        for part in token.children or ():
            target = str(part.attrGet("href") or "") if part.type == "link_open" else ""
            if re.fullmatch(r"[a-z-]+\.md(#.*)?", target):
                part.attrSet("href", target.replace("index.md", "./").replace(".md", ""))


def _prose(parser: MarkdownIt, tokens: list[Token]) -> str:
    made: str = parser.renderer.render(tokens, parser.options, {})
    return made.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")


def _run_of_fences(tokens: list[Token], start: int) -> list[Token]:
    end = start
    while end < len(tokens) and tokens[end].type == "fence":
        end += 1
    return tokens[start:end]


def _code(fences: Sequence[Token]) -> str:
    blocks = []
    for fence in fences:
        language, _, name = fence.info.strip().partition(" ")
        blocks.append(code_block(language or "text", fence.content, name or None))
    return blocks[0] if len(blocks) == 1 else f'<div class="tabs">{"".join(blocks)}</div>'
