"""Segmentation of markdown by source spans: which characters of a text are messages.

markdown-it-py parses the blocks; their line numbers and contents lead back to the characters of the source.
Only blocks are parsed: inline markdown stays raw in a message, so that translators keep its meaning and
nothing of it is ever re-rendered.

It reads what notebooks and books of others hold, and not only what the kit's own labs do: MyST directives and
containers, admonitions, footnotes, definition lists, formulas, front matter. What it knew nothing of it would
take for prose, and a translation would break it; ``tests/benchmarks/localization.py`` measures on such texts.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from kit.notebooks import html
from kit.notebooks.images import image_spans
from kit.notebooks.spans import Located, Segment, SourceLines

# MyST directives whose body is prose; the body of any other directive is left alone.
_PROSE_DIRECTIVES = {
    "admonition", "attention", "caution", "danger", "error", "hint", "important", "note", "seealso", "tip",
    "warning", "dropdown", "card", "tab-set", "tab-item", "grid", "grid-item", "grid-item-card", "margin",
    "sidebar", "epigraph", "figure", "topic",
}  # fmt: skip
_DIRECTIVE = re.compile(r"\{([\w-]+)\}[ \t]*(.*)", re.DOTALL)
_DIRECTIVE_OPTION = re.compile(r":[\w-]+:(?:\s.*)?")
_CONTAINER_TITLE = re.compile(r"\s*[\w-]+(?:\[(.*)\]|[ \t]+([^{\s].*?))?\s*")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_ALERT = re.compile(r"\[![A-Za-z]+\][ \t]*(?:\n|\Z)")  # > [!NOTE]
_MYST_TARGET = re.compile(r"\([^)\s]+\)=")
_REFERENCE_TITLE = re.compile(
    r"""(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\(((?:\\.|[^()\\])*)\))[ \t]*\Z""", re.DOTALL
)
_NOT_PROSE = re.compile(
    r"(?P<code>(?<![\\`])(`+)(?!`).+?(?<!`)\2(?!`))"
    r"|(?<![\\$])\$\$.+?\$\$|(?<![\\$])\$(?![\s$])(?:\\.|[^$\\])+?(?<![\s\\])\$(?![\d$])"
    r"|\{\{.*?\}\}|<!--.*?-->|</?[A-Za-z][^>]*>|&\w+;",
    re.DOTALL,
)
_HARD_BREAK = re.compile(r"(?:\\| {2,})\Z")


@cache
def parser(front_matter: bool = False) -> MarkdownIt:
    """Return the markdown parser of the kit: CommonMark with the extensions that notebooks meet."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    for plugin in (deflist_plugin, footnote_plugin, dollarmath_plugin, amsmath_plugin, admon_plugin):
        markdown.use(plugin)
    markdown.use(container_plugin, "colon", validate=lambda params, _markup: bool(params.strip()))
    return markdown.use(front_matter_plugin) if front_matter else markdown


@lru_cache(maxsize=8192)
def segments(text: str, front_matter: bool = False) -> tuple[Segment, ...]:
    """Return the messages of a markdown text in source order.

    A cell of a notebook has no front matter: there, ``---`` is a rule. Front matter itself holds no message.
    """
    source = SourceLines(text)
    found = [
        segment for segment in _Walk(source).document(source.normalized(), 0, front_matter) if segment.msgid
    ]
    found.sort(key=lambda segment: segment.start)
    return tuple(found)


def has_words(text: str) -> bool:
    """Tell whether any letter is left outside code, math, HTML tags and ``{{ expressions }}``."""
    if not any(sign in text for sign in "`$<{&"):
        return any(character.isalpha() for character in text)
    return any(character.isalpha() for character in _NOT_PROSE.sub(" ", text))


def fold(text: str) -> str:
    """Return a paragraph on one line: soft breaks become spaces, hard breaks are kept."""
    if "\n" not in text:
        return text
    *lines, last = text.split("\n")
    folded = ""
    for line in lines:
        hard = _HARD_BREAK.search(line)
        mark = hard[0] if hard else ""
        folded += line.rstrip(" \t") + ("  \n" if mark.startswith(" ") else "\n" if mark else " ")
    return folded + last


class _Walk:
    """One pass over the block tokens of a document and of the directives nested in it."""

    def __init__(self, source: SourceLines) -> None:
        self.source = source

    def document(self, text: str, first_line: int, front_matter: bool = False) -> Iterator[Segment]:
        """Yield the segments of a stretch of markdown whose first line is ``first_line`` of the source."""
        tokens: list[Token] = []
        environment: dict[str, Any] = {}
        if not text.strip("\n"):
            return
        markdown = parser(front_matter)
        markdown.block.parse(text, markdown, environment, tokens)
        skipped_level = -1  # inside a directive that holds no prose
        for index, token in enumerate(tokens):
            if skipped_level >= 0:
                if token.type == "container_colon_close" and token.level == skipped_level:
                    skipped_level = -1
                continue
            if token.type == "container_colon_open" and not _holds_prose(token.info):
                skipped_level = token.level
                continue
            yield from self._token(tokens, index, first_line)
        yield from self._reference_titles(environment, first_line)

    def _token(self, tokens: list[Token], index: int, first_line: int) -> Iterator[Segment]:
        token = tokens[index]
        if token.type == "inline":
            yield from self._inline(tokens, index, first_line)
        elif token.type == "tr_open":
            yield from self._row(tokens, index, first_line)
        elif token.type == "html_block":
            located = Located(self.source, first_line + _first(token), token.content.rstrip("\n"))
            for start, end, kind in html.text_spans(located.text):
                yield self._segment(
                    located, start, end, kind, msgid=" ".join(located.text[start:end].split())
                )
        elif token.type == "container_colon_open":
            yield from self._title(token, first_line)
        elif token.type == "fence" and _DIRECTIVE.match(token.info.strip()) and _holds_prose(token.info):
            yield from self._title(token, first_line)
            yield from self.document(token.content + "\n", first_line + _first(token) + 1)

    def _inline(self, tokens: list[Token], index: int, first_line: int) -> Iterator[Segment]:
        token, parent = tokens[index], tokens[index - 1].type
        if parent in {"th_open", "td_open"}:
            return  # their row has them
        line = first_line + _first(token)
        if parent == "admonition_title_open" and f'"{token.content}"' not in self.source.lines[line]:
            return  # made up from the kind of the admonition
        located = Located(self.source, line, token.content)
        start = 0
        if parent == "paragraph_open":
            start = _skipped(tokens, index, located.text)
        kind = _kind(tokens, index)
        if located.text[start : start + 2] == "![":
            spans = image_spans(located.text, start)
            if spans is not None:
                yield from (self._segment(located, first, last, name) for first, last, name in spans)
                return
        text = located.text[start:]
        if _MYST_TARGET.fullmatch(text) or text.startswith("+++"):
            return
        setext = kind == "heading" and tokens[index - 1].markup in {"=", "-"}
        multiline = setext or kind not in {"heading", "term", "title"}
        yield self._segment(located, start, len(located.text), kind, multiline=multiline)

    def _row(self, tokens: list[Token], index: int, first_line: int) -> Iterator[Segment]:
        """Yield the cells of a table row; the tokens give only their text, the pipes give their place."""
        contents: list[str] = []
        position = index + 1
        while tokens[position].type != "tr_close":
            if tokens[position].type == "inline":
                contents.append(tokens[position].content)
            position += 1
        number = first_line + _first(tokens[index])
        line = self.source.lines[number]
        for start, end in _cell_spans(line, contents):
            offset = self.source.starts[number]
            text = line[start:end]
            if has_words(text):
                yield Segment(offset + start, offset + end, text, "cell", number + 1)

    def _title(self, token: Token, first_line: int) -> Iterator[Segment]:
        """Yield the title of a directive or container: ``:::{admonition} Title``, ``::: tip Title``."""
        directive = _DIRECTIVE.match(token.info.strip())
        if directive:
            title = directive[2]
        else:
            match = _CONTAINER_TITLE.fullmatch(token.info)
            title = (match[1] or match[2] or "") if match else ""
        number = first_line + _first(token)
        start = self.source.lines[number].rfind(title.strip())
        if title.strip() and start >= 0 and has_words(title):
            offset = self.source.starts[number] + start
            yield Segment(offset, offset + len(title.strip()), title.strip(), "title", number + 1)

    def _reference_titles(self, environment: dict[str, Any], first_line: int) -> Iterator[Segment]:
        definitions = [*environment.get("references", {}).values(), *environment.get("duplicate_refs", [])]
        for definition in definitions:
            if definition["title"]:
                start, end = definition["map"]
                lines = [
                    line.strip(" \t") for line in self.source.lines[first_line + start : first_line + end]
                ]
                located = Located(self.source, first_line + start, "\n".join(lines))
                title = _REFERENCE_TITLE.search(located.text)
                if title:
                    yield self._segment(located, *title.span(title.lastindex or 0), "title")

    def _segment(  # noqa: PLR0913 - what it is and where, each said once
        self,
        located: Located,
        start: int,
        end: int,
        kind: str,
        *,
        msgid: str | None = None,
        multiline: bool = False,
    ) -> Segment:
        raw = located.text[start:end]
        msgid = fold(raw) if msgid is None else msgid
        line = located.line(start)
        return Segment(
            located.origin(start),
            located.origin(end),
            msgid if has_words(raw) else "",
            kind,
            located.first_line + line + 1,
            located.continuation(line) if multiline else None,
        )


def _first(token: Token) -> int:
    return token.map[0] if token.map else 0


def _holds_prose(info: str) -> bool:
    directive = _DIRECTIVE.match(info.strip())
    return directive is None or directive[1] in _PROSE_DIRECTIVES


def _kind(tokens: list[Token], index: int) -> str:
    parent = tokens[index - 1]
    if parent.type == "heading_open":
        return "heading"
    if parent.type == "dt_open":
        return "term"
    if parent.type == "admonition_title_open":
        return "title"
    container = tokens[index - 2].type if index > 1 else ""
    return {"list_item_open": "item", "blockquote_open": "quote", "dd_open": "definition"}.get(
        container, "paragraph"
    )


def _skipped(tokens: list[Token], index: int, text: str) -> int:
    """Return how much of a paragraph's start is markup: task box, alert type, directive options."""
    container = tokens[index - 2].type if index > 1 else ""
    if container == "list_item_open":
        match = _TASK.match(text)
    elif container == "blockquote_open":
        match = _ALERT.match(text)
    else:
        match = None
        if container in {"", "container_colon_open"}:
            lines = text.split("\n")
            count = next(
                (n for n, line in enumerate(lines) if not _DIRECTIVE_OPTION.fullmatch(line)), len(lines)
            )
            return min(sum(len(line) + 1 for line in lines[:count]), len(text))
    return match.end() if match else 0


_PIPE = re.compile(r"(?<!\\)\|")


def _cell_spans(line: str, contents: list[str]) -> list[tuple[int, int]]:
    """Return where the cells of a table row stand in its source line.

    What stands before the first pipe is either the first cell or only a container's margin; the contents
    that the parser saw decide.
    """
    bounds = [-1, *(match.start() for match in _PIPE.finditer(line)), len(line)]
    spans = []
    for left, right in pairwise(bounds):
        text = line[left + 1 : right]
        stripped = text.strip(" \t")
        start = left + 1 + len(text) - len(text.lstrip(" \t")) if stripped else left + 1
        spans.append((start, start + len(stripped)))
    for skipped in (1, 0):
        cells = spans[skipped:][: len(contents)]
        texts = [line[start:end].replace("\\|", "|") for start, end in cells]
        texts += [""] * (len(contents) - len(texts))
        if texts == contents:
            return cells
        if skipped == 0 and contents and texts[0].endswith(contents[0]) and texts[1:] == contents[1:]:
            start, end = cells[0]
            raw = line[start:end]
            while raw.replace("\\|", "|") != contents[0]:
                raw = raw[1:]
            return [(end - len(raw), end), *cells[1:]]
    return []
