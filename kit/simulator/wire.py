"""How the simulator writes JSON."""

import json
from typing import Any

from starlette.responses import Response

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: it is most of the work


def compact(body: Any) -> bytes:
    """Return ``body`` as JSON; half a surrogate pair, which UTF-8 has no place for, becomes "?"."""
    return _ENCODER.encode(body).encode("utf-8", "replace")


def encoded(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(compact(body), status, headers, media_type="application/json")
