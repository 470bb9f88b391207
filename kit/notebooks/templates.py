"""The reader of lab templates: Python files in py:percent form, one cell after each ``# %%`` marker.

::

    # %% [markdown] tags=["exercise"]
    # ## Your turn
    # %% tags=["parameters"]
    n_epochs = 3  # passes over the training file

Jupytext reads the same files to the same cells (``tests/notebooks/test_templates.py`` compares). Where
Jupytext would take a comment for a shell command, this reader refuses the template instead.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from kit.errors import N_, TemplateError
from kit.i18n import gettext as _

TAGS = frozenset({
    "parameters", "self-check", "exercise", "solution", "instructor",
    "skip-headless", "raises-exception", "databricks", "jupyter",
})  # fmt: skip

_MARKER = re.compile(r"#\s*%%(?P<options>\s.*)?$")
_KIND = re.compile(r"\[(\w+)\]")
_OPTION = re.compile(r"([A-Za-z_][\w.-]*)\s*=\s*")
_MAGIC = re.compile(r"(\s*)# ?((?:%{1,3}[A-Za-z]|[!?]\s*[A-Za-z.~$\\/{}]).*)")
# What Jupytext's percent reader takes for a command although it is a comment (jupytext/magics.py).
_LOOKS_LIKE_COMMAND = re.compile(
    r"# ?(?:(?:cat|cd|cp|mv|rm|rmdir|mkdir|copy|ddir|echo|ls|ldir|ren)(?:$|\s$|\s[^=,])|\S*\?\s*$)"
)


@dataclass(frozen=True)
class Cell:
    """One cell of a template.

    Attributes:
        kind: ``markdown`` or ``code``.
        source: the text without comment signs (markdown) and with magics uncommented (code).
        tags: the cell's tags, in the order of the template.
        metadata: everything else on the marker line.
        line: the line of the template, counted from 1, on which ``source`` starts.
    """

    kind: str
    source: str
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    line: int = 1


@dataclass(frozen=True)
class Template:
    """A lab's only source: its name (the file's stem), where it lies, and its cells."""

    name: str
    path: Path
    cells: tuple[Cell, ...]


def template_paths(folder: Path) -> list[Path]:
    """Return the templates of a folder in alphabetical order."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def read_template(path: Path) -> Template:
    """Read a template file.

    Raises:
        TemplateError: the file cannot be read, or a cell is not what its marker says; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(
            N_("{file}: the template cannot be read ({reason})."),
            advice=N_("Templates are UTF-8 text files in the folder “templates”."),
            file=path,
            reason=error,
        ) from error
    return Template(path.stem, path, parse_cells(text, path))


def parse_cells(text: str, path: Path) -> tuple[Cell, ...]:
    """Split the text of a template into cells; ``path`` is only named in errors."""
    lines = text.splitlines()
    start = _end_of_header(lines)
    markers = [number for number in range(start, len(lines)) if _MARKER.match(lines[number])]
    first = markers[0] if markers else len(lines)
    for number in range(start, first):
        if lines[number].strip():
            _fail(
                path, number + 1, _("there is text before the first cell"), _("Start the cell with “# %%”.")
            )
    ends = [*markers[1:], len(lines)]
    return tuple(_cell(lines, marker, end, path) for marker, end in zip(markers, ends, strict=True))


def _end_of_header(lines: list[str]) -> int:
    """Return the first line after Jupytext's optional header of ``# ---`` lines."""
    if lines and lines[0].rstrip() == "# ---":
        for number in range(1, len(lines)):
            if lines[number].rstrip() == "# ---":
                return number + 1
    return 0


def _cell(lines: list[str], marker: int, end: int, path: Path) -> Cell:
    kind, metadata = _options(lines[marker], path, marker + 1)
    tags = metadata.pop("tags", [])
    for tag in tags:
        if tag not in TAGS:
            advice = _("Use one of the known tags: {tags}.").format(tags=", ".join(sorted(TAGS)))
            _fail(path, marker + 1, _("the tag “{tag}” is unknown").format(tag=tag), advice)
    content = lines[marker + 1 : end]
    blank = sum(not line for line in content[-2:]) if content and not content[-1] else 0
    content = content[: len(content) - blank]  # at most two blank lines set a cell off from the next
    read = _markdown_line if kind == "markdown" else _code_line
    source = "\n".join(read(line, path, marker + 2 + offset) for offset, line in enumerate(content))
    return Cell(kind, source, tuple(tags), metadata, marker + 2)


def _options(line: str, path: Path, number: int) -> tuple[str, dict[str, Any]]:
    """Read ``title [markdown] key=value …`` after a cell marker; values are JSON."""
    match = _MARKER.match(line)
    rest = (match["options"] or "").strip() if match else ""
    first_option = _OPTION.search(rest)
    head = rest[: first_option.start()] if first_option else rest
    kind = _KIND.search(head)
    if kind and kind[1] not in {"markdown", "md"}:
        _fail(
            path,
            number,
            _("cells of the kind “{kind}” are not supported").format(kind=kind[1]),
            _("Use “[markdown]” or a code cell."),
        )
    metadata: dict[str, Any] = {}
    title = _KIND.sub("", head).strip()
    if title:
        metadata["title"] = title
    position = first_option.start() if first_option else len(rest)
    while position < len(rest):
        option = _OPTION.match(rest, position)
        try:
            if option is None:
                raise ValueError(rest[position:])
            metadata[option[1]], position = json.JSONDecoder().raw_decode(rest, option.end())
        except ValueError:
            advice = _('Write key=value pairs with JSON values, as in tags=["exercise"].')
            _fail(
                path, number, _("the cell's options cannot be read: {options}").format(options=rest), advice
            )
        while position < len(rest) and rest[position] == " ":
            position += 1
    return ("markdown" if kind else "code"), metadata


def _markdown_line(line: str, path: Path, number: int) -> str:
    if line.startswith("# "):
        return line[2:]
    if line.startswith("#"):
        return line[1:]
    if line.strip():
        _fail(
            path,
            number,
            _("a line of a markdown cell does not start with “#”"),
            _("Put “# ” before the text."),
        )
    return ""


def _code_line(line: str, path: Path, number: int) -> str:
    magic = _MAGIC.match(line)
    if magic:
        return magic[1] + magic[2]
    if _LOOKS_LIKE_COMMAND.match(line):
        problem = _("Jupytext would take this comment for a command: {comment}").format(comment=line.strip())
        _fail(path, number, problem, _("Begin the comment with a capital letter or another word."))
    return line


def _fail(path: Path, line: int, problem: str, advice: str) -> NoReturn:
    raise TemplateError(
        N_("{file}, line {line}: {problem}."), advice=advice, file=path, line=line, problem=problem
    )
