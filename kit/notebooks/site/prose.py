"""Markdown cells and code as HTML, with anchors that are the same in every language.

The markdown parser is the one that segments and checks the cells, so that a page cannot read a cell in
another way than the checks do. An anchor comes from the cell's id, which is a hash of the English cell: a
link to a section leads to the same section of another language's page.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it.token import Token

from kit.notebooks.markdown import parser

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its anchor, its level from 1, and its text as HTML without tags."""

    anchor: str
    level: int
    text: str


@dataclass(frozen=True)
class Prose:
    """A markdown cell as HTML: its headings, and its first paragraphs up to whatever else follows them."""

    html: str
    headings: tuple[Heading, ...]
    lead: tuple[str, ...]


def anchor(cell_id: str) -> str:
    """Return the anchor of a cell."""
    return f"c-{cell_id}"


@cache
def prose(source: str, cell_id: str) -> Prose:
    """Return a markdown cell as HTML."""
    markdown = parser()
    environment: dict[str, Any] = {"docId": cell_id}  # keeps the footnotes of different cells apart
    tokens = markdown.parse(source, environment)

    def render(part: list[Token]) -> str:
        return str(markdown.renderer.render(part, markdown.options, environment))

    headings: list[Heading] = []
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            name = f"{anchor(cell_id)}-{len(headings) + 1}"
            token.attrSet("id", name)
            text = _TAG.sub("", render([tokens[index + 1]])).strip()
            headings.append(Heading(name, int(token.tag[1:]), text))
    lead = tuple(render([*part]) for part in _lead(tokens))
    return Prose(render(list(_adapted(tokens))), tuple(headings), lead)


def _lead(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the contents of the first paragraphs below the first heading."""
    position = 3 if tokens and tokens[0].type == "heading_open" else 0
    while position < len(tokens) and tokens[position].type == "paragraph_open":
        yield [tokens[position + 1]]
        position += 3


def _adapted(tokens: list[Token]) -> Iterator[Token]:
    """Yield the tokens with tables in a frame that can scroll, and code in colours."""
    for token in tokens:
        if token.type == "table_open":
            yield _raw('<div class="scroll">')
        if token.type in {"fence", "code_block"}:
            yield _raw(
                f'<pre><code dir="ltr">{highlighted(token.content, token.info.strip())}</code></pre>\n'
            )
        else:
            yield token
        if token.type == "table_close":
            yield _raw("</div>\n")


def _raw(text: str) -> Token:
    return Token("html_block", "", 0, content=text)


@cache
def highlighted(source: str, language: str = "ipython3") -> str:
    """Return code as HTML with a class for each kind of token; the text itself in an unknown language."""
    from nbconvert.filters.highlight import Highlight2HTML
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        get_lexer_by_name(language)
    except ClassNotFound:
        return html.escape(source)
    highlight = Highlight2HTML(pygments_lexer=language, extra_formatter_options={"nowrap": True})
    return str(highlight(source)).rstrip("\n")
