"""A log of requests, for who wants one: when, what, how it ended, how long it took.

Keys, queries, headers and bodies never reach it. Paths do, and come from anybody: what could steer a
terminal, or look like more than one line, stays in its percent encoding.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.simulator import access

Write = Callable[[str], None]

_LONGEST_PATH = 200  # characters
_SECRET = 8  # characters: what is shorter and sent as a key, where any will do, is no secret


class RequestLog:
    """An application that writes a line about each request of another.

    Args:
        app: what answers.
        write: takes a line, without its end. Where it fails, requests are answered all the same.
        keys: what must not be seen in a path either.
    """

    def __init__(self, app: ASGIApp, write: Write, keys: Sequence[str] = ()) -> None:
        self._app = app
        self._write = write
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, moment, status = time.perf_counter(), datetime.now(), "-"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        path = self._shown(scope)  # now: a mount shortens it
        try:
            await self._app(scope, receive, noted)
        finally:
            milliseconds = (time.perf_counter() - begun) * 1000
            line = f"{moment:%Y-%m-%d %H:%M:%S} {visible(scope['method'])} {path} {status} {milliseconds:.1f}"
            with contextlib.suppress(OSError):  # whoever read along has gone
                self._write(line)

    def _shown(self, scope: Scope) -> str:
        path = str(scope["path"])
        sent = access.key(scope) or access.password(scope)
        secrets = [*self._keys, *([sent.decode("latin-1")] if len(sent) >= _SECRET else [])]
        for secret in secrets:
            path = path.replace(secret, "***")
        shown = visible(path)
        return shown if len(shown) <= _LONGEST_PATH else f"{shown[:_LONGEST_PATH]}…"


def visible(text: str) -> str:
    """Return ``text`` with everything but letters, digits and signs in percent encoding."""
    return "".join(
        each if each.isprintable() and not each.isspace() else quote(each, errors="replace") for each in text
    )
