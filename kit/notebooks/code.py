"""Segmentation of code cells: comments and the strings that the author marked with ``_("…")``.

Comment lines at one column that follow each other are one message. Marked strings are found in the syntax
tree, so that a ``_(`` in a comment or a string is none. Lines of IPython magics, and comments that speak
to tools (``noqa``, ``type:``, ``fmt:`` …) or that hold code, are no messages.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from kit.i18n import gettext as _
from kit.notebooks.literals import placeholders, read_literals, write_literal, write_wrapped
from kit.notebooks.spans import Literal, Segment, SourceLines, display_width, join_lines, splice, wrap

_TOOL = (
    r"(?:noqa|type:|fmt:|isort:|pylint:|pragma\b|ruff:|mypy:|pyright:|nosec|region\b|endregion\b|-\*-|vim:)"
)
_TOOL_COMMENT = re.compile(rf"#+!|#+\s*{_TOOL}", re.IGNORECASE)
_TOOL_TAIL = re.compile(rf"\s+#\s*{_TOOL}.*", re.IGNORECASE)
_PREFIX = re.compile(r"#+:?[ \t]*")
_LIST_ITEM = re.compile(r"(?:[-*•]|\d+[.)])\s")
_MAGIC_LINE = re.compile(r"\s*(?:[%!?]|\w[\w.]*\?{1,2}\s*$)")
_MAGIC_VALUE = re.compile(r"(\s*[\w, .\[\]]+=\s*)[%!].*")
_PYTHON_CELL_MAGIC = re.compile(r"%%(?:time|timeit|capture|prun)\b")
_TRIPLE_QUOTES = re.compile(r"\"{3}|'{3}")
_COMMENT_WIDTH = 96


class CodeError(ValueError):
    """A code cell that cannot be segmented; ``line`` counts from 1 within the cell."""

    def __init__(self, line: int, problem: str, advice: str) -> None:
        self.line = line
        self.problem = problem
        self.advice = advice
        super().__init__(f"{line}: {problem}")


def as_python(source: str) -> str:
    """Return a cell's source with every magic replaced by plain Python on the same line."""
    lines = source.split("\n")
    if lines[0].startswith("%%") and not _PYTHON_CELL_MAGIC.match(lines[0]):
        return "\n" * (len(lines) - 1)
    try:
        ast.parse(source)
    except SyntaxError:
        return "\n".join(_without_magic(line) for line in lines)
    return source


def _without_magic(line: str) -> str:
    if _MAGIC_LINE.match(line):
        return line[: len(line) - len(line.lstrip())] + "pass"
    assignment = _MAGIC_VALUE.fullmatch(line)
    return assignment[1] + "None" if assignment else line


@lru_cache(maxsize=8192)
def segments(source: str) -> tuple[Segment, ...]:
    """Return the messages of a code cell in source order.

    Raises:
        CodeError: the cell is no Python, or ``_()`` holds something else than one string.
    """
    python = as_python(source)
    lines = SourceLines(python)
    try:
        tree = ast.parse(python)
    except SyntaxError as error:
        advice = _('Mend the code; a marked string is written _("text").')
        raise CodeError(error.lineno or 1, str(error.msg), advice) from error
    offsets = SourceLines(source)
    marked = list(_marked(tree, lines, offsets, source))
    comments = [
        comment
        for comment in _comments(python, offsets)
        if not any(string.start <= comment.start < string.end for string in marked)
    ]
    return tuple(sorted([*marked, *comments], key=lambda segment: segment.start))


def _marked(tree: ast.AST, lines: SourceLines, offsets: SourceLines, source: str) -> Iterator[Segment]:
    bracketed = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.keyword | ast.List | ast.Set | ast.Dict)
        for child in ast.iter_child_nodes(node)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"):
            continue
        start = _offset(lines, offsets, node.lineno, node.col_offset)
        end = _offset(lines, offsets, node.end_lineno or 0, node.end_col_offset or 0)
        inside = source[source.index("(", start) + 1 : end - 1]
        try:
            if len(node.args) != 1 or node.keywords:
                raise ValueError(inside)
            msgid, formatted = read_literals(inside)
        except ValueError as error:
            problem = _("_() holds something else than one string: {source}").format(source=inside.strip())
            raise CodeError(node.lineno, problem, _('Write _("text") or _(f"text {value}").')) from error
        if not any(character.isalpha() for character in msgid):
            raise CodeError(node.lineno, _("_() holds no text"), _("Remove the mark around it."))
        column = start - offsets.starts[node.lineno - 1]
        literal = Literal(inside.strip().rstrip(",").rstrip(), formatted, id(node) in bracketed, column)
        yield Segment(start, end, msgid, "string", node.lineno, literal=literal)


def _offset(lines: SourceLines, offsets: SourceLines, line: int, column: int) -> int:
    """Turn a line number and the syntax tree's column in UTF-8 bytes into an offset."""
    return offsets.starts[line - 1] + len(lines.lines[line - 1].encode()[:column].decode())


@dataclass
class _Group:
    """Comment lines that belong together; texts without their signs, offsets in the cell."""

    row: int
    column: int
    prefix: str
    start: int
    end: int
    texts: list[str]
    trailing: bool


def _comments(python: str, offsets: SourceLines) -> Iterator[Segment]:
    for group in _groups(python, offsets):
        msgid = join_lines(group.texts)
        if not any(character.isalpha() for character in msgid) or _is_code("\n".join(group.texts)):
            continue
        continuation = None if group.trailing else offsets.end_of_line + " " * group.column + group.prefix
        wide = max(display_width(text) for text in group.texts) if len(group.texts) > 1 else 0
        width = max(wide, _COMMENT_WIDTH - group.column - len(group.prefix))
        first_row = group.row - len(group.texts) + 1
        yield Segment(group.start, group.end, msgid, "comment", first_row, continuation, width)


def _groups(python: str, offsets: SourceLines) -> Iterator[_Group]:
    current: _Group | None = None
    for token in tokenize.generate_tokens(io.StringIO(python).readline):
        if token.type != tokenize.COMMENT or _TOOL_COMMENT.match(token.string):
            continue
        row, column = token.start
        comment = _TOOL_TAIL.sub("", token.string).rstrip()
        prefix = _PREFIX.match(comment)
        sign = prefix[0] if prefix else "#"
        text = comment[len(sign) :]
        trailing = bool(token.line[:column].strip())
        start = offsets.starts[row - 1] + column + len(sign)
        follows = current is not None and (row, column) == (current.row + 1, current.column) and not trailing
        if current and follows and text and current.texts[-1] and not _LIST_ITEM.match(text):
            current.row, current.end = row, start + len(text)
            current.texts.append(text)
            current.trailing = False
            continue
        if current:
            yield current
        current = _Group(
            row,
            column,
            sign if sign.endswith((" ", "\t")) else sign + " ",
            start,
            start + len(text),
            [text],
            trailing,
        )
    if current:
        yield current


def _is_code(text: str) -> bool:
    """Tell whether a comment holds commented-out code: statements, or calls and assignments."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return any(
        not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Call | ast.Await)
        for statement in tree.body
    ) and not any(isinstance(statement, ast.AnnAssign) and statement.value is None for statement in tree.body)


def translate(source: str, find: Callable[[Segment], str | None]) -> str:
    """Return a code cell with translations put in, and without any mark: ``_("text")`` becomes ``"text"``.

    Args:
        source: the cell as the template has it.
        find: returns the translation of a segment, or ``None`` to keep the author's own text.

    Raises:
        CodeError: a translated f-string does not have exactly the placeholders of the source.
    """
    replacements = []
    for segment in segments(source):
        translation = find(segment)
        if segment.literal is not None:
            replacements.append((segment.start, segment.end, _string(segment, segment.literal, translation)))
        elif translation is not None:
            replacements.append((segment.start, segment.end, _comment(segment, translation)))
    return splice(source, replacements)


def _comment(segment: Segment, translation: str) -> str:
    text = " ".join(translation.split("\n"))  # spaces that do not break a line stay what they are
    if segment.continuation is None:
        return text
    return segment.continuation.join(wrap(text, segment.width))


def _string(segment: Segment, literal: Literal, translation: str | None) -> str:
    brackets = "\n" in literal.source and not literal.bracketed
    column = literal.column + brackets
    if translation is None:
        written = literal.source
        if not _TRIPLE_QUOTES.search(written):
            written = ("\n" + " " * column).join(line.strip() for line in written.split("\n"))
    else:
        if literal.formatted:
            _compare_placeholders(segment, translation)
        if "\n" in literal.source:
            width = max(display_width(line.strip()) for line in literal.source.split("\n"))
            written = write_wrapped(translation, literal.formatted, column, max(width, 60))
        else:
            written = write_literal(translation, literal.formatted)
    return f"({written})" if brackets else written


def _compare_placeholders(segment: Segment, translation: str) -> None:
    try:
        equal = placeholders(translation) == placeholders(segment.msgid)
    except ValueError:
        equal = False
    if not equal:
        problem = _("the placeholders of “{translation}” are not those of “{source}”")
        raise CodeError(
            segment.line,
            problem.format(translation=translation, source=segment.msgid),
            _("Mend the translation in the catalog: keep every {…} exactly."),
        )
