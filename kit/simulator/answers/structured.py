"""Answers that are JSON: ``response_format`` and the arguments of tools.

The model writes text. Here its text becomes a value that a JSON schema describes: what it already wrote as
such JSON stays as it is; otherwise the text chooses among listed values and fills what is free.

``jsonschema`` is imported where it is used: with the formats that JupyterLab installs, it builds a grammar on
import, which takes four seconds of processor time in every kernel that starts a simulator.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_DEEPEST = 12  # a schema that refers to itself ends somewhere
_MOST_PARTS = 1_000  # a list of lists of lists would otherwise never end
_NO_OBJECT = "schema must be a JSON Schema of 'type: \"object\"', got something else."
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_YES = re.compile(r"\b(yes|true|sim|sí|oui|aye)\b|是", re.IGNORECASE)
_CAPITALIZED = re.compile(r"(?<=[\s,(¿¡「“])[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*")
_UNSUPPORTED = {  # in strict schemas; Microsoft Foundry, "Structured outputs", October 2026
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "multipleOf", "patternProperties",
    "unevaluatedProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedItems",
    "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems",
}  # fmt: skip


def problem_of(schema: Any, *, strict: bool) -> str | None:
    """Return why a schema cannot be used, in the service's words, or None.

    Args:
        schema: as the client sent it.
        strict: whether the rules of strict structured outputs hold.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        return f"schema is not a valid JSON Schema: {problem.message[:200]}"
    except RecursionError:
        return "schema is nested too deeply"
    if not strict:
        return None
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return _NO_OBJECT
    return _strict_problem(schema, ())


def problem_of_parameters(schema: Any, *, strict: bool) -> str | None:
    """Return why the parameters of a function cannot be used, in the service's words, or None.

    Parameters are an object, and need not say so unless they are strict.

    Args:
        schema: as the client sent it.
        strict: whether the rules of strict structured outputs hold.
    """
    if not isinstance(schema, Mapping):
        return _NO_OBJECT
    if problem := problem_of(schema, strict=strict):
        return problem
    return None if schema.get("type", "object") == "object" else _NO_OBJECT


def _strict_problem(schema: Any, context: tuple[str, ...]) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    where = f"In context={context}, "
    if unsupported := sorted(_UNSUPPORTED & schema.keys()):
        return f"{where}'{unsupported[0]}' is not permitted."
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties:
        if schema.get("additionalProperties") is not False:
            return f"{where}'additionalProperties' is required to be supplied and to be false."
        missing = set(properties or {}) - set(schema.get("required", []))
        if missing:
            return (
                f"{where}'required' is required to be supplied and to be an array including every key in "
                f"properties. Missing '{min(missing)}'."
            )
    for key, inner in _inner_schemas(schema):
        if problem := _strict_problem(inner, (*context, *key)):
            return problem
    return None


def _inner_schemas(schema: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    inner: list[tuple[tuple[str, ...], Any]] = []
    for key in ("properties", "$defs", "definitions"):
        inner += [((key, name), one) for name, one in (schema.get(key) or {}).items()]
    for key in ("anyOf", "oneOf", "allOf"):
        inner += [((key, str(at)), one) for at, one in enumerate(schema.get(key) or [])]
    if "items" in schema:
        inner.append((("items",), schema["items"]))
    return inner


def as_json(text: str, prompt: str, schema: Any = None) -> str:
    """Return a JSON text that says what ``text`` says.

    Args:
        text: what the model wrote.
        prompt: the last thing the model was told.
        schema: what the result conforms to as far as the schema says simple things; without one, the result
            is an object.
    """
    wanted = {"type": "object"} if schema is None else schema
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    else:
        if conforms(value, wanted):
            return text.strip()
    if schema is None:
        return _written({"answer": text})
    return _written(Filling(schema, text, prompt).value(schema, ""))


def arguments_for(schema: Any, prompt: str) -> str:
    """Return plausible arguments of a function, as JSON, out of what the user said."""
    if not isinstance(schema, Mapping):
        return "{}"
    value = Filling(schema, prompt, prompt).value({"type": "object", **schema}, "")
    return _written(value)


def conforms(value: Any, schema: Any) -> bool:
    """Tell whether a value is what a schema describes; references to other documents are never followed."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import UnknownType
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        return Draft202012Validator(schema, registry=Registry()).is_valid(value)
    except (Unresolvable, UnknownType, RecursionError, re.error, TypeError, AttributeError):
        return False  # a reference may lead to a place in the document that is no schema


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class Filling:
    """Makes values for the parts of a schema.

    Args:
        root: the whole schema, which references point into.
        text: what free texts say, and what chooses among listed values.
        prompt: where numbers and names are looked for when the text has none.
    """

    def __init__(self, root: Any, text: str, prompt: str) -> None:
        self._root = root
        self._text = text
        self._prompt = prompt
        self._left = _MOST_PARTS

    def value(self, schema: Any, name: str, depth: int = 0) -> Any:
        """Return a value for a schema.

        Args:
            schema: a part of the root.
            name: of the property that it belongs to.
            depth: how many schemas are around it.
        """
        schema = self._resolved(schema)
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > _DEEPEST or self._left < 0:
            return None
        if "const" in schema:
            return schema["const"]
        if isinstance(listed := schema.get("enum"), list) and listed:
            return self._mentioned(listed)
        for key in ("anyOf", "oneOf"):
            if isinstance(branches := schema.get(key), list) and branches:
                return self.value(self._branch(branches, depth), name, depth + 1)
        if isinstance(parts := schema.get("allOf"), list) and parts:
            schema = {**_merged([self._resolved(part) for part in parts]), **_without(schema, "allOf")}
        return self._typed(schema, name, depth)

    def _typed(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            count = max(_bound(schema, "minItems", 1), 1 if depth < _DEEPEST // 2 else 0)
            count = min(count, _bound(schema, "maxItems", count), 100, max(self._left, 0))
            return [
                self.value(schema.get("items", {"type": "string"}), name, depth + 1) for _ in range(count)
            ]
        if kind in {"integer", "number"}:
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return bool(_YES.search(self._text))
        if kind == "null":
            return None
        return self._string(schema, name)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = _properties(schema)
        names = list(properties)
        if depth > 2 and "required" in schema:  # optional depths would only repeat what is known
            names = [name for name in names if name in _required(schema)]
        made = {name: self.value(properties[name], name, depth + 1) for name in names}
        for name in _required(schema):
            made.setdefault(name, self._text)
        return made

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> float | int:
        found = _NUMBER.search(self._text) or _NUMBER.search(self._prompt)
        number = float(found.group()[:15]) if found else 1.0
        least, most = schema.get("minimum"), schema.get("maximum")
        if isinstance(least, int | float):
            number = max(number, least)
        if isinstance(most, int | float):
            number = min(number, most)
        return int(number) if whole else number

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        place = re.search(r"city|location|place|name|person|country|ciudad|cidade|ville", name, re.IGNORECASE)
        named = _CAPITALIZED.search(self._text) if place else None
        text = named.group() if named else self._text
        longest = schema.get("maxLength")
        text = text[:longest] if isinstance(longest, int) else text
        shortest = schema.get("minLength")
        return text.ljust(min(shortest, 10_000), ".") if isinstance(shortest, int) else text

    def _mentioned(self, listed: list[Any]) -> Any:
        """Return the listed value that is mentioned first, in the text or else in the prompt."""
        for source in (self._text.casefold(), self._prompt.casefold()):
            places = [(source.find(str(one).casefold()), at) for at, one in enumerate(listed)]
            found = [pair for pair in places if pair[0] >= 0]
            if found:
                return listed[min(found)[1]]
        return listed[0]

    def _branch(self, branches: list[Any], depth: int) -> Any:
        """Return the branch to fill: the first, but none that refers further when it gets deep."""
        if depth > _DEEPEST // 2:
            simple = [one for one in branches if isinstance(one, Mapping) and "$ref" not in one]
            return next((one for one in simple if one.get("type") == "null"), (simple or branches)[0])
        return branches[0]

    def _resolved(self, schema: Any) -> Any:
        for _ in range(_DEEPEST):
            reference = schema.get("$ref") if isinstance(schema, Mapping) else None
            if not isinstance(reference, str):
                break
            schema = self._target(reference)
        return schema

    def _target(self, reference: str) -> Any:
        here = self._root
        for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else []:
            here = here.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
        return here


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _bound(schema: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = schema.get(name)
    return int(value) if isinstance(value, int | float) else otherwise


def _required(schema: Mapping[str, Any]) -> list[str]:
    names = schema.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _merged(parts: list[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Mapping):
            properties = {**_properties(merged), **_properties(part)}
            required = [*_required(merged), *_required(part)]
            merged |= part
            merged |= {"properties": properties} if properties else {}
            merged |= {"required": required} if required else {}
    return merged


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: one for name, one in schema.items() if name != key}
