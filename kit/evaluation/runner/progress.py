"""How far a run is: one line that replaces itself, in a notebook, under papermill and in a terminal.

In a notebook the line is a display that is updated in place. Its updates replace each other in the file, too,
so an hour of progress leaves one line there, and no widget that nobody can read afterwards.
"""

import math
import sys
import time
from collections.abc import Callable

from IPython.core.getipython import get_ipython
from IPython.display import display

from kit.evaluation.runner.caps import Spending
from kit.evaluation.runner.engine import Counts
from kit.i18n import duration, money, number
from kit.i18n import gettext as _

_NOTEBOOK_EVERY, _TERMINAL_EVERY, _FILE_EVERY = 1.0, 0.5, 10.0  # seconds between two updates


def describe(counts: Counts, spending: Spending, total: int | None, seconds: float) -> str:
    """Return a line of figures in the current language.

    Args:
        counts: what happened so far.
        spending: what was spent.
        total: prompts in all, or None if unknown.
        seconds: since the start.
    """
    done = counts.answered + counts.failed
    rows = number(done + counts.known)
    parts = [f"{rows} / {number(total)}" if total is not None else rows]
    if counts.known:
        parts.append(_("{n} from the journal").format(n=number(counts.known)))
    rate = done / seconds if seconds > 0 else 0.0
    if counts.sent:
        parts.append(_("{n} per minute").format(n=number(round(rate * 60))))
        parts.append(_("{n} tokens").format(n=number(spending.prompt_tokens + spending.completion_tokens)))
        if spending.price is not None:
            parts.append(money(spending.cost, decimals=4))
    if counts.failed:
        parts.append(_("{n} failed").format(n=number(counts.failed)))
    left = 0 if total is None else max(0, total - done - counts.known - counts.duplicates)
    if left and rate > 0:
        parts.append(_("{time} left").format(time=duration(math.ceil(left / rate), "second")))
    return " · ".join(parts)


class Progress:
    """A line that is kept up to date.

    Args:
        text: makes the line.
        now: the clock, in seconds.
    """

    def __init__(self, text: Callable[[], str], now: Callable[[], float] = time.monotonic) -> None:
        self._text = text
        self._now = now
        self._shown = ""
        self._at = now()
        shell = get_ipython()
        self._notebook = shell is not None and getattr(shell, "kernel", None) is not None
        self._terminal = not self._notebook and sys.stderr.isatty()
        self._every = (
            _NOTEBOOK_EVERY if self._notebook else _TERMINAL_EVERY if self._terminal else _FILE_EVERY
        )
        self._handle = display(self, display_id=True) if self._notebook else None

    def __repr__(self) -> str:
        return self._shown

    def glance(self) -> None:
        """Update the line if it is time to."""
        if self._now() - self._at >= self._every:
            self._show()

    def finish(self) -> None:
        """Show the final state."""
        self._show()
        if self._terminal:
            sys.stderr.write("\n")

    def _show(self) -> None:
        self._at = self._now()
        text = self._text()
        if text == self._shown:
            return
        width = len(self._shown)
        self._shown = text
        if self._handle is not None:
            self._handle.update(self)
        else:
            sys.stderr.write(f"\r{text:<{width}}" if self._terminal else f"{text}\n")
            sys.stderr.flush()
