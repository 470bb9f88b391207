"""Tables and notes as a notebook shows them: HTML where it can be drawn, text where it cannot."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from kit.notebooks.spans import display_width

_CELL = "padding:.35em .7em;vertical-align:top;text-align:{align};{breaks}"
# A browser gives the columns of a table room by their longest word. A signature is one long word, and Chinese
# has words of one character: without this, short cells would be squeezed until they stand on end.
_SHORT = 24  # columns of a terminal; a cell up to this stays on its line
_BREAKS = {True: "white-space:pre", False: "white-space:pre-line;overflow-wrap:anywhere"}


@dataclass(frozen=True)
class Table:
    """Rows under headings; the last expression of a cell draws it.

    Attributes:
        headings: one text a column.
        rows: as many texts a row as there are headings.
        caption: what the table shows; read aloud by screen readers, drawn above the table. Without rows it is
            all that is shown.
        numeric: indexes of the columns that hold figures and are set flush right.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numeric: frozenset[int] = field(default_factory=frozenset)

    def __repr__(self) -> str:
        if not self.rows:
            return self.caption
        columns = list(zip(*([self.headings, *self.rows]), strict=True))
        widths = [
            max(display_width(line) for text in column for line in text.split("\n")) for column in columns
        ]
        lines = [self.caption] if self.caption else []
        for row in (self.headings, *self.rows):
            lines += self._lines(row, widths)
        return "\n".join(lines)

    def _lines(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        """Return the text lines of one row: as many as its tallest cell has."""
        cells = [text.split("\n") for text in row]
        lines = []
        for number in range(max(map(len, cells))):
            parts = []
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
                text = cell[number] if number < len(cell) else ""
                fill = " " * (width - display_width(text))
                parts.append(fill + text if column in self.numeric else text + fill)
            lines.append("  ".join(parts).rstrip())
        return lines

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{html.escape(self.caption)}</p>"
        style = "text-align:left;font-weight:600;white-space:nowrap"
        caption = f"<caption style='{style}'>{html.escape(self.caption)}</caption>"
        head = "".join(
            self._cell("th" if text else "td", index, text)  # an empty header cell has nothing to announce
            for index, text in enumerate(self.headings)
        )
        body = "".join(
            "<tr>" + "".join(self._cell("td", index, text) for index, text in enumerate(row)) + "</tr>"
            for row in self.rows
        )
        top = f"{caption if self.caption else ''}<thead><tr>{head}</tr></thead>"
        return f"<table>{top}<tbody>{body}</tbody></table>"

    def _cell(self, tag: str, column: int, text: str) -> str:
        align = "right" if column in self.numeric else "left"
        scope = " scope='col'" if tag == "th" else ""
        short = max(map(display_width, text.split("\n"))) <= _SHORT
        style = _CELL.format(align=align, breaks=_BREAKS[short])
        return f"<{tag}{scope} style='{style}'>{html.escape(text)}</{tag}>"
