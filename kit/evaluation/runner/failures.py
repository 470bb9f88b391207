"""What an exception of the caller's function means for the run: wait, try again, give up a row, or stop.

The exceptions are read by their attributes (``status_code``, ``response.headers``, ``body``), which those of
``openai`` 1.x to 3.x, ``httpx`` and the Azure clients have in common; no client is imported.
"""

import email.utils
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

# Billed although refused, because the service has worked for it: what the content filter stops, a time-out.
# https://learn.microsoft.com/azure/ai-services/openai/how-to/manage-costs, "HTTP Error response code and
# billing status"
_BILLED_STATUS, _BILLED_CODE = 408, "content_filter"
_AGAIN = {408, 409, 425}  # and everything from 500 up
_NOBODY_IS_LET_IN = {401, 403, 404}
_OF_THE_NETWORK = {"APIConnectionError", "TransportError", "ServiceRequestError", "ServiceResponseError"}
_NOT_CONNECTED = {"ConnectError", "ConnectTimeout", "ConnectionRefusedError", "gaierror"}
_LONGEST_REASON = 300  # characters of the service's own words that a row keeps


class Kind(Enum):
    """What to do about a failure."""

    LIMIT = "limit"  # everybody waits
    TRANSIENT = "transient"  # this request waits
    FINAL = "final"  # the answer to this request will never be another one
    FATAL = "fatal"  # no request will be let in
    FAULT = "fault"  # a mistake in the caller's own function


@dataclass(frozen=True)
class Failure:
    """A failure of one attempt.

    Attributes:
        kind: what to do.
        reason: what happened, for a person.
        status: HTTP status, or None.
        retry_after: seconds that the service asks to wait, or None.
        headers: headers of the response.
        uncertain: the service may have answered, and may send a bill for it.
    """

    kind: Kind
    reason: str
    status: int | None = None
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    uncertain: bool = False


def understand(error: BaseException) -> Failure:
    """Return what an exception means."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _refusal(error, status)
    names = {each.__name__ for each in type(error).__mro__}
    if isinstance(error, OSError | TimeoutError) or names & _OF_THE_NETWORK:
        return Failure(Kind.TRANSIENT, _words(error), uncertain=not _never_arrived(error))
    return Failure(Kind.FAULT, f"{type(error).__name__}: {_words(error)}")


def _never_arrived(error: BaseException | None) -> bool:
    """Tell whether a connection was never made: such a request cannot be on the bill."""
    while error is not None:
        if {each.__name__ for each in type(error).__mro__} & _NOT_CONNECTED:
            return True
        error = error.__cause__ or error.__context__
    return False


def _refusal(error: BaseException, status: int) -> Failure:
    response_headers = getattr(getattr(error, "response", None), "headers", None)
    headers: Mapping[str, str] = response_headers if response_headers is not None else {}
    code = str(getattr(error, "code", "") or "")
    if status in _NOBODY_IS_LET_IN or code == "insufficient_quota":
        # A refused credential can be repeated in the message: it is not quoted.
        words = code or type(error).__name__ if status in {401, 403} else _words(error)
        return Failure(Kind.FATAL, words, status, headers=headers)
    if status == 429:
        return Failure(Kind.LIMIT, _words(error), status, retry_after(headers), headers)
    billed = is_billed(status, code)
    if status in _AGAIN or status >= 500:
        return Failure(Kind.TRANSIENT, _words(error), status, retry_after(headers), headers, billed)
    reason = _words(error)
    shown = f"{code}: {reason}" if code and code not in reason else reason
    return Failure(Kind.FINAL, shown, status, uncertain=billed)


def is_billed(status: int | None, code: str) -> bool:
    """Tell whether the service bills a request that it refused so."""
    return status == _BILLED_STATUS or code == _BILLED_CODE


def _words(error: BaseException) -> str:
    body = getattr(error, "body", None)
    own: Any = body.get("message") if isinstance(body, Mapping) else None
    return str(own or getattr(error, "message", "") or error or type(error).__name__)[:_LONGEST_REASON]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a response asks to wait: ``retry-after-ms`` first, then ``Retry-After``.

    The latter is a number of seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    exact = _number(headers.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000
    text = headers.get("retry-after") or headers.get("Retry-After")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    moment = email.utils.parsedate_tz(text)
    return None if moment is None else max(0.0, email.utils.mktime_tz(moment) - time.time())


def header_number(headers: Mapping[str, str], name: str) -> float | None:
    """Return a header as a number, or None."""
    return _number(headers.get(name))


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and value >= 0 else None
