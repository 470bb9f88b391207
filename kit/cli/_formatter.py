"""The layout of help pages, for languages too whose characters take two columns and know no spaces."""

import re
from collections.abc import Iterable

import click

from kit.i18n import gettext as _
from kit.notebooks.spans import display_width, wrap

_SPACES = re.compile(r"[ \n]+")  # and not those that no line may be broken at


class HelpFormatter(click.HelpFormatter):
    """Breaks lines by their width on a terminal; click itself counts characters and breaks at spaces."""

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section, with the colon of the language."""
        self.write(" " * self.current_indent + _("{heading}:").format(heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, which blank lines separate."""
        margin = " " * self.current_indent
        self.write("\n\n".join(self._paragraphs(text, self.width - self.current_indent, margin)) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms with their explanations beside them, or below a term that is too long for that."""
        rows = list(rows)
        column = min(max((display_width(term) for term, _text in rows), default=0), col_max) + col_spacing
        before = " " * self.current_indent
        margin = before + " " * column
        for term, text in rows:
            paragraphs = self._paragraphs(text, max(self.width - len(margin), 10), margin)
            explained = "\n\n".join(paragraphs)
            if explained and display_width(term) <= column - col_spacing:
                gap = " " * (column - display_width(term))
                self.write(f"{before}{term}{gap}{explained.removeprefix(margin)}\n")
            else:
                self.write(f"{before}{term}\n" + (explained and f"{explained}\n"))

    @staticmethod
    def _paragraphs(text: str, width: int, margin: str) -> list[str]:
        paragraphs = [_SPACES.sub(" ", each).strip(" ") for each in text.split("\n\n")]
        return ["\n".join(margin + line for line in wrap(each, width)) for each in paragraphs if each]


class Context(click.Context):
    """A command's context whose help pages are laid out here."""

    formatter_class = HelpFormatter


def laid_out(command: click.Command) -> click.Command:
    """Let a command, and those below it, lay out their help as this module does; return the command."""
    command.context_class = Context
    for each in getattr(command, "commands", {}).values():
        laid_out(each)
    return command
