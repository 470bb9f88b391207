"""Reading JSON that somebody else wrote."""

import json
from typing import Any

from kit.simulator.errors import ApiError

_DEEPEST = 100  # what is nested deeper could not be written again


def decoded_object(raw: bytes) -> dict[str, Any]:
    """Return a JSON object whose texts are all Unicode and whose numbers are all finite.

    Half a surrogate pair can be written in JSON, but neither a tokenizer nor UTF-8 takes it; it becomes "?".

    Raises:
        ApiError: it is none, or is nested too deeply.
    """
    try:
        body = json.loads(raw, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise ApiError(400, "BadRequest", "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "BadRequest", "The request body must be a JSON object.")
    if raw.count(b"[") + raw.count(b"{") > _DEEPEST and _too_deep(body):
        raise ApiError(400, "BadRequest", "The request body is nested too deeply.")
    if b"\\ud" in raw or b"\\uD" in raw:
        body = _mended(body)
    return dict(body)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:  # infinite or not a number
        raise ValueError("JSON has finite numbers only")
    return number


def _too_deep(body: Any) -> bool:
    level = [body]
    for _ in range(_DEEPEST):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    return value
