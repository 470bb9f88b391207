"""How a long command ends when it is told to."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ends_when_terminated() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does: the kernel stops and what there is gets written."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
