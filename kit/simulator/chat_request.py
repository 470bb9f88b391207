"""What a client asks for in a chat completion, checked. Codes and wording of refusals are the service's."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kit.simulator import prompt_tokens
from kit.simulator.errors import ApiError

_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
_DEFAULT_ANSWER = 2048  # tokens; an answer ends by itself long before, unless sampling is very hot
_LONGEST_ANSWER = 32_768  # tokens; Microsoft Foundry, "Azure OpenAI models", October 2026: gpt-4.1
_MOST_CHOICES = 128
_MOST_STOPS = 4
_MOST_ALTERNATIVES = 20


@dataclass(frozen=True)
class ChatRequest:
    """A checked request.

    Attributes:
        messages: role, content and perhaps name, all texts.
        n: how many answers.
        limit: longest answer in tokens.
        temperature: from 0 to 2.
        top_p: from 0 to 1.
        seed: None where the client leaves it open.
        stops: texts before which an answer ends.
        stream: whether the answer comes in pieces.
        with_usage: whether a stream ends with the usage.
        logprobs: whether tokens come with their log-probabilities.
        alternatives: how many other tokens come with each.
    """

    messages: list[dict[str, str]]
    n: int
    limit: int
    temperature: float
    top_p: float
    seed: int | None
    stops: tuple[str, ...]
    stream: bool
    with_usage: bool
    logprobs: bool
    alternatives: int

    @cached_property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt; counted once, because a long prompt takes its time."""
        return prompt_tokens.count(self.messages)

    @property
    def most_tokens(self) -> int:
        """Tokens that the request costs at most."""
        return self.prompt_tokens + self.limit * self.n


def read(body: Mapping[str, Any]) -> ChatRequest:
    """Check the body of a request.

    Raises:
        ApiError: a field is missing or out of its range.
    """
    _refuse_unsupported(body)
    logprobs = _flag(body, "logprobs")
    alternatives = _whole(body, "top_logprobs", 0, _MOST_ALTERNATIVES) or 0
    if alternatives and not logprobs:
        raise _invalid("top_logprobs", "'top_logprobs' is only allowed when 'logprobs' is true.")
    options = body.get("stream_options")
    return ChatRequest(
        messages=_messages(body.get("messages")),
        n=_whole(body, "n", 1, _MOST_CHOICES) or 1,
        limit=_whole(body, "max_completion_tokens", 1, _LONGEST_ANSWER)
        or _whole(body, "max_tokens", 1, _LONGEST_ANSWER)
        or _DEFAULT_ANSWER,
        temperature=_share(body, "temperature", 2),
        top_p=_share(body, "top_p", 1),
        seed=_whole(body, "seed", -(2**63), 2**63 - 1),
        stops=_stops(body.get("stop")),
        stream=_flag(body, "stream"),
        with_usage=isinstance(options, Mapping) and options.get("include_usage") is True,
        logprobs=logprobs,
        alternatives=alternatives,
    )


def _refuse_unsupported(body: Mapping[str, Any]) -> None:
    """Refuse what would otherwise be ignored: a silent difference from the service is the worst."""
    form = body.get("response_format")
    if form is not None and not (isinstance(form, Mapping) and form.get("type") == "text"):
        raise _invalid("response_format", "The simulator knows a response_format of type 'text' only.")


def _messages(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise _invalid("messages", "'messages' must be a non-empty list.", "missing_required_parameter")
    return [_message(i, message) for i, message in enumerate(value)]


def _message(position: int, message: Any) -> dict[str, str]:
    param = f"messages[{position}]"
    if not isinstance(message, Mapping) or message.get("role") not in _ROLES:
        roles = ", ".join(sorted(_ROLES))
        raise _invalid(f"{param}.role", f"Invalid value for '{param}.role'. Supported values: {roles}.")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(_part(param, part) for part in content)
    if content is None and message["role"] == "assistant":
        content = ""
    if not isinstance(content, str):
        raise _invalid(f"{param}.content", f"Invalid type for '{param}.content': expected text.")
    # Half a surrogate pair can be written in JSON, but no tokenizer takes it.
    checked = {"role": str(message["role"]), "content": content.encode("utf-8", "replace").decode()}
    if isinstance(name := message.get("name"), str):
        checked["name"] = name.encode("utf-8", "replace").decode()
    return checked


def _part(param: str, part: Any) -> str:
    if isinstance(part, Mapping) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise _invalid(f"{param}.content", "The simulator's model reads content parts of type 'text' only.")


def _stops(value: Any) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value or []
    texts = isinstance(stops, list) and all(isinstance(text, str) for text in stops)
    if not texts or len(stops) > _MOST_STOPS:
        raise _invalid("stop", f"Invalid 'stop': expected a string or a list of up to {_MOST_STOPS} strings.")
    return tuple(text for text in stops if text)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise _invalid(name, f"Invalid type for '{name}': expected a boolean.", "invalid_type")
    return bool(value)


def _whole(body: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(name, f"Invalid type for '{name}': expected an integer.", "invalid_type")
    _check_range("integer", name, value, least, most)
    return value


def _share(body: Mapping[str, Any], name: str, most: int) -> float:
    value = body.get(name)
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _invalid(name, f"Invalid type for '{name}': expected a decimal.", "invalid_type")
    _check_range("decimal", name, value, 0, most)
    return float(value)


def _check_range(kind: str, name: str, value: float, least: int, most: int) -> None:
    if least <= value <= most:
        return
    # Not-a-number, which Python's JSON lets through, ends up with what is too large.
    side, sign, bound = ("below_min", ">=", least) if value < least else ("above_max", "<=", most)
    words = {"below_min": "below minimum", "above_max": "above maximum"}[side]
    message = (
        f"Invalid '{name}': {kind} {words} value. Expected a value {sign} {bound}, but got {value} instead."
    )
    raise _invalid(name, message, f"{kind}_{side}_value")


def _invalid(param: str, message: str, code: str = "invalid_value") -> ApiError:
    return ApiError(400, code, message, param=param, kind="invalid_request_error")
