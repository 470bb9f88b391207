"""How many tokens a prompt costs, counted with the model's own tokenizer.

Source of the overheads: OpenAI Cookbook, "How to count tokens with tiktoken" (gpt-4o and later).
"""

from collections.abc import Iterable, Mapping
from functools import cache

import tiktoken

from kit.tokens import encoding

_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY_PRIMER = 3
_QUICK_CHARACTERS = 5_000  # 0.1 ms of counting on one core, about as much as handing it to a thread


@cache
def _loaded() -> tiktoken.Encoding:
    """Return the tokenizer of all models; a cache of its own, because others may be loaded without it."""
    return encoding()


def count(messages: Iterable[Mapping[str, str]]) -> int:
    """Return the tokens of a chat prompt whose messages have a role, a content and perhaps a name."""
    encode = _loaded().encode_ordinary
    total = _REPLY_PRIMER
    for message in messages:
        total += _PER_MESSAGE + sum(len(encode(text)) for text in message.values())
        total += _PER_NAME if "name" in message else 0
    return total


def is_quick(messages: Iterable[Mapping[str, str]]) -> bool:
    """Tell whether counting takes no longer than handing it to a thread.

    It does for a long prompt, and before the tokenizer has been loaded, which takes a second.
    """
    return (
        _loaded.cache_info().currsize > 0
        and sum(len(message["content"]) for message in messages) <= _QUICK_CHARACTERS
    )
