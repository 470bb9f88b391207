"""How many tokens texts and conversations have."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import tiktoken

from kit.tokens.encodings import encoding

# “How to count tokens with tiktoken”, section 6, and “Data preparation … for chat model fine-tuning”:
# https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
# https://developers.openai.com/cookbook/examples/chat_finetuning_data_prep
_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY = 3

_NOT_TEXT = frozenset({"weight"})  # a training weight is read by the trainer, not by the model
_CUT_AT_SPACES = frozenset({"o200k_base", "o200k_harmony", "cl100k_base"})  # as kit.tokens.words needs it
_MANY = 1_000_000  # characters; loading Arrow takes as long as counting so many

Message = Mapping[str, Any]


class ConversationTokens(NamedTuple):
    """The tokens of one conversation: all of them, and those of the assistant's messages alone."""

    total: int
    assistant: int


def _count_unique(texts: Sequence[str], chosen: tiktoken.Encoding) -> dict[str, int]:
    if chosen.name in _CUT_AT_SPACES and sum(map(len, texts)) >= _MANY:
        from kit.tokens import words

        return dict(zip(texts, words.count(texts, chosen), strict=True))
    return {text: len(chosen.encode_ordinary(text)) for text in texts}


def count_conversations(
    conversations: Sequence[Sequence[Message]], encoding_name: str = "o200k_base"
) -> list[ConversationTokens]:
    """Return the tokens of each conversation, by the method that OpenAI documents.

    Every message costs its texts (role, content, name …) plus 3 tokens, a ``name`` one more, and the
    conversation 3 for priming the reply. The assistant's share is the content of its messages alone. Tool
    calls count as compact JSON and pictures not at all: for those two the sum is an estimate. Text that looks
    like a special token is ordinary text. Equal texts are counted once, and of many texts equal words; see
    :mod:`kit.tokens.words`. Source: OpenAI Cookbook, https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken

    Raises:
        UsageError: no encoding has that name.
    """
    messages = chain.from_iterable(conversations)
    texts = list(dict.fromkeys(text for message in messages for _, text in _texts(message)))
    known = _count_unique(texts, encoding(encoding_name))
    return [_add_up(each, known) for each in conversations]


def _add_up(messages: Sequence[Message], known: Mapping[str, int]) -> ConversationTokens:
    total, assistant = _REPLY, 0
    for message in messages:
        total += _PER_MESSAGE
        for key, text in _texts(message):
            total += known[text] + (_PER_NAME if key == "name" else 0)
            if key == "content" and message.get("role") == "assistant":
                assistant += known[text]
    return ConversationTokens(total, assistant)


def _texts(message: Message) -> Iterator[tuple[str, str]]:
    for key, value in message.items():
        if key in _NOT_TEXT or value is None:
            continue
        if isinstance(value, str):
            yield key, value
        elif key == "content" and isinstance(value, list):
            yield from (("content", part["text"]) for part in value if isinstance(part.get("text"), str))
        else:
            yield key, json.dumps(value, ensure_ascii=False, separators=(",", ":"))
