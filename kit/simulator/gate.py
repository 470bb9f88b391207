"""What happens to a request before its operation: size limits, authentication, ``api-version``.

Plain ASGI: the framework's own middleware classes would cost more than everything else here.
"""

import logging
import time
from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.errors import StateFileError
from kit.simulator import access
from kit.simulator.errors import ApiError, defect, not_kept, too_large, unauthorized
from kit.simulator.files.files import LARGEST_FILE
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.journal import Journal
from kit.simulator.recent import RecentRequests

_SERVER_LOG = logging.getLogger("uvicorn.error")
_LARGEST_BODY = 16 * 1024 * 1024  # bytes; generous for a chat history
_VERSIONS = {"v1", "preview"}  # what the v1 address may be told, and need not
_FORM_OVERHEAD = 64 * 1024  # bytes of a multipart form around its file


class DataPlaneGate:
    """Lets a request of the data plane through if it carries a key, or answers 401.

    Args:
        app: what comes after.
        keys: the accepted keys; any non-empty one, if there are none.
        needs_version: whether the query must have an ``api-version``.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[str], *, needs_version: bool = False) -> None:
        self._app = app
        self._keys = keys
        self._needs_version = needs_version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if not access.accepts(access.key(scope), self._keys):
            raise unauthorized()
        if (refusal := self._version_refusal(scope)) is not None:
            raise ApiError(400, "BadRequest", refusal)
        await self._app(scope, receive, send)

    def _version_refusal(self, scope: Scope) -> str | None:
        # Decoded first: given bytes, parse_qs fails on what is not ASCII once unquoted.
        query = scope["query_string"].decode("latin-1")
        versions = parse_qs(query, keep_blank_values=True).get("api-version", [])
        if self._needs_version:
            return None if any(versions) else "Missing required query parameter: api-version"
        return None if set(versions) <= _VERSIONS else "API version not supported"


class ManagementGate:
    """Lets a request of Azure Resource Manager through if it carries a bearer token, or answers 401.

    Args:
        app: what comes after.
        keys: the accepted tokens, the same as the keys of the data plane: a simulator knows no identities.
            Any token, if there are none.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        token = access.bearer(scope)
        if not token:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise ApiError(401, "AuthenticationFailed", message)
        if not access.accepts(token, self._keys):
            raise ApiError(401, "InvalidAuthenticationToken", "The access token is invalid.")
        await self._app(scope, receive, send)


class Envelope:
    """The outermost layer: limits bodies, names and notes each request, and lets no answer out too early.

    What goes wrong inside becomes an answer like any other here, unless one has begun: then all that is left
    is to break it off. Mistakes of the simulator go to the server's log, for whoever runs it.

    Args:
        app: what comes after.
        identifiers: where the names of responses come from.
        journal: what has to be on the disk before a client hears of it.
        recent: where requests are noted.
    """

    def __init__(
        self, app: ASGIApp, identifiers: Identifiers, journal: Journal, recent: RecentRequests
    ) -> None:
        self._app = app
        self._identifiers = identifiers
        self._journal = journal
        self._recent = recent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._identifiers.uuid("request").encode()
        begun, status = time.perf_counter(), 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(b"x-request-id", request_id), (b"apim-request-id", request_id)]
            await send(message)

        async def acknowledged(message: Message) -> None:
            await self._journal.acknowledged()
            await named(message)

        limit = _limit(scope)
        length = Headers(scope=scope).get("content-length", "")
        try:
            if length.isdigit() and int(length) > limit:
                await too_large(limit).response()(scope, receive, acknowledged)
            else:
                await self._app(scope, _limited(receive, limit), acknowledged)
        except Exception as problem:
            if status:
                raise
            known = isinstance(problem, StateFileError)
            await (not_kept() if known else defect()).response()(scope, receive, named)
            if (
                not known
            ):  # raised on, it would cost the client its connection, and the request after this one
                _SERVER_LOG.error("A mistake of the simulator", exc_info=problem)
        finally:
            self._recent.add(scope, status, time.perf_counter() - begun)


def _limit(scope: Scope) -> int:
    # A part of an upload may be as large as a file (Azure OpenAI authoring API 2024-10-21, "Add part").
    carries_file = scope["path"].endswith(("/files", "/parts"))
    return LARGEST_FILE + _FORM_OVERHEAD if carries_file else _LARGEST_BODY


def _limited(receive: Receive, limit: int) -> Receive:
    """Return ``receive``, but with an end to what it gives: a body need not announce its length."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise too_large(limit)
        return message

    return counted
