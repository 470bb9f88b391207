"""What is asked: prompts of any form made into requests with an identity and a size.

The identity of a request is the SHA-256 of its messages and parameters as canonical JSON, cut to 16 bytes.
Two prompts that would send the same request are one request, in one run and across runs.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kit import tokens
from kit.errors import N_, UsageError

Message = Mapping[str, Any]
Prompt = str | list[Message] | tuple[Message, ...] | Mapping[str, Any]
CountTokens = Callable[[Sequence[Message]], int]

_CHUNK = 64  # prompts that are read and counted at a time
# Without a limit in the request the service reserves as much as it likes: its headers then correct the guess.
_UNLIMITED_ANSWER = 256
_LIMITS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask.

    Attributes:
        index: position of the prompt in the input.
        key: identity, 16 bytes.
        messages: the conversation.
        parameters: everything else that is sent: ``model``, ``temperature``, ``max_tokens`` and so on.
        prompt_tokens: tokens of the messages.
        answer_tokens: tokens that the longest answer can have.
    """

    index: int
    key: bytes
    messages: Sequence[Message]
    parameters: Mapping[str, Any]
    prompt_tokens: int
    answer_tokens: int

    @property
    def tokens(self) -> int:
        """What the service counts towards tokens per minute when it admits the request."""
        return self.prompt_tokens + self.answer_tokens


def identity(messages: Sequence[Message], parameters: Mapping[str, Any]) -> bytes:
    """Return the 16-byte identity of a request.

    Raises:
        UsageError: something in it cannot be written as JSON.
    """
    try:
        text = json.dumps(
            {**parameters, "messages": messages}, sort_keys=True, ensure_ascii=True, separators=(",", ":")
        )
    except (TypeError, ValueError) as error:
        raise UsageError(
            N_("A request cannot be written as JSON: {reason}."),
            advice=N_("Use plain strings, numbers, lists and dictionaries; int(x) and float(x) help."),
            reason=error,
        ) from error
    return hashlib.sha256(text.encode()).digest()[:16]


def split(prompt: Prompt, parameters: Mapping[str, Any]) -> tuple[Sequence[Message], Mapping[str, Any]]:
    """Return messages and parameters of a prompt.

    A string is one message of the user; a sequence is a conversation; a mapping has the conversation as
    ``messages``, and its other entries take precedence over ``parameters``.

    Raises:
        UsageError: it is none of these, or asks for several answers at once.
    """
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}], parameters
    if isinstance(prompt, Mapping):
        if "messages" not in prompt:
            raise UsageError(N_("A prompt given as a dictionary needs “messages”."))
        own = {name: value for name, value in prompt.items() if name != "messages"}
        return list(prompt["messages"]), {**parameters, **own}
    if isinstance(prompt, list | tuple):
        return list(prompt), parameters
    raise UsageError(
        N_("A prompt is a text, a list of messages, or a dictionary with “messages”, not {kind}."),
        kind=type(prompt).__name__,
    )


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse what the runner cannot honour.

    Raises:
        UsageError: several answers to one request, or an answer in pieces.
    """
    if parameters.get("n") not in (None, 1) or parameters.get("stream"):
        raise UsageError(
            N_("The runner takes one whole answer for each request: leave out “n” and “stream”."),
            advice=N_("For several answers to one prompt, give each copy a “seed” of its own."),
        )


def read(
    prompts: Iterable[Prompt],
    parameters: Mapping[str, Any],
    encoding: str = "o200k_base",
    count_tokens: CountTokens | None = None,
) -> Iterator[Request]:
    """Yield a request for each prompt; only a few dozen are in memory at a time.

    Raises:
        UsageError: see :func:`split`, :func:`check_parameters` and :func:`identity`.
    """
    check_parameters(parameters)
    source = enumerate(prompts)
    while chunk := list(islice(source, _CHUNK)):
        pairs = [split(prompt, parameters) for _index, prompt in chunk]
        if count_tokens is not None:
            counts = [count_tokens(messages) for messages, _own in pairs]
        else:
            counted = tokens.count_conversations([messages for messages, _own in pairs], encoding)
            counts = [each.total for each in counted]
        for (index, _prompt), (messages, own), n in zip(chunk, pairs, counts, strict=True):
            if own is not parameters:
                check_parameters(own)
            yield Request(index, identity(messages, own), messages, own, n, longest_answer(own))


def longest_answer(parameters: Mapping[str, Any]) -> int:
    """Return how many tokens an answer may have by the request's own limit, or a guess where it has none."""
    return next((int(parameters[name]) for name in _LIMITS if parameters.get(name)), _UNLIMITED_ANSWER)
