"""Messages of a template or of any markdown text, and their translations put back.

``extract(text)`` lists what there is to translate; ``translate(text, catalog)`` puts translations in the
place of exactly those characters. With an empty catalog the text comes back byte for byte.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from kit.errors import N_, TemplateError
from kit.notebooks import code, markdown
from kit.notebooks.spans import Segment, splice
from kit.notebooks.templates import Cell, Template

_UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Message:
    """Something to translate.

    Attributes:
        line: the line, counted from 1, of the text or template where the message starts.
        msgid: the text; inline markdown is raw, soft line breaks are spaces.
        kind: ``heading``, ``paragraph``, ``item``, ``quote``, ``cell``, ``term``, ``definition``, ``title``,
            ``alt``, ``html``, ``comment`` or ``string``.
        context: what a translator should know: the section, and the cell's tags.
    """

    line: int
    msgid: str
    kind: str
    context: str = ""


Mark = Callable[[Segment], str | None]


def extract(text: str) -> list[Message]:
    """Return the messages of a markdown text in source order."""
    found = markdown.segments(text, front_matter=True)
    return [Message(segment.line, segment.msgid, segment.kind) for segment in found]


def translate(text: str, catalog: Mapping[str, str]) -> str:
    """Return a markdown text with the translations of ``catalog`` in place; what it lacks stays as it is."""
    return _replace(text, markdown.segments(text, front_matter=True), _finder(catalog, None))


def translate_cell(source: str, catalog: Mapping[str, str]) -> str:
    """Return the source of a markdown cell, which has no front matter, with its translations in place."""
    return _replace(source, markdown.segments(source), _finder(catalog, None))


def extract_template(template: Template) -> list[Message]:
    """Return the messages of all cells of a template in source order, repetitions included.

    Raises:
        TemplateError: a code cell cannot be parsed, or marks something that is not a string.
    """
    found: list[Message] = []
    section = ""
    for cell in template.cells:
        tags = ", ".join(cell.tags)
        for segment in cell_segments(template, cell):
            if segment.kind == "heading":
                section = segment.msgid
            context = " · ".join(
                part for part in (section if segment.kind != "heading" else "", tags) if part
            )
            found.append(Message(cell.line + segment.line - 1, segment.msgid, segment.kind, context))
    return found


def translate_template(template: Template, catalog: Mapping[str, str], mark: Mark | None = None) -> Template:
    """Return a template whose cells are translated and whose strings have lost their marks.

    Raises:
        TemplateError: a cell cannot be parsed, or a translation has other placeholders than its source.
    """
    find = _finder(catalog, mark)
    cells = []
    for cell in template.cells:
        if cell.kind == "markdown":
            source = _replace(cell.source, markdown.segments(cell.source), find)
        else:
            try:
                source = code.translate(cell.source, find)
            except code.CodeError as error:
                raise _located(template, cell, error) from error
        cells.append(replace(cell, source=source))
    return replace(template, cells=tuple(cells))


def cell_segments(template: Template, cell: Cell) -> tuple[Segment, ...]:
    """Return the segments of one cell; their lines count from the cell's first.

    Raises:
        TemplateError: the cell cannot be parsed.
    """
    if cell.kind == "markdown":
        return markdown.segments(cell.source)
    try:
        return code.segments(cell.source)
    except code.CodeError as error:
        raise _located(template, cell, error) from error


def _finder(catalog: Mapping[str, str], mark: Mark | None) -> Mark:
    def find(segment: Segment) -> str | None:
        translation = catalog.get(segment.msgid)
        if translation is None and mark is not None:
            return mark(segment)
        return translation

    return find


def _replace(text: str, segments: tuple[Segment, ...], find: Mark) -> str:
    replacements = []
    for segment in segments:
        translation = find(segment)
        if translation is not None:
            replacements.append((segment.start, segment.end, _fit(segment, translation)))
    return splice(text, replacements) if replacements else text


def _fit(segment: Segment, translation: str) -> str:
    """Give a translation the form that its place needs: margins of further lines, escaped pipes."""
    if segment.kind == "cell":
        return _UNESCAPED_PIPE.sub(r"\\|", " ".join(translation.split("\n")))
    if segment.continuation is None:
        return " ".join(translation.split("\n"))
    return translation.replace("\n", segment.continuation)


def _located(template: Template, cell: Cell, error: code.CodeError) -> TemplateError:
    return TemplateError(
        N_("{file}, line {line}: {problem}."),
        advice=error.advice,
        file=template.path,
        line=cell.line + error.line - 1,
        problem=error.problem,
    )
