"""Words of the prompt that an answer may repeat, such as the labels an instruction names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kit.simulator.learner.features import is_han, split, words
from kit.simulator.learner.records import Messages
from kit.simulator.learner.vocabulary import Integers, Vocabulary, encode

START, WORD, INSIDE = 0, 1, 2  # at the answer's start; at a later word's start; within a word
_MOST_WORDS = 150
_LONGEST = 6

Spelling = tuple[int, ...]


@lru_cache(maxsize=20_000)
def _spellings(word: str) -> tuple[tuple[Spelling, ...], tuple[Spelling, ...]]:
    """Return a word's token sequences at the start of an answer, and after a space."""
    bare = [tuple(encode(word))[:_LONGEST]]
    if is_han(word):
        # Chinese has no spaces: a word may begin at any token of the run.
        anywhere = tuple(bare[0][at:] for at in range(len(bare[0])))
        return anywhere, anywhere
    spaced = [tuple(encode(" " + form))[:_LONGEST] for form in dict.fromkeys((word, word.lower()))]
    return tuple(bare), tuple(spaced)


@dataclass(frozen=True, slots=True)
class _Spelled:
    """How a word could be copied: places of its first tokens by START and WORD, and of those that go on."""

    first: tuple[tuple[int, ...], tuple[int, ...]]
    after: tuple[tuple[Spelling, int], ...]


class Speller:
    """Finds the tokens of words in a vocabulary, each word once: prompts of a file share many.

    Args:
        vocabulary: only tokens in it count.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._place = vocabulary.place
        self._known: dict[str, _Spelled] = {}

    def spelled(self, word: str) -> _Spelled:
        """Return how a word could be copied."""
        if word not in self._known:
            both = _spellings(word)
            starts, later = (tuple(self._place(one[0]) for one in spellings) for spellings in both)
            after = tuple(
                (one[:length], self._place(one[length]))
                for spellings in both
                for one in spellings
                for length in range(1, len(one))
            )
            self._known[word] = _Spelled((starts, later), after)
        return self._known[word]


class PromptWords:
    """The tokens by which an answer could repeat a word of its prompt.

    Args:
        messages: the prompt.
        speller: finds the tokens of its words.
    """

    def __init__(self, messages: Messages, speller: Speller) -> None:
        last, _, system = split(messages)
        after: dict[Spelling, set[int]] = {}
        first: tuple[set[int], set[int]] = (set(), set())
        for word in dict.fromkeys(words(system)[-_MOST_WORDS:] + words(last)[-_MOST_WORDS:]):
            spelled = speller.spelled(word)
            for kind in (START, WORD):
                first[kind].update(spelled.first[kind])
            for before, place in spelled.after:
                after.setdefault(before, set()).add(place)
        self._after = after
        self._inside = {spelling[-1] for spelling in after}
        self._first = [_copies(first[kind], kind) for kind in (START, WORD)]

    def at(self, tokens: list[int], position: int) -> Integers:
        """Return (0, place, kind) of what would copy after ``tokens[:position]``; shape (n, 3)."""
        if position == 0:
            return self._first[START]
        first = self._first[WORD]
        if tokens[position - 1] not in self._inside:
            return first
        inside: set[int] = set()
        for length in range(1, min(_LONGEST, position) + 1):
            inside |= self._after.get(tuple(tokens[position - length : position]), set())
        within = _copies(inside, INSIDE)
        return np.concatenate([within, first[~np.isin(first[:, 1], within[:, 1])]]) if len(within) else first


def _copies(places: set[int], kind: int) -> Integers:
    found = np.full((len(places - {-1}), 3), kind, dtype=np.int64)
    found[:, 0], found[:, 1] = 0, sorted(places - {-1})
    return found


def copy_table(prompt: PromptWords, tokens: list[int]) -> Integers:
    """Return (token index, place, kind) for every token of an answer and its end; shape (n, 3)."""
    found = [prompt.at(tokens, position) for position in range(len(tokens))]
    table = np.concatenate(found)
    table[:, 0] = np.repeat(np.arange(len(found)), [len(one) for one in found])
    return table
