"""Where the alternative text and the title of a markdown image stand."""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkDestination, parseLinkLabel, parseLinkTitle
from markdown_it.rules_inline import StateInline


@cache
def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark")


def image_spans(text: str, start: int = 0) -> list[tuple[int, int, str]] | None:
    """Return ``(start, end, kind)`` of alternative texts (``alt``) and titles (``title``).

    Only for text that consists of images alone; returns ``None`` for anything else, because an image within
    a sentence belongs to the sentence.
    """
    state = StateInline(text, _commonmark(), {}, [])
    spans: list[tuple[int, int, str]] = []
    position = start
    while position < len(text):
        if not text.startswith("![", position):
            return None
        label_end = parseLinkLabel(state, position + 1, False)
        if label_end < 0:
            return None
        spans.append((position + 2, label_end, "alt"))
        end = _target(text, label_end + 1, spans)
        if end is None:
            return None
        position = _skip_space(text, end)
    return spans


def _target(text: str, position: int, spans: list[tuple[int, int, str]]) -> int | None:
    """Read ``(destination "title")`` or ``[reference]``; return its end and note the title."""
    if text.startswith("[", position):
        close = text.find("]", position)
        return close + 1 if close > 0 else None
    if not text.startswith("(", position):
        return position  # ![reference]
    destination = parseLinkDestination(text, _skip_space(text, position + 1), len(text))
    if not destination.ok:
        return None
    position = _skip_space(text, destination.pos)
    title = parseLinkTitle(text, position, len(text))
    if title.ok:
        spans.append((position + 1, title.pos - 1, "title"))
        position = _skip_space(text, title.pos)
    return position + 1 if text.startswith(")", position) else None


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\n":
        position += 1
    return position
