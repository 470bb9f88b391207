"""What the commands share in talking to a person: errors, marks, and whether a terminal is there."""

from dataclasses import dataclass
from typing import Literal

import click

from kit.errors import KitError
from kit.i18n import gettext as _

Mark = Literal["✓", "!", "✗"]
LOCALE_CHOSEN = "kit.locale"  # where a click context keeps what `kit --locale` was given
_COLOURS = {"✓": "green", "!": "yellow", "✗": "red"}


@dataclass(frozen=True)
class Finding:
    """One line of the examination: a mark, what was found, and what to do about it."""

    mark: Mark
    text: str
    advice: str = ""


def show_error(error: KitError) -> None:
    """Print an error, and below it what to do next, to the standard error stream."""
    first, *advice = str(error).split("\n")
    word = click.style(_("Error:"), fg="red", bold=True)
    click.echo(f"{word} {first}", err=True)
    for line in advice:
        click.echo(f"  {line}", err=True)


def annotation(severity: str, title: str, text: str, file: str = "", line: int = 0) -> str:
    """Return a workflow command of GitHub that annotates a run, or a line of a file.

    The escapes are those of GitHub's toolkit (core/src/command.ts).
    """
    properties = {"file": file, "line": str(line or ""), "title": title}
    shown = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items() if value)
    return f"::{severity} {shown}::{_escaped(text)}"


def _escaped(text: str, further: str = "") -> str:
    for sign in f"%\r\n{further}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def show_line(mark: Mark, text: str, *details: str) -> None:
    """Print one finding with its mark, and below it what belongs to it."""
    click.echo(f"{click.style(mark, fg=_COLOURS[mark])} {text}")
    for detail in details:
        for line in detail.split("\n"):
            click.echo(f"    {line}")
