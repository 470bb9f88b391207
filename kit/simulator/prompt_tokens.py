"""How many tokens a prompt costs, counted with the model's own tokenizer.

Source of the overheads: OpenAI Cookbook, "How to count tokens with tiktoken" (gpt-4o and later).
"""

from collections.abc import Iterable, Mapping

from kit.tokens import encoding

_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY_PRIMER = 3


def count(messages: Iterable[Mapping[str, str]]) -> int:
    """Return the tokens of a chat prompt whose messages have a role, a content and perhaps a name."""
    encode = encoding().encode_ordinary
    total = _REPLY_PRIMER
    for message in messages:
        total += _PER_MESSAGE + sum(len(encode(text)) for text in message.values())
        total += _PER_NAME if "name" in message else 0
    return total
