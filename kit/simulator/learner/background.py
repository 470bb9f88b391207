"""The background: a distribution over every token of ``o200k_base``, so that no loss is infinite.

It mixes three simple guesses: how often tokens occur in the base corpus, in the languages the prompt is
likely to be in; the tokens of the prompt itself; and, for everything else, Zipf's law over all tokens of the
languages' scripts: ``o200k_base`` numbers its tokens in the order in which byte pair encoding merged them,
which is roughly by frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from kit.simulator.learner.features import LONGEST_RECURRING
from kit.simulator.learner.records import Messages
from kit.simulator.learner.vocabulary import END, SIZE, UNUSED, Floats, Integers, encode
from kit.tokens import encoding

Bytes = npt.NDArray[np.uint8]

_CORPUS_SHARE, _PROMPT_SHARE, _ZIPF_SHARE = 0.45, 0.15, 0.4
_ZIPF_SHIFT = 300.0
_SCRIPTS = 4
_LEAST_SCRIPT_SHARE = 0.01
_NEITHER, _LETTER, _ACCENTED, _HAN, _OTHER = range(5)  # kinds of bytes


def _kinds_of_bytes() -> Bytes:
    kinds = np.full(256, _NEITHER, dtype=np.uint8)
    kinds[0x80:] = _OTHER
    kinds[0x41:0x5B] = kinds[0x61:0x7B] = _LETTER
    kinds[0xC3:0xC6] = _ACCENTED  # the first bytes of U+00C0 to U+017F in UTF-8: Latin letters with accents
    kinds[0xE4:0xEA] = _HAN  # and of U+4000 to U+9FFF
    return kinds


def _scripts() -> Bytes:
    """Return the script of each token id; shape (SIZE,).

    0 is Latin (an accented letter anywhere, or an ASCII letter before anything that is not ASCII), 1 Chinese,
    2 neither letters nor other scripts, 3 the rest.
    """
    data, starts = _bytes_of_tokens()
    kinds = _kinds_of_bytes()[data]
    told = np.flatnonzero(kinds)  # the bytes that tell something; of each token the first of them:
    first = np.append(kinds[told], _NEITHER)[np.searchsorted(told, starts)]
    most = np.maximum.reduceat(kinds, starts)
    first[most == _NEITHER] = _NEITHER  # what was found belongs to a later token
    found = np.where(most > _LETTER, 3, 2)
    found[(first == _LETTER) | np.logical_or.reduceat(kinds == _ACCENTED, starts)] = 0
    found[np.logical_or.reduceat(kinds == _HAN, starts)] = 1
    return np.append(found, [2] * (SIZE - UNUSED)).astype(np.uint8)


def _bytes_of_tokens() -> tuple[Bytes, Integers]:
    """Return the bytes of all ordinary tokens one after another, and where each begins.

    They are decoded in one call with the end symbol in between, which is faster than 200,000 calls.
    """
    ids = np.full((UNUSED, 2), END)
    ids[:, 0] = np.arange(UNUSED)
    known = encoding()
    tokens = known.decode_bytes(ids.ravel().tolist()).split(known.decode_single_token_bytes(END))[:UNUSED]
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=UNUSED)
    return np.frombuffer(b"".join(tokens), dtype=np.uint8), np.cumsum(lengths) - lengths


@dataclass(frozen=True)
class Background:
    """The background of a base corpus.

    Attributes:
        scripts: the script of each token id; shape (SIZE,).
        unigrams: how often tokens occur in each language, rows sum to one; shape (languages, SIZE).
        script_shares: how often scripts do; shape (languages, _SCRIPTS).
    """

    scripts: Bytes
    unigrams: Floats
    script_shares: Floats

    @classmethod
    def of_tokens(cls, tokens: Sequence[Sequence[int]]) -> Background:
        """Return the background of a corpus, given as all token ids of each language."""
        scripts = _scripts()
        counts = np.stack([np.bincount(np.array(one), minlength=SIZE) for one in tokens]).astype(np.float32)
        unigrams = counts / counts.sum(axis=1, keepdims=True)
        masses = [
            np.bincount(scripts, weights=unigram, minlength=_SCRIPTS) + _LEAST_SCRIPT_SHARE
            for unigram in unigrams
        ]
        shares = np.stack([mass / mass.sum() for mass in masses]).astype(np.float32)
        return cls(scripts, unigrams, shares)

    @cached_property
    def _zipf(self) -> Floats:
        """Zipf's law over the tokens of each script; shape (_SCRIPTS, SIZE), rows sum to one."""
        weights = 1.0 / (np.arange(SIZE, dtype=np.float64) + _ZIPF_SHIFT)
        weights[UNUSED], weights[END] = 0.0, weights[1000]
        by_script = np.where(self.scripts == np.arange(_SCRIPTS)[:, None], weights, 0.0)
        return np.asarray(by_script / by_script.sum(axis=1, keepdims=True), dtype=np.float32)

    def of(self, language: Floats, messages: Messages) -> Floats:
        """Return the background after a prompt; shape (SIZE,), sums to one.

        Args:
            language: how likely each language is; shape (languages,).
            messages: the prompt.
        """
        found = (_CORPUS_SHARE * language) @ self.unigrams
        found += (_ZIPF_SHARE * (language @ self.script_shares)) @ self._zipf
        said = _said(messages)
        found[list(said)] += np.float32(_PROMPT_SHARE / len(said))
        return np.asarray(found, dtype=np.float32)

    def along(
        self, languages: Floats, prompts: Sequence[Messages], answers: Sequence[Sequence[int]]
    ) -> Floats:
        """Return what :meth:`of` says of each token of several answers, one after another; shape (tokens,).

        Args:
            languages: how likely each language is for each prompt; shape (prompts, languages).
            prompts: the prompts.
            answers: the tokens of their answers.
        """
        tokens = np.array([token for answer in answers for token in answer])
        owner = np.repeat(np.arange(len(answers)), [len(answer) for answer in answers])
        found = _CORPUS_SHARE * (languages[owner] * self.unigrams[:, tokens].T).sum(axis=1)
        scripts = (languages @ self.script_shares)[owner]
        found += _ZIPF_SHARE * (scripts * self._zipf[:, tokens].T).sum(axis=1)
        repeated: list[float] = []
        for prompt, answer in zip(prompts, answers, strict=True):
            said = _said(prompt)
            share = _PROMPT_SHARE / len(said)
            repeated += [share if token in said else 0.0 for token in answer]
        return np.asarray(found + np.array(repeated), dtype=np.float32)


def _said(messages: Messages) -> set[int]:
    """Return the tokens of a prompt; of an empty one the end symbol."""
    return set().union(*(_tokens_in(message["content"]) for message in messages)) or {END}


def _tokens_in(text: str) -> frozenset[int]:
    return _tokens_in_recurring(text) if len(text) <= LONGEST_RECURRING else frozenset(encode(text))


@lru_cache(maxsize=200)  # system prompts recur
def _tokens_in_recurring(text: str) -> frozenset[int]:
    return frozenset(encode(text))
