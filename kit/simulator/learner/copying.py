"""Words of the prompt that an answer may repeat, such as the labels an instruction names."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kit.simulator.learner.features import split, words
from kit.simulator.learner.records import Messages
from kit.simulator.learner.vocabulary import Integers, Vocabulary, encode

START, WORD, INSIDE = 0, 1, 2
_MOST_WORDS = 150
_LONGEST = 6


@lru_cache(maxsize=20_000)
def _spellings(word: str) -> tuple[tuple[int, ...], ...]:
    forms = (word, word.capitalize(), " " + word, " " + word.capitalize())
    return tuple(dict.fromkeys(tuple(encode(form))[:_LONGEST] for form in forms))


class PromptWords:
    """The token sequences by which an answer could repeat a word of its prompt."""

    def __init__(self, messages: Messages) -> None:
        last, _, system = split(messages)
        found = dict.fromkeys(words(system)[-_MOST_WORDS:] + words(last)[-_MOST_WORDS:])
        self._first: set[int] = set()
        self._after: dict[tuple[int, ...], set[int]] = {}
        for word in found:
            for spelling in _spellings(word):
                han = "一" <= word[0] <= "鿿"
                # Chinese has no spaces: a word may begin at any token of the run.
                for begin in range(len(spelling) if han else 1):
                    self._add(spelling[begin:])

    def _add(self, spelling: tuple[int, ...]) -> None:
        self._first.add(spelling[0])
        for length in range(1, len(spelling)):
            self._after.setdefault(spelling[:length], set()).add(spelling[length])

    def copies(self, tokens: list[int], position: int) -> list[tuple[int, int]]:
        """Return (token id, kind) of tokens that would copy, after ``tokens[:position]``."""
        inside: set[int] = set()
        for length in range(1, min(_LONGEST, position) + 1):
            inside |= self._after.get(tuple(tokens[position - length : position]), set())
        kind = START if position == 0 else WORD
        return [(token, INSIDE) for token in sorted(inside)] + [
            (token, kind) for token in sorted(self._first - inside)
        ]


def copy_table(prompt: PromptWords, tokens: list[int], vocabulary: Vocabulary) -> Integers:
    """Return (token index, place, kind) for every token of an answer and its end; shape (n, 3)."""
    found = [
        (position, vocabulary.place(token), kind)
        for position in range(len(tokens))
        for token, kind in prompt.copies(tokens, position)
    ]
    known = [one for one in found if one[1] >= 0]
    return np.array(known, dtype=np.int64).reshape(-1, 3)
