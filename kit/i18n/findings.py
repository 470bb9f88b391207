"""What a check reports: where, what, why it matters, and what to do."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """Something wrong with one translation, without the place: a check knows only the texts.

    Attributes:
        rule: short name of the check.
        reason: what is wrong.
        fix: what to do about it.
    """

    rule: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Finding:
    """A problem at a place.

    Attributes:
        severity: an ``error`` fails ``kit check``; a ``warning`` asks a person to look.
        rule: short name of the check.
        file: the file, relative to the repository where it lies in it.
        line: line of the file, counted from 1; 0 means the whole file.
        subject: the message or text that is meant, shortened.
        reason: what is wrong.
        fix: what to do about it.
    """

    severity: Severity
    rule: str
    file: str
    line: int
    subject: str
    reason: str
    fix: str


def shortened(text: str, width: int = 70) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
