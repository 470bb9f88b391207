"""``expires_after``: when a file, an upload or the results of a batch are deleted by themselves."""

import json
from collections.abc import Mapping
from typing import Any

from kit.simulator.errors import invalid_payload

_LONGEST = 30 * 86_400  # seconds; Microsoft Foundry, "Azure OpenAI batch", October 2026


def read_expiry(asked: Any, shortest: int, param: str = "expires_after") -> int | None:
    """Check ``expires_after`` and return its seconds; None where there is none.

    Args:
        asked: an object with ``anchor`` and ``seconds``, or None.
        shortest: the least seconds that are allowed.
        param: the field it stands in.

    Raises:
        ApiError: it is anything else.
    """
    if asked is None:
        return None
    anchor = asked.get("anchor") if isinstance(asked, Mapping) else None
    if anchor != "created_at":
        raise invalid_payload(f"The anchor of {param} must be 'created_at'.", f"{param}.anchor")
    seconds = asked.get("seconds")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        seconds = int(seconds)  # a form has texts only
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not shortest <= seconds <= _LONGEST:
        raise invalid_payload(
            f"The seconds of {param} must be a whole number from {shortest} to {_LONGEST}.",
            f"{param}.seconds",
        )
    return seconds


def nested(form: Mapping[str, Any], name: str) -> Any:
    """Return an object from a form, which writes it as ``name[key]`` fields or as one field of JSON."""
    fields = {
        key.removeprefix(f"{name}[").removesuffix("]"): value
        for key, value in form.items()
        if key.startswith(f"{name}[") and key.endswith("]")
    }
    if fields:
        return fields
    written = form.get(name)
    if written is None:
        return None
    try:
        return json.loads(written)
    except (TypeError, ValueError, RecursionError):
        return written
