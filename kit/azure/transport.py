"""How the Azure management client talks to a simulator: over plain HTTP, on a virtual clock.

Two things differ from the real service, and both are official extension points of ``azure-core``: the
bearer-token policy refuses ``http://`` unless told that the line is local, and the poller of a long-running
operation waits by calling its transport's ``sleep``, which here moves the virtual clock. One policy serves
both: it gives connections back that the client would lose.
"""

import json
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport

_SIMULATOR = b"Simulator of Azure OpenAI"  # on its page, in every language
_SCOPE = "https://management.azure.com/.default"


class ReadRefusals(SansIOHTTPPolicy[Any, Any]):
    """Read refusals to their end, which returns their connections.

    Long-running operations stream their first answer, and the retry policy of ``azure-core`` (seen in 1.41)
    tries again without reading the one before: its socket stays open until it is collected as garbage.
    """

    def on_response(self, request: Any, response: Any) -> None:
        """Read an answer that is no success; others are read, or streamed, by who asked."""
        if response.http_response.status_code >= HTTPStatus.BAD_REQUEST:
            response.http_response.read()


class _LocalCredential:
    """A credential for a simulator: the key of its data plane, by which it may tell learners apart."""

    def __init__(self, key: str) -> None:
        self._key = key

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(self._key or "local", int(time.time()) + 3600)


class _LocalPolicy(BearerTokenCredentialPolicy[Any, Any]):
    """The usual policy, allowed to speak to loopback without TLS."""

    def on_request(self, request: Any) -> None:
        request.context.options["enforce_https"] = False
        super().on_request(request)


class _VirtualTimeTransport(RequestsTransport):  # type: ignore[misc, unused-ignore]
    """The usual transport, whose waiting moves the clock of the simulator."""

    def __init__(self, endpoint: str, key: str, **options: Any) -> None:
        super().__init__(**options)
        self._endpoint, self._key = endpoint, key

    def sleep(self, duration: float) -> None:
        """Wait ``duration`` virtual seconds."""
        advance_clock(self._endpoint, duration, self._key)


def advance_clock(endpoint: str, seconds: float, key: str = "") -> float:
    """Move the clock of the simulator at ``endpoint`` forward; return its time in Unix seconds."""
    body = json.dumps({"advance_seconds": seconds}).encode()
    headers = {"Content-Type": "application/json", **({"api-key": key} if key else {})}
    request = urllib.request.Request(f"{endpoint}/simulator/clock", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return float(json.load(answer)["now"])


def is_simulator(endpoint: str) -> bool:
    """Tell whether a simulator answers at an address; nothing secret is sent there to find out."""
    try:
        with urllib.request.urlopen(f"{endpoint}/", timeout=10) as answer:
            return _SIMULATOR in answer.read(10_000)
    except urllib.error.HTTPError as refusal:  # a simulator with a key says no more than what it is
        with refusal:
            return refusal.code == 401 and _SIMULATOR in refusal.read(10_000)
    except (OSError, ValueError):
        return False


def local_management(endpoint: str, key: str = "") -> dict[str, Any]:
    """Return the arguments of a management client for a simulator."""
    credential = _LocalCredential(key)
    return {
        "credential": credential,
        "base_url": endpoint,
        "authentication_policy": _LocalPolicy(credential, _SCOPE),
        "transport": _VirtualTimeTransport(endpoint, key),
    }
