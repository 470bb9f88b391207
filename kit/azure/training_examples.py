"""One line of a training file: from bytes to an example, and what can be wrong with it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kit.errors import N_

Example = dict[str, Any]

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_KEYS = frozenset(
    {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal", "audio"}
)

_ONE_OBJECT = N_("Write one JSON object per line: {example}")
_EXAMPLE = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'


@dataclass(frozen=True)
class Fault:
    """What is wrong and what to do about it: message identifiers with the values of their fields."""

    message: str
    advice: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    ends_reading: bool = False  # what follows in the file cannot be made sense of


class _RepeatedKeyError(ValueError):
    """A JSON object with the same key twice, of which parsers keep only one."""


def parse_line(line: bytes) -> tuple[Any, Fault | None]:
    """Return the JSON value of a line, or why there is none."""
    if not line.strip():
        return None, Fault(N_("The line is empty."), N_("Delete it."))
    if b"\x00" in line:
        return None, Fault(N_("The line holds null bytes."), N_("Save the file as plain UTF-8 text."))
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, Fault(
            N_("Byte {byte} of the line is not UTF-8."),
            N_("Save the file as UTF-8; it may be in the encoding of an older program."),
            {"byte": error.start + 1},
        )
    return _parse_json(text)


def _parse_json(text: str) -> tuple[Any, Fault | None]:
    one_object = {"example": _EXAMPLE}
    if text.strip() in {"[", "{", "[{"}:
        message = N_("A JSON value begins here that goes on over several lines.")
        return None, Fault(message, _ONE_OBJECT, one_object, ends_reading=True)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 12) : error.pos + 12]
        return None, Fault(
            N_("The line is not valid JSON at character {column}, near “{near}”."),
            N_("Look there for a missing or superfluous quotation mark, comma or bracket."),
            {"column": error.pos + 1, "near": near.strip()},
        )
    except _RepeatedKeyError as error:
        message = N_("A JSON object has the key “{key}” twice.")
        return None, Fault(message, N_("Keep one of the two."), {"key": error.args[0]})
    except (ValueError, RecursionError):  # NaN, a number of thousands of digits, thousands of brackets
        message = N_(
            "The line holds a JSON value that no service accepts: not a number, or nested too deeply."
        )
        return None, Fault(message, _ONE_OBJECT, one_object)
    if not isinstance(value, dict):
        return None, Fault(N_("The line is not a JSON object."), _ONE_OBJECT, one_object)
    return value, None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(next(key for key in keys if keys.count(key) > 1))
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def check_example(example: Any) -> list[Fault]:
    """Return what is wrong with one example, the first fault of each message at most."""
    if not isinstance(example, dict):
        return [Fault(N_("The line is not a JSON object."), _ONE_OBJECT, {"example": _EXAMPLE})]
    messages = example.get("messages")
    if "messages" not in example:
        return [_no_messages(example)]
    if not isinstance(messages, list) or not messages:
        message = N_("“messages” is not a list with at least one message.")
        return [Fault(message, _ONE_OBJECT, {"example": _EXAMPLE})]
    checked = (_check_message(each, number) for number, each in enumerate(messages, start=1))
    if faults := [fault for fault in checked if fault]:
        return faults
    fault = _nothing_to_learn(messages) or _unusable_character(messages)
    return [fault] if fault else []


def _nothing_to_learn(messages: list[Any]) -> Fault | None:
    if messages[-1]["role"] != "assistant":
        message = N_("The last message is not the assistant's: there is no answer to learn from.")
        return Fault(message, N_("End every example with a message whose role is “assistant”."))
    if all(each.get("weight") == 0 for each in messages if each["role"] == "assistant"):
        message = N_("Every assistant message has the weight 0: there is nothing to learn from.")
        return Fault(message, N_("Give at least one of them the weight 1, or leave the weight out."))
    return None


def _no_messages(example: Example) -> Fault:
    if "prompt" in example and "completion" in example:
        message = N_("The example has “prompt” and “completion”, the form of models that are gone.")
        return Fault(message, _ONE_OBJECT, {"example": _EXAMPLE})
    if "preferred_output" in example:
        message = N_("The example is one for preference tuning; this lab does supervised fine-tuning.")
        return Fault(message, _ONE_OBJECT, {"example": _EXAMPLE})
    return Fault(N_("The example has no “messages”."), _ONE_OBJECT, {"example": _EXAMPLE})


def _check_message(message: Any, number: int) -> Fault | None:
    """Return the first fault of one message; ``number`` is its place in the conversation, from 1."""
    where = {"number": number}
    if not isinstance(message, dict):
        return Fault(
            N_("Message {number} is not a JSON object."), _ONE_OBJECT, {**where, "example": _EXAMPLE}
        )
    role = message.get("role")
    if role not in ROLES:
        shown = {**where, "role": "" if role is None else role, "roles": ", ".join(ROLES)}
        return Fault(N_("Message {number} has the role “{role}”."), N_("The roles are: {roles}."), shown)
    unknown = sorted(set(message) - _KEYS)
    if unknown:
        shown = {**where, "key": unknown[0], "keys": ", ".join(sorted(_KEYS))}
        return Fault(N_("Message {number} has the unknown key “{key}”."), N_("The keys are: {keys}."), shown)
    if "weight" in message and (role != "assistant" or message["weight"] not in (0, 1)):
        return Fault(
            N_("Message {number} has a weight that is not 0 or 1, or is not the assistant's."),
            N_("Only an assistant message may have a weight, and only 0 or 1."),
            where,
        )
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        advice = N_("Name the call that it answers in “tool_call_id”.")
        return Fault(N_("Message {number} is a tool's, without “tool_call_id”."), advice, where)
    return _check_content(message, where)


def _check_content(message: Mapping[str, Any], where: Mapping[str, Any]) -> Fault | None:
    content = message.get("content")
    calls = message.get("tool_calls") or message.get("function_call")
    if message["role"] == "assistant" and calls and content in (None, ""):
        return None
    if (
        isinstance(content, list)
        and content
        and all(isinstance(part, dict) and "type" in part for part in content)
    ):
        texts = [part.get("text") for part in content if part["type"] == "text"]
        content = " ".join(text for text in texts if isinstance(text, str)) or ("…" if not texts else "")
    if content is None or content == []:
        return Fault(N_("Message {number} has no content."), N_("Write its text in “content”."), where)
    if not isinstance(content, str):
        advice = N_("Write it between quotation marks.")
        return Fault(N_("The content of message {number} is not text."), advice, where)
    if not content.strip():
        advice = N_("Write the text, or delete the example.")
        return Fault(N_("The content of message {number} is empty."), advice, where)
    return None


def _unusable_character(messages: list[Any]) -> Fault | None:
    """Return a fault for half a surrogate pair, which no UTF-8 can hold, or for the null character."""
    for number, message in enumerate(messages, start=1):
        for text in _strings(message):
            if "\x00" in text:
                name = r"\u0000"
            elif bad := [sign for sign in text if "\ud800" <= sign <= "\udfff"]:
                name = rf"\u{ord(bad[0]):04x}"
            else:
                continue
            return Fault(
                N_("Message {number} holds {name}, which is not a character."),
                N_("Delete it; it is often what is left of an emoji that was cut in two."),
                {"number": number, "name": name},
            )
    return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
