"""What comes back: an answer read from whatever the caller's function returned, without knowing its client.

A response may be the raw response of the official client (headers and ``parse()``), its parsed object, the
same as a dictionary, or simply a text.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of a result.

    Attributes:
        index: position of the prompt in the input.
        key: identity of the request, in hexadecimal.
        text: the answer, or None for a failure.
        finish_reason: why the model stopped: ``stop``, ``length``, ``content_filter``; empty if unknown.
        error: why there is no answer; empty if there is one.
        status: HTTP status of a refusal, or None.
        prompt_tokens: tokens billed for the prompt.
        completion_tokens: tokens billed for the answer.
        logprobs: natural logarithm of the probability of each token of the answer, or None.
        tokens: the texts of these tokens, or None.
        top_logprobs: for each token the most likely ones with their log-probabilities, or None.
        seconds: from the moment of sending to the answer.
        model: the model that answered, as it calls itself.
    """

    index: int
    key: str
    text: str | None = None
    finish_reason: str = ""
    error: str = ""
    status: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    logprobs: list[float] | None = None
    tokens: list[str] | None = None
    top_logprobs: list[dict[str, float]] | None = None
    seconds: float = 0.0
    model: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.text is not None


async def unpack(response: Any) -> tuple[dict[str, Any], Mapping[str, str], int]:
    """Return an answer's fields, the response's headers, and how often the client asked again by itself."""
    headers = getattr(response, "headers", None)
    retries = getattr(response, "retries_taken", 0)
    if headers is not None and hasattr(response, "parse"):
        parsed = response.parse()
        response = await parsed if inspect.isawaitable(parsed) else parsed
    return fields(response), headers if headers is not None else _NO_HEADERS, int(retries or 0)


def fields(response: Any) -> dict[str, Any]:
    """Return the fields of an :class:`Answer` that a chat completion, or a text, has.

    Raises:
        ValueError: there is no choice in it.
    """
    if isinstance(response, str):
        return {"text": response}
    choices = _get(response, "choices")
    if not choices:
        raise ValueError("the response has no “choices”")
    choice, usage = choices[0], _get(response, "usage")
    message = _get(choice, "message")
    found = {
        "text": _get(message, "content") or _get(message, "refusal") or "",
        "finish_reason": _get(choice, "finish_reason") or "",
        "prompt_tokens": _get(usage, "prompt_tokens") or 0,
        "completion_tokens": _get(usage, "completion_tokens") or 0,
        "model": _get(response, "model") or "",
    }
    return found | _probabilities(_get(_get(choice, "logprobs"), "content"))


def _probabilities(content: Any) -> dict[str, Any]:
    if not content:
        return {}
    found: dict[str, Any] = {
        "logprobs": [_get(each, "logprob") for each in content],
        "tokens": [_get(each, "token") for each in content],
    }
    if any(_get(each, "top_logprobs") for each in content):
        found["top_logprobs"] = [
            {_get(top, "token"): _get(top, "logprob") for top in _get(each, "top_logprobs") or ()}
            for each in content
        ]
    return found


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
