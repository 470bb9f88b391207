"""Messages inside HTML blocks: text between block tags, and the attributes that readers hear or see.

An element with ``translate="no"`` holds no message, as the HTML standard has it.
"""

import re
from collections.abc import Iterator

from markdown_it.common.html_blocks import block_names

_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^>]*>|</?([A-Za-z][\w:-]*)(?:\"[^\"]*\"|'[^']*'|[^'\">])*>", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""\s(?:alt|title|aria-label)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_UNTRANSLATED = re.compile(r"""\stranslate\s*=\s*["']?no\b""", re.IGNORECASE)
_OPAQUE = {"script", "style", "pre", "textarea", "svg", "math", "template"}
_BLOCK = {*block_names, *_OPAQUE, "button", "video", "audio", "picture"}


def text_spans(html: str) -> Iterator[tuple[int, int, str]]:
    """Yield ``(start, end, kind)`` of every text between block tags (``html``) and attribute (``alt``).

    Inline tags stay inside the text they belong to; comments, scripts and preformatted text are left out.
    """
    start = 0
    opaque = ""
    inline_tags: list[re.Match[str]] = []
    for tag in [*_TOKEN.finditer(html), None]:
        name = (tag[1] or "").lower() if tag else ""
        if opaque:
            if tag is None or (name == opaque and tag[0].startswith("</")):
                opaque, start, inline_tags = "", tag.end() if tag else len(html), []
            continue
        if tag and name and name not in _BLOCK:
            inline_tags.append(tag)
            continue
        yield from _run(html, start, tag.start() if tag else len(html), inline_tags)
        inline_tags = []
        if tag:
            start = tag.end()
            yield from _attributes(tag)
            opaque = name if _opens_opaque(tag[0], name) else ""


def _opens_opaque(tag: str, name: str) -> bool:
    """Tell whether a tag opens an element whose content holds no message."""
    if tag.startswith("</") or tag.endswith("/>"):
        return False
    return name in _OPAQUE or _UNTRANSLATED.search(tag) is not None


def _run(html: str, start: int, end: int, inline_tags: list[re.Match[str]]) -> Iterator[tuple[int, int, str]]:
    """Yield the text between two block tags, or the attributes of its tags where it has no text."""
    text = html[start:end]
    if any(character.isalpha() for character in re.sub(r"&\w+;", "", _TOKEN.sub("", text))):
        yield start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip())), "html"
    else:
        for tag in inline_tags:
            yield from _attributes(tag)


def _attributes(tag: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    for attribute in _ATTRIBUTE.finditer(tag[0]):
        group = 1 if attribute[1] is not None else 2
        if any(character.isalpha() for character in attribute[group]):
            yield tag.start() + attribute.start(group), tag.start() + attribute.end(group), "alt"
