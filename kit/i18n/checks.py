"""Checks of one translation against its source, the errors: what would break or change a lab.

Each check is a function of two :class:`Text` objects that yields problems. Markdown is compared by its
inline parse, so that a sign in code or in a formula is not mistaken for markup.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from kit.i18n import gettext as _
from kit.i18n.findings import Problem

_VALUE = "KitValue"
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_BRACES = re.compile(r"(?<!\{)\{[^{}\s][^{}]*\}(?!\})|(?<!\{)\{\}(?!\})")
_PERCENT = re.compile(r"%\(\w+\)[sdrfgx]|%[sdr](?![A-Za-z])")
_TAG_TEXT = re.compile(r"""\s(?:alt|title|aria-label)\s*=\s*(?:"[^"]*"|'[^']*')""", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_REFERENCE = re.compile(r"\]\[([^\]]+)\]|\[(\^[^\]]+)\]")
_ENGLISH_PAGE = re.compile(r"https?://[^\s)>\"]*/en-us/", re.IGNORECASE)
_HTML_TAG = re.compile(r"</?[A-Za-z][^>]*>")
# Stands in the prose for what is no prose: code, a formula, a value.
_OBJECT = "\ufffc"
# What is no prose in a comment or in a text of the kit: placeholders, commands, calls, assignments, paths.
_CODE_LIKE = re.compile(
    r"\{[^{}]*\}|\b\w+\[[^\s\]]*\]"
    r"|\bkit (?:render|run|serve|catalogs|check|cleanup|doctor|labs|resources)(?: [\w.=/~-]+)*"
    r"|\b[\w.]+\([^()]*\)|\b\w+ ?= ?(?:\"[^\"]*\"|[\w.]*\w)|\"[^\"\s]*\"|[\w.~-]*/[\w./-]*\w|/"
    r"|(?<![\w-])--?[a-z][\w-]*",
    re.ASCII,
)
_WIDE_BY_STARS = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]\*+|\*+[\u2e80-\u9fff\uff00-\uffef“”‘’（）《》]")


@dataclass
class Text:
    """A message or its translation with its inline markup taken apart.

    Attributes:
        raw: as it stands in the catalog.
        kind: kind of the message, such as ``paragraph``, ``html``, ``comment`` or ``string``.
        prose: the text without code, math, tags, link targets and expressions.
    """

    raw: str
    kind: str
    code: Counter[str] = field(default_factory=Counter)
    math: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    relative: Counter[str] = field(default_factory=Counter)
    links: int = 0
    images: int = 0
    stray: Counter[str] = field(default_factory=Counter)
    prose: str = ""


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).use(dollarmath_plugin)


@lru_cache(maxsize=10_000)  # a source is compared with several languages
def parse(raw: str, kind: str) -> Text:
    """Take a text apart; comments, strings and HTML hold no markdown. What it returns is only read."""
    text = Text(raw, kind)
    # A plain word in the place of an expression keeps the markdown around it readable.
    masked = _EXPRESSION.sub(_VALUE, raw)
    if kind in {"comment", "string", "html"}:
        text.tags = (
            Counter(_without_texts(tag) for tag in _HTML_TAG.findall(masked)) if kind == "html" else Counter()
        )
        prose_of = _HTML_TAG.sub(" ", masked) if kind == "html" else _CODE_LIKE.sub(_OBJECT, masked)
        text.prose = prose_of.replace(_VALUE, _OBJECT)
        return text
    tokens: list[Token] = []
    _markdown().inline.parse(masked, _markdown(), {}, tokens)
    prose: list[str] = []
    for token in tokens:
        _take(text, token, prose)
    text.prose = "".join(prose).replace(_VALUE, _OBJECT)
    return text


def _take(text: Text, token: Token, prose: list[str]) -> None:
    if token.type == "code_inline":
        text.code[token.content] += 1
        prose.append(_OBJECT)
    elif token.type.startswith("math"):
        text.math[token.content] += 1
        prose.append(_OBJECT)
    elif token.type == "html_inline":
        text.tags[_without_texts(token.content)] += 1
    elif token.type in {"link_open", "image"}:
        target = str(token.attrs.get("href" if token.type == "link_open" else "src", ""))
        text.links += token.type == "link_open"
        text.images += token.type == "image"
        # A target that is an expression is looked at with the other placeholders.
        if not _ABSOLUTE.match(target) and target != _VALUE:
            text.relative[target.replace(_VALUE, "{{ … }}")] += 1
        prose.append(token.content)
    elif token.type in {"softbreak", "hardbreak"}:
        prose.append("\n")
    elif token.type == "text":
        text.stray.update(sign for sign in token.content if sign in "*`")
        prose.append(token.content)
    else:
        prose.append(token.content)


def _without_texts(tag: str) -> str:
    return _TAG_TEXT.sub("", tag)


def _difference(source: Counter[str], translation: Counter[str]) -> str:
    missing = _("missing: {items}"), source - translation
    added = _("added: {items}"), translation - source
    return "; ".join(
        text.format(items=", ".join(items.elements())) for text, items in (missing, added) if items
    )


def inline_code(source: Text, translation: Text) -> Iterator[Problem]:
    """Code in backticks is the same, in any order."""
    difference = _difference(source.code, translation.code)
    if difference:
        reason = _("the code in backticks differs: {difference}").format(difference=difference)
        yield Problem("inline-code", reason, _("Copy the code from the source, letter by letter."))


def links(source: Text, translation: Text) -> Iterator[Problem]:
    """Relative targets are the same; links and images are as many; absolute targets may be localized."""
    difference = _difference(source.relative, translation.relative)
    if difference:
        reason = _("a link's or image's relative target differs: {difference}").format(difference=difference)
        yield Problem(
            "link-target", reason, _("Copy the target from the source; only absolute addresses may change.")
        )
    elif (source.links, source.images) != (translation.links, translation.images) and not any(
        placeholders(source, translation)  # a link that went with its target is told there
    ):
        reason = _("{source} in the source, {translation} in the translation: links and images").format(
            source=source.links + source.images, translation=translation.links + translation.images
        )
        yield Problem("link-count", reason, _("Give the translation the same links and images."))
    here, there = (Counter(a or b for a, b in _REFERENCE.findall(text.raw)) for text in (source, translation))
    if source.kind not in {"comment", "string"} and here != there:
        reason = _("a reference differs: {difference}").format(difference=_difference(here, there))
        yield Problem("link-target", reason, _("Keep the labels in square brackets as they are."))


def english_page(source: Text, translation: Text) -> Iterator[Problem]:
    """No link leads to the English edition of a page by name."""
    if _ENGLISH_PAGE.search(translation.raw):
        reason = _("a link leads to “/en-us/”, the English page")
        yield Problem(
            "english-page", reason, _("Link the page in this language, or use doc(…) and locales/links.csv.")
        )


def stray_signs(source: Text, translation: Text) -> Iterator[Problem]:
    """No asterisk or backtick is left over as text."""
    extra = translation.stray - source.stray
    if not extra:
        return
    if extra["*"] and _WIDE_BY_STARS.search(translation.raw):
        reason = _("the emphasis does not close beside full-width text: readers see the asterisks")
        fix = _("Move the punctuation out of the asterisks, or write <strong>…</strong>.")
        yield Problem("broken-emphasis", reason, fix)
    else:
        reason = _("signs of markup are left over as text: {signs}").format(signs=" ".join(sorted(extra)))
        yield Problem(
            "stray-markup", reason, _("Close every * and `; write \\* for an asterisk that is meant.")
        )


def tags_and_math(source: Text, translation: Text) -> Iterator[Problem]:
    """HTML tags and formulas are the same."""
    difference = _difference(source.tags, translation.tags)
    if difference and not any(
        problem.rule == "broken-emphasis" for problem in stray_signs(source, translation)
    ):
        allowed = translation.tags - source.tags
        if set(allowed) <= {"<strong>", "</strong>", "<em>", "</em>"} and not source.tags - translation.tags:
            difference = ""  # the way out where CommonMark cannot close emphasis
    if difference:
        reason = _("the HTML tags differ: {difference}").format(difference=difference)
        yield Problem(
            "html", reason, _("Keep every tag of the source; only alt, title and aria-label are text.")
        )
    difference = _difference(source.math, translation.math)
    if difference:
        reason = _("a formula differs: {difference}").format(difference=difference)
        yield Problem("math", reason, _("Copy the formula between the dollar signs from the source."))


def placeholders(source: Text, translation: Text) -> Iterator[Problem]:
    """``{x}``, ``%(x)s`` and ``{{ … }}`` are the same, in any order."""
    for pattern in (_EXPRESSION, _BRACES, _PERCENT):
        here, there = (Counter(pattern.findall(text.raw)) for text in (source, translation))
        if here != there:
            reason = _("the placeholders differ: {difference}").format(difference=_difference(here, there))
            yield Problem("placeholders", reason, _("Keep everything in braces exactly as in the source."))
            return


ERRORS: tuple[Callable[[Text, Text], Iterator[Problem]], ...] = (
    inline_code,
    links,
    english_page,
    stray_signs,
    tags_and_math,
    placeholders,
)


def errors(source: str, translation: str, kind: str) -> Iterator[Problem]:
    """Yield what is wrong with a translation; ``kind`` is the message's kind."""
    texts = parse(source, kind), parse(translation, kind)
    for check in ERRORS:
        yield from check(*texts)
