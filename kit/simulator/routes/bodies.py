"""Reading the JSON of a request."""

from typing import Any

from starlette.requests import Request

from kit.simulator.decoding import decoded_object


async def json_object(request: Request) -> dict[str, Any]:
    """Return the decoded body.

    Raises:
        ApiError: it is not a JSON object.
    """
    return decoded_object(await request.body())
