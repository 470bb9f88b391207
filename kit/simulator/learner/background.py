"""The background: a distribution over every token of ``o200k_base``, so that no loss is infinite.

It mixes three simple guesses: how often tokens occur in the base corpus, in the languages the prompt is
likely to be in; the tokens of the prompt itself; and, for everything else, Zipf's law over all tokens of the
languages' scripts: ``o200k_base`` numbers its tokens in the order in which byte pair encoding merged them,
which is roughly by frequency.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from kit.simulator.learner.records import Messages
from kit.simulator.learner.vocabulary import END, SIZE, UNUSED, Floats, Integers, encode
from kit.tokens import encoding

_CORPUS_SHARE, _PROMPT_SHARE, _ZIPF_SHARE = 0.45, 0.15, 0.4
_ZIPF_SHIFT = 300.0
_SCRIPTS = 4
_LEAST_SCRIPT_SHARE = 0.01
_HAN = re.compile(rb"[\xe4-\xe9]")  # the first bytes of U+4000 to U+9FFF in UTF-8
_LATIN = re.compile(rb"^[\x00-\x7f]*[A-Za-z]|[\xc3-\xc5]")


def _script_of(token: bytes) -> int:
    """Return 0 for Latin letters, 1 for Chinese, 2 for neither letters nor other scripts, 3 for the rest."""
    if _HAN.search(token):
        return 1
    if _LATIN.search(token):
        return 0
    return 2 if token.isascii() else 3


@cache
def _scripts() -> Integers:
    known = [_script_of(encoding().decode_single_token_bytes(token)) for token in range(UNUSED)]
    return np.array(known + [2] * (SIZE - UNUSED))


@cache
def _zipf() -> Floats:
    """Return Zipf's law over the tokens of each script; shape (_SCRIPTS, SIZE), rows sum to one."""
    weights = 1.0 / (np.arange(SIZE, dtype=np.float64) + _ZIPF_SHIFT)
    weights[UNUSED], weights[END] = 0.0, weights[1000]
    by_script = np.where(_scripts() == np.arange(_SCRIPTS)[:, None], weights, 0.0)
    return np.asarray(by_script / by_script.sum(axis=1, keepdims=True), dtype=np.float32)


class Background:
    """The background of a base corpus.

    Args:
        tokens: per language all token ids of the corpus in that language.
    """

    def __init__(self, tokens: Sequence[Sequence[int]]) -> None:
        counts = np.stack([np.bincount(np.array(one), minlength=SIZE) for one in tokens]).astype(np.float32)
        self._unigrams: Floats = counts / counts.sum(axis=1, keepdims=True)
        masses = [
            np.bincount(_scripts(), weights=unigram, minlength=_SCRIPTS) + _LEAST_SCRIPT_SHARE
            for unigram in self._unigrams
        ]
        self._script_shares: Floats = np.stack([mass / mass.sum() for mass in masses]).astype(np.float32)

    def of(self, language: Floats, messages: Messages, tokens: Integers | None = None) -> Floats:
        """Return the background after a prompt; shape (SIZE,), sums to one.

        Args:
            language: how likely each language is; shape (languages,).
            messages: the prompt.
            tokens: ids to return the probabilities of, in place of all; then the shape is (len(tokens),).
        """
        here: slice | Integers = slice(None) if tokens is None else tokens
        found = (_CORPUS_SHARE * language) @ self._unigrams[:, here]
        found += (_ZIPF_SHARE * (language @ self._script_shares)) @ _zipf()[:, here]
        said = sorted({token for message in messages for token in encode(message["content"])}) or [END]
        share = np.float32(_PROMPT_SHARE / len(said))
        if tokens is None:
            found[said] += share
        else:
            found[np.isin(tokens, said)] += share
        return np.asarray(found, dtype=np.float32)
