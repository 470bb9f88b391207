"""Reading the JSON of a request."""

import json
from typing import Any

from starlette.requests import Request

from kit.simulator.errors import ApiError


async def json_object(request: Request) -> dict[str, Any]:
    """Return the decoded body.

    Raises:
        ApiError: it is not a JSON object.
    """
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ApiError(400, "BadRequest", "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "BadRequest", "The request body must be a JSON object.")
    return body
