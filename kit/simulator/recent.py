"""The last requests that a simulator has answered, for its page: no key, prompt, query or value."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope

_KEPT = 50


@dataclass(frozen=True, slots=True)
class Handled:
    """One request.

    Attributes:
        method: of HTTP.
        path: with the names of parameters instead of their values, such as ``/openai/v1/files/{file_id}``.
        status: of the answer; 0 where the connection ended without one.
        milliseconds: from the request's head to the answer's end.
    """

    method: str
    path: str
    status: int
    milliseconds: float


class RecentRequests:
    """The newest requests, at most 50.

    Attributes:
        total: how many there have been.
    """

    def __init__(self) -> None:
        self.total = 0
        self._kept: deque[tuple[str, str, Any, int, float]] = deque(maxlen=_KEPT)

    def add(self, scope: Scope, status: int, seconds: float) -> None:
        """Keep what is needed of a request; its path is put together only when somebody looks."""
        self.total += 1
        self._kept.append((scope["method"], scope.get("root_path", ""), scope.get("route"), status, seconds))

    def __iter__(self) -> Iterator[Handled]:
        """Yield the requests, newest first."""
        for kept in reversed(self._kept):
            yield _handled(*kept)


def _handled(method: str, root: str, route: Any, status: int, seconds: float) -> Handled:
    if root.startswith("/api/projects/"):
        root = "/api/projects/{project}/openai/v1"
    # Without a route the address does not exist; a route without methods is a mount: nothing below it fits.
    rest = "/…" if route is None or not hasattr(route, "methods") else route.path
    known = method if method.isascii() and method.isalpha() and len(method) <= 10 else "?"
    return Handled(known, root + rest, status, seconds * 1000)
