"""Valence: what a text's words say about whether its writer is pleased, by a lexicon of each language.

The lexicons are part of the packaged corpus: words and phrases with a sign and a strength, words that negate
and words that turn a text round ("but"). Of the words found, :func:`feelings` makes a few numbers that differ
in what they weigh: everything, the last sentence, what follows a "but", what is negated. Which of them tells
most is for training to find out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from kit.simulator.learner.vocabulary import Floats

FEELINGS = 15
HASTY = 0  # the number of the hasty reader's feeling
_PIECE = re.compile(r"[一-鿿]+|[^\W_一-鿿]+|[.!?;:。！？；：…\n]+|[,，、()\"“”«»—–-]")
_SENTENCE_ENDS = ".!?;:。！？；：…\n"
_REACH = 4  # so many words after a negation are negated
_REVERSED = -0.7  # "not good" is not as bad as "bad" is
_FADING = 0.3  # how much less each sentence before the last one weighs
_CAREFUL, _FINE = 3.0, 0.1  # scales: what tells most in any language, what is to refine it
_LONGEST_TEXT = 4000

Key = TypeVar("Key", str, tuple[str, ...])
Finding = tuple[float, bool, bool]  # strength with sign, negated, after a contrast
_NOTHING = ""
_STOP, _PAUSE = ".", ","


@dataclass
class _Found:
    """What was found in a text, sentence by sentence, and how many negations negate no known word."""

    sentences: list[list[Finding]] = field(default_factory=list)
    loose: int = 0


@dataclass
class _Tables:
    """Kinds by words and phrases: those that fit exactly, and those of which the beginning fits.

    Phrases are tuples of words; ``longest`` tells how many words the longest has that begins with a word.
    """

    words: dict[str, str] = field(default_factory=dict)
    word_beginnings: dict[str, str] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], str] = field(default_factory=dict)
    phrase_beginnings: dict[tuple[str, ...], str] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)


def _add(table: dict[Key, str], key: Key, kind: str) -> None:
    table[key] = f"{table[key]}+{kind}" if key in table else kind


class Lexicon:
    """The valence words of one language.

    Args:
        entries: per kind ("positive 2", "negation", …) its words and phrases; "*" at an end stands for any
            ending. The longest entry that fits a place wins.
    """

    def __init__(self, entries: Mapping[str, Sequence[str]]) -> None:
        self._entries = entries

    @cached_property
    def _tables(self) -> _Tables:
        """What the entries are looked up in; made when the first text in the language comes."""
        tables = _Tables()
        for kind, words in self._entries.items():
            for word in words:
                *before, last = _units(word.rstrip("*"))
                begins = word.endswith("*")
                if before:
                    _add(tables.phrase_beginnings if begins else tables.phrases, (*before, last), kind)
                    tables.longest[before[0]] = max(len(before) + 1, tables.longest.get(before[0], 1))
                else:
                    _add(tables.word_beginnings if begins else tables.words, last, kind)
        return tables

    def kinds(self, text: str) -> list[str]:
        """Return the kinds of a text's words in order; "" for others, "." and "," for punctuation."""
        units = _units(text)
        found, at = [], 0
        while at < len(units):
            unit = units[at]
            if unit[0] in _SENTENCE_ENDS or not unit[0].isalnum():
                found.append(_STOP if unit[0] in _SENTENCE_ENDS else _PAUSE)
                at += 1
                continue
            kind, length = self._longest(units, at)
            found.append(kind)
            at += length
        return found

    def _longest(self, units: list[str], at: int) -> tuple[str, int]:
        tables, unit = self._tables, units[at]
        if unit in tables.longest:
            for length in range(tables.longest[unit], 1, -1):
                *before, last = units[at : at + length]
                if (*before, last) in tables.phrases:
                    return tables.phrases[(*before, last)], length
                for size in range(len(last), 1, -1):
                    if (*before, last[:size]) in tables.phrase_beginnings:
                        return tables.phrase_beginnings[(*before, last[:size])], length
        if unit in tables.words:
            return tables.words[unit], 1
        for size in range(len(unit), 1, -1):
            if unit[:size] in tables.word_beginnings:
                return tables.word_beginnings[unit[:size]], 1
        return _NOTHING, 1


def _units(text: str) -> list[str]:
    """Return words and punctuation in lower case; of Chinese, single characters."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST_TEXT].lower())
    return [
        unit for piece in _PIECE.findall(plain) for unit in (piece if "一" <= piece[0] <= "鿿" else (piece,))
    ]


def _read(kinds: Sequence[str]) -> _Found:
    found = _Found()
    sentence: list[Finding] = []
    reach, turned, used = 0, False, True
    for kind in (*kinds, _STOP):
        if kind == _STOP:
            found.loose += not used
            if sentence:
                found.sentences.append(sentence)
            sentence, reach, turned, used = [], 0, False, True
            continue
        if kind == _PAUSE:
            reach = min(reach, 1)
            continue
        if kind.startswith(("positive", "negative")):
            sign = 1.0 if kind.startswith("positive") else -1.0
            sentence.append((sign * int(kind[9]), reach > 0, turned))
            used = used or reach > 0
        if "negation" in kind:
            found.loose += not used
            reach, used = _REACH, False
        elif reach:
            reach -= 1
        turned = turned or "contrast" in kind
    return found


def _sums(findings: Sequence[Finding]) -> tuple[float, float]:
    """Return how much is good and how much is bad, negations reckoned in."""
    values = [value * (_REVERSED if negated else 1.0) for value, negated, _ in findings]
    return sum(one for one in values if one > 0), -sum(one for one in values if one < 0)


def _balance(good: float, bad: float) -> float:
    return (good - bad) / (good + bad + 1.0)


def feelings(kinds: Sequence[str]) -> Floats:
    """Return the numbers that describe the valence of a text's words; shape (FEELINGS,).

    Balances, 0 without a hint, come first, and of them first that of a hasty reader, who goes by the first
    sentence with an opinion, takes every word by itself and overlooks all negations. The careful reader's,
    for whom the end of a text counts most, has the largest scale: whoever learns from few examples finds it
    first.
    """
    found = _read(kinds)
    everything = [one for sentence in found.sentences for one in sentence]
    last, first = (found.sentences[-1], found.sentences[0]) if everything else ([], [])
    sums = [_sums(sentence) for sentence in found.sentences]
    good, bad = _sums(everything)
    by_sentence = [_balance(*one) for one in sums]
    end = _balance(*_sums(everything[-1:]))
    fine = [
        _balance(good, bad),
        _balance(*_sums(last)),
        _balance(*_sums([one for one in everything if one[2]])),
        _balance(*_sums([one for one in everything if abs(one[0]) > 1.0])),
        _balance(*_sums([one for one in everything if one[1]])),
        _balance(*_sums(first)),
        sum(by_sentence) / max(len(by_sentence), 1),
        (end > 0.0) - (end < 0.0),
        math.log1p(good),
        math.log1p(bad),
        math.log1p(sum(value > 0 for value, negated, _ in everything if negated)),
        math.log1p(sum(value < 0 for value, negated, _ in everything if negated)),
        math.log1p(found.loose),
    ]
    careful = _CAREFUL * _balance(*_faded(sums))
    return np.array([_FINE * _hasty(found), careful, *(_FINE * one for one in fine)], dtype=np.float32)


def _hasty(found: _Found) -> float:
    first = found.sentences[0] if found.sentences else []
    return _balance(*_sums([(value, False, False) for value, _, _ in first]))


def _faded(sums: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the sums of what is good and what is bad, each sentence weighing less than the one after it."""
    weights = [_FADING**back for back in reversed(range(len(sums)))]
    good, bad = (
        sum(weight * one[side] for weight, one in zip(weights, sums, strict=True)) for side in (0, 1)
    )
    return good, bad
