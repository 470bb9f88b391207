"""The service's errors, in its own words: ``{"error": {"code": …, "message": …}}``.

These texts travel over the wire to a client that believes it talks to Azure; they are never translated.
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kit.simulator.profiles import AZURE, Profile
from kit.simulator.wire import encoded


class ApiError(Exception):
    """An answer other than success.

    Args:
        status: HTTP status.
        code: the service's own code.
        message: one or more sentences in English.
        param: the request's field at fault, if it is one.
        kind: ``type`` of the error, which model endpoints add.
        headers: additional response headers.
        extras: additional fields of the error, such as ``innererror``.
    """

    def __init__(  # noqa: PLR0913 - the fields of the wire format
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        kind: str | None = None,
        headers: dict[str, str] | None = None,
        extras: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind
        self.headers = headers
        self.extras = extras or {}

    def shown(self) -> dict[str, Any]:
        """Return what stands under ``error``."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.param is not None:
            error["param"] = self.param
        if self.kind is not None:
            error["type"] = self.kind
        return error | self.extras

    def response(self, profile: Profile = AZURE) -> Response:
        """Return the error as a profile sends it."""
        return encoded({"error": profile.error(self.shown())}, self.status, self.headers)


def invalid_payload(message: str, param: str | None = None) -> ApiError:
    """Return the refusal of a request to the files or fine-tuning operations."""
    return ApiError(400, "invalidPayload", message, param=param)


def not_tunable() -> ApiError:
    """Return the refusal of a model that cannot be fine-tuned (wording: Azure OpenAI service, 2026)."""
    return invalid_payload("The specified base model does not support fine-tuning.", "model")


def not_found(what: str) -> ApiError:
    """Return the answer for a file, job or model that does not exist."""
    return ApiError(404, "notFound", f"{what} not found.")


def wrong_state(message: str) -> ApiError:
    """Return the refusal of an operation that does not fit the resource's state."""
    return ApiError(400, "unexpectedEntityState", message)


def unauthorized() -> ApiError:
    """Return the answer to a missing or wrong key (wording: Azure OpenAI service, 2026)."""
    return ApiError(
        401,
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
        "key for an active subscription and use a correct regional API endpoint for your resource.",
    )


def deployment_not_found() -> ApiError:
    """Return the answer for a deployment that does not exist or is not ready yet."""
    return ApiError(
        404,
        "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again.",
    )


def not_kept() -> ApiError:
    """Return the answer where what was asked for cannot be written to the state file."""
    return ApiError(503, "ServiceUnavailable", "The simulator cannot write its state file; restart it.")


def defect() -> ApiError:
    """Return the answer for a mistake of the simulator itself, without its details."""
    return ApiError(500, "InternalServerError", "The simulator made a mistake.")


def too_large(limit: int) -> ApiError:
    """Return the refusal of a body of more than ``limit`` bytes."""
    return ApiError(413, "RequestEntityTooLarge", f"The request body is larger than {limit} bytes.")


async def answer_api_error(request: Request, error: Exception) -> Response:
    """Turn an :class:`ApiError` into its response."""
    assert isinstance(error, ApiError)
    return error.response(request.app.state.profile)


async def answer_nobody(_request: Request, _error: Exception) -> Response:
    """End the handling of a request whose client has gone before it was complete."""
    return Response(status_code=499)  # nginx's number for it; nobody receives it


async def answer_http_exception(_request: Request, error: Exception) -> Response:
    """Turn the framework's own refusals (unknown route, method, broken form) into the service's envelope."""
    assert isinstance(error, HTTPException)
    message = "Resource not found" if error.status_code == 404 else error.detail
    headers = dict(error.headers) if error.headers else None  # such as Allow
    return ApiError(error.status_code, str(error.status_code), message, headers=headers).response()
