"""Keeping credentials out of what a kernel sends: printed text, results, errors, and the echo of the input.

Everything a kernel tells a notebook is packed into messages by one function of its session.
:func:`install` puts a filter around that function, so that no output that a notebook stores holds a known
secret, whoever runs the notebook: JupyterLab, papermill, nbmake. What is split over two messages is not
seen; ``kit run`` looks at the finished notebook once more.

What a child process writes, a kernel sends as well, and passes it on to the terminal that it was started
from, which may be the log of a server: that way goes through the same filter.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from kit import settings
from kit.notebooks.parameters import refuse_secret
from kit.notebooks.secrets import spellings

_MARK = "_kit_guarded"
_LONG = 16  # characters from which on a name alone can make a value a secret


def install() -> None:
    """Guard the running kernel; does nothing outside of one, or when it is guarded already."""
    from IPython import get_ipython

    session = getattr(getattr(get_ipython(), "kernel", None), "session", None)
    if session is not None and not getattr(session.pack, _MARK, False):
        session.pack = guarded(session.pack)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "watch_fd_thread"):
                _guard_terminal(stream.fileno())


def guarded(pack: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """Return ``pack`` with the secrets that are known at the time of a call replaced by their names."""

    def packed(content: Any) -> bytes:
        return _cleared(pack(content))

    setattr(packed, _MARK, True)
    return packed


def _cleared(message: bytes) -> bytes:
    for name, secret in settings.known_secrets().items():
        for spelling in spellings(secret):
            message = message.replace(spelling.encode(), f"[{name}]".encode())
    return message


def _guard_terminal(descriptor: int) -> None:
    """Put the filter between a kernel and the terminal to which a descriptor leads."""
    terminal = os.dup(descriptor)
    source, sink = os.pipe()
    os.dup2(sink, descriptor)
    os.close(sink)

    def pass_on() -> None:
        while written := os.read(source, 65_536):
            os.write(terminal, _cleared(written))

    threading.Thread(target=pass_on, name="terminal", daemon=True).start()


def refuse_secrets(namespace: Mapping[str, Any]) -> None:
    """Make sure that no parameter of a notebook holds a secret.

    Raises:
        UsageError: one does, by its name or by its value; the message does not repeat it.
    """
    for name, value in namespace.items():
        if name.startswith("_") or not isinstance(value, str) or not value:
            continue
        # Later cells may have used a name such as `token` for a word, and this cell may be run again.
        speaks = len(value) >= _LONG and not any(map(str.isspace, value))
        refuse_secret(name, value, name_counts=speaks)
