"""Segments: the stretches of a source text that hold a message, and how to put a translation in their place.

Nothing here re-renders anything. A segment knows which characters of the original text it stands for;
replacing no segment gives the original back, byte for byte.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """How a marked string stands in its code cell.

    Attributes:
        source: the author's own literal, without the call around it.
        formatted: whether it is an f-string.
        bracketed: whether it may run over several lines without brackets of its own.
        column: where the call around it starts; further lines of the literal align with it.
    """

    source: str
    formatted: bool
    bracketed: bool
    column: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A message and the characters ``start`` to ``end`` of the source that its translation replaces.

    Attributes:
        continuation: what starts a further line of the translation; ``None`` where it must stay on one line.
        width: display columns at which the translation wraps; 0 never wraps.
        literal: set for a marked string of a code cell.
    """

    start: int
    end: int
    msgid: str
    kind: str
    line: int
    continuation: str | None = None
    width: int = 0
    literal: Literal | None = None


# What Markdown parsers trim from the ends of a block.
_SPACES = "\t\n\x0b\x0c\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


class SourceLines:
    """The lines of a text with their offsets, split exactly as markdown-it splits them."""

    _END = re.compile(r"\r\n?|\n")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        self.lines: list[str] = []
        for match in self._END.finditer(text):
            self.lines.append(text[self.starts[-1] : match.start()].replace("\0", "\ufffd"))
            self.starts.append(match.end())
        self.lines.append(text[self.starts[-1] :].replace("\0", "\ufffd"))
        first_end = self._END.search(text)
        self.end_of_line = first_end[0] if first_end else "\n"

    def normalized(self) -> str:
        """Return the text as the parser wants it: line feeds only, one of them at the end."""
        return "\n".join(self.lines) + "\n"


class Located:
    """Text that a parser took out of some source lines, with its way back to them.

    Parsers drop the indentation and the markers of containers before each line; what is left is the tail
    of the source line, so every line is found from its end.

    Raises:
        ValueError: the content is not in the source, because the parser made it up.
    """

    def __init__(self, source: SourceLines, first_line: int, content: str) -> None:
        lines = content.split("\n")
        while lines[0].strip(_SPACES) not in source.lines[first_line]:
            first_line += 1  # the parser takes a line of exotic spaces for text, and trims it off again
            if first_line == len(source.lines):
                raise ValueError(content)
        self._source = source
        self.first_line = first_line
        self._line_starts: list[int] = []  # offset of each line in self.text
        self._origins: list[int] = []  # offset of each line in the source
        self.margins: list[str] = []  # what stands before each line in the source
        parts: list[str] = []
        length = 0
        for index, line in enumerate(lines):
            original = source.lines[first_line + index]
            tail = line.strip(_SPACES)
            start = _start(tail, original)
            parts.append(tail if index == len(lines) - 1 else original[start:])
            self._line_starts.append(length)
            self._origins.append(source.starts[first_line + index] + start)
            self.margins.append(original[:start])
            length += len(parts[-1]) + 1
        self.text = "\n".join(parts)

    def origin(self, offset: int) -> int:
        """Return where a character of :attr:`text` stands in the source."""
        line = self.line(offset)
        return self._origins[line] + offset - self._line_starts[line]

    def line(self, offset: int) -> int:
        """Return on which line of :attr:`text`, counted from 0, an offset lies."""
        line = len(self._line_starts) - 1
        while self._line_starts[line] > offset:
            line -= 1
        return line

    def continuation(self, line: int) -> str:
        """Return line end and margin for a translation that goes on after ``line``."""
        if line + 1 < len(self.margins):
            margin = self.margins[line + 1]
        else:
            margin = re.sub(r"[^>\s]", " ", self.margins[line])
        return self._source.end_of_line + margin


def _start(tail: str, line: str) -> int:
    """Return where ``tail`` starts; only a heading's or title's closing signs may stand behind it."""
    trimmed = line.rstrip(_SPACES)
    return len(trimmed) - len(tail) if trimmed.endswith(tail) else line.rindex(tail)


def splice(text: str, replacements: Iterable[tuple[int, int, str]]) -> str:
    """Return ``text`` with every ``(start, end, new)`` put in; the stretches must not overlap."""
    parts: list[str] = []
    position = 0
    for start, end, new in sorted(replacements):
        parts += (text[position:start], new)
        position = end
    parts.append(text[position:])
    return "".join(parts)


def is_wide(character: str) -> bool:
    """Tell whether a character takes two columns, as Han characters and full-width punctuation do."""
    return unicodedata.east_asian_width(character) in "WF"


def display_width(text: str) -> int:
    """Return the columns that ``text`` takes in a fixed-width font."""
    if text.isascii():  # most lines: counting them one by one took a tenth of the time of rendering
        return len(text)
    return sum(2 if is_wide(character) else 1 for character in text)


def join_lines(lines: Iterable[str]) -> str:
    """Join wrapped lines to one: with a space, but with none between two wide characters."""
    joined = ""
    for line in (line.strip() for line in lines):
        glue = " " if joined and line and not (is_wide(joined[-1]) and is_wide(line[0])) else ""
        joined += glue + line
    return joined


# A break is allowed at a space, and between two wide characters unless the second closes or ends something.
_BREAK = re.compile(r" +|(?<=[\u2e80-\u9fff\uff00-\uffef])(?=[\u2e80-\u2fff\u3005-\u3007\u3040-\u9fff])")


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` columns where words allow (undone by `join_lines`)."""
    lines: list[str] = []
    current = ""
    position = 0
    for match in [*_BREAK.finditer(text), None]:
        word = text[position : match.start() if match else len(text)]
        if current and display_width(current + word) > width:
            lines.append(current.rstrip(" "))
            current = word
        else:
            current += word
        if match:
            current += match[0]
            position = match.end()
    return [*lines, current.rstrip(" ")]
