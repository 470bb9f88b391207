"""Checking the bodies of requests against shapes, and refusing them in the service's words.

A shape is a pydantic model in strict mode: what is no integer on the wire is not made one. Fields it does not
name are let through, as clients send parameters of the service that the public document does not know.
Codes and wording: OpenAI API, errors of parameter validation, 2026.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from kit.simulator.errors import ApiError

_EXPECTED = {
    "int": "an integer",
    "float": "a decimal",
    "string": "a string",
    "bool": "a boolean",
    "list": "an array",
    "dict": "an object",
    "model": "an object",
}
_CALLED = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", type(None): "null"}
_BOUNDS = {
    "greater_than_equal": ("ge", ">=", "below_min"),
    "less_than_equal": ("le", "<=", "above_max"),
}
_ABSENT = {"missing", "union_tag_invalid", "union_tag_not_found"}
_LENGTHS = {
    "too_long": "array",
    "string_too_long": "string",
    "too_short": "array",
    "string_too_short": "string",
}


class Shape(BaseModel):
    """The base of all shapes.

    Attributes:
        never_null: fields that may be left out but not sent as null.
    """

    never_null: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


S = TypeVar("S", bound=Shape)


def checked(shape: type[S], body: Any, place: str = "") -> S:
    """Return ``body`` as a ``shape``; ``place`` is where it stands in the request, if not at its top.

    Raises:
        ApiError: a field is missing, of another type or out of its range; ``param`` names it.
    """
    for name in shape.never_null:
        if name in body and body[name] is None:
            raise refusal(name, f"Invalid type for '{name}': got null instead of a value.", "invalid_type")
    try:
        return shape.model_validate(body)
    except ValidationError as problem:
        details = problem.errors(include_url=False)
    located = [(_place(found, body), found) for found in details]
    # Of the alternatives of a union, the one whose complaint lies deepest is the one that was meant, and one
    # that complains about more than the type.
    param, found = max(located, key=_meant)
    if place:
        param = f"{place}.{param}" if param else place
    raise refusal(param, *_described(param, found))


def _meant(located: tuple[str, ErrorDetails]) -> tuple[bool, int]:
    param, found = located
    return not found["type"].endswith("_type"), param.count(".") + param.count("[")


def refusal(param: str | None, message: str, code: str | None = None) -> ApiError:
    """Return the refusal of one parameter of a model operation."""
    return ApiError(400, code or "invalid_value", message, param=param, kind="invalid_request_error")


def _place(found: ErrorDetails, body: Any) -> str:
    """Return a location such as ``messages[0].content``, without the names of union members in it."""
    here, place = body, ""
    location = [*found["loc"]]
    if found["type"].startswith("union_tag"):
        location.append(found["ctx"]["discriminator"].strip("'"))
    for position, step in enumerate(location):
        if isinstance(step, int) and isinstance(here, Sequence) and step < len(here):
            place += f"[{step}]"
            here = here[step]
        elif isinstance(step, str) and isinstance(here, Mapping):
            last = position == len(location) - 1
            if step in here or (last and found["type"] in _ABSENT):
                place += f".{step}" if place else step
                here = here.get(step)
    return place


def _described(  # noqa: PLR0911 - one for each kind of complaint
    param: str, found: ErrorDetails
) -> tuple[str, str]:
    """Return message and code of a complaint."""
    kind, context, given = found["type"], found.get("ctx", {}), found["input"]
    if kind in {"missing", "union_tag_not_found"}:
        return f"Missing required parameter: '{param}'.", "missing_required_parameter"
    if kind in _BOUNDS:
        key, sign, code = _BOUNDS[kind]
        number = "decimal" if isinstance(context[key], float) else "integer"
        words = "below minimum" if code == "below_min" else "above maximum"
        bound = f"{context[key]:g}" if number == "decimal" else context[key]
        return (
            f"Invalid '{param}': {number} {words} value. "
            f"Expected a value {sign} {bound}, but got {_shortened(given)} instead.",
            f"{number}_{code}_value",
        )
    if kind == "string_pattern_mismatch":
        return (
            f"Invalid '{param}': string does not match pattern. "
            f"Expected a string that matches the pattern '{context['pattern']}'.",
            "invalid_value",
        )
    if kind in _LENGTHS:
        return _length(param, _LENGTHS[kind], context)
    if kind in {"literal_error", "union_tag_invalid"}:
        supported = context.get("expected") or context["expected_tags"]
        shown = context.get("tag") or _shortened(given)
        return f"Invalid value: '{shown}'. Supported values are: {supported}.", "invalid_value"
    expected = next((words for name, words in _EXPECTED.items() if kind.startswith(name)), None)
    if expected is None:
        return f"Invalid value for '{param}'.", "invalid_value"
    got = _CALLED.get(type(given), "an array" if isinstance(given, list) else "an object")
    return f"Invalid type for '{param}': expected {expected}, but got {got} instead.", "invalid_type"


def _length(param: str, what: str, context: Mapping[str, Any]) -> tuple[str, str]:
    if "max_length" in context:
        bound, side, words = context["max_length"], "above_max", "maximum"
    else:
        bound, side, words = context["min_length"], "below_min", "minimum"
    if what == "array" and bound == 1 and side == "below_min":
        return (
            f"Invalid '{param}': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            "empty_array",
        )
    size = "too long" if side == "above_max" else "too short"
    message = f"Invalid '{param}': {what} {size}. Expected {_AN[what]} with {words} length {bound}."
    return message, f"{what}_{side}_length"


_AN = {"array": "an array", "string": "a string"}
_LONGEST_SHOWN = 60


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
