"""The memory: examples the model has seen, which it attends to by likeness and continues by copying.

Every example is a row of a bank: the features of its prompt and of its answer, and the answer's tokens. For
a prompt, rows are scored by likeness; while an answer is written, attention goes to the places in the best
rows that follow the same last tokens (:mod:`kit.simulator.learner.pointer`). This is attention over a
datastore as in kNN language models (Khandelwal et al. 2020), with the trained likeness of prompts and the
length of the matching suffix in place of a deep representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.simulator.learner.features import Bag, Hashes, Prompt, hashes_of_many
from kit.simulator.learner.records import Messages
from kit.simulator.learner.retrieval import Index, Knowledge, nearest, weighted
from kit.simulator.learner.vocabulary import Floats, Integers, Mask, Vocabulary

CHANNELS = 7  # kinds of likeness, see Bank.likeness
ROWS_ATTENDED = 24  # per bank
_LONGEST_ANSWER = 400


@dataclass(frozen=True, slots=True)
class Row:
    """An example to remember: features of prompt and answer, the answer's tokens with END, and the text."""

    prompt: Prompt
    answer: Bag
    tokens: tuple[int, ...]
    messages: Messages


class Bank:
    """Remembered examples, all from the same source.

    Args:
        rows: the examples.
        rate: how common each feature is, see :func:`retrieval.rates`.
        knowledge: the base corpus's knowledge.
        vocabulary: gives the places of the answers' tokens.
        brief: whether each answer is a word or two, where that is to count; else it is guessed from the
            prompt, as it is for the prompts to answer; shape (rows,).
    """

    def __init__(
        self,
        rows: Sequence[Row],
        rate: Floats,
        knowledge: Knowledge,
        vocabulary: Vocabulary,
        brief: Floats | None = None,
    ) -> None:
        self.rows = tuple(rows)
        self.rate, self._knowledge = rate, knowledge
        prompts = [weighted(row.prompt.content, rate) for row in rows]
        answers = [weighted(row.answer, rate) for row in rows]
        self._prompts, self._answers = Index(prompts), Index(answers)
        self._standing = Index([row.prompt.standing for row in rows])
        self._languages = np.stack([knowledge.language(row.prompt.wish) for row in rows])
        guessed = [knowledge.brevity(row.prompt.wish) for row in rows] if brief is None else brief
        self._brevities: Floats = np.array(guessed, dtype=np.float32)
        self._prompt_notes = np.stack([knowledge.reminders(one) for one in prompts])
        self._answer_notes = np.stack([knowledge.reminders(one) for one in answers])
        tokens = [list(row.tokens[:_LONGEST_ANSWER]) for row in rows]
        self.starts: Integers = np.cumsum([0, *(len(one) for one in tokens)])
        self.hashes: Hashes = hashes_of_many([one[:-1] for one in tokens])
        self.places: Integers = np.concatenate([vocabulary.places(one) for one in tokens])

    def __len__(self) -> int:
        return len(self.rows)

    def likeness(self, prompt: Prompt) -> Floats:
        """Return how each row is like a prompt, in CHANNELS ways; shape (rows, CHANNELS).

        Common words with the row's prompt and with its answer; common notes with both; the same language; a
        brief answer wanted or not; the same system prompt.
        """
        query = weighted(prompt.content, self.rate)
        notes = self._knowledge.reminders(query)
        channels = np.zeros((len(self), CHANNELS), dtype=np.float32)
        channels[:, 0] = self._prompts.products(query)
        channels[:, 1] = self._answers.products(query)
        channels[:, 2] = self._prompt_notes @ notes
        channels[:, 3] = self._answer_notes @ notes
        channels[:, 4] = np.log(self._languages @ self._knowledge.language(prompt.wish) + 0.001) / 3.0
        brevity = self._knowledge.brevity(prompt.wish)
        alike = self._brevities * brevity + (1.0 - self._brevities) * (1.0 - brevity)
        channels[:, 5] = np.log(alike + 0.001)
        channels[:, 6] = self._standing.products(prompt.standing)
        return channels


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows a prompt attends to, over all banks.

    Attributes:
        bank: number of the bank of each row; shape (rows,).
        row: number of each row in its bank; shape (rows,).
        channels: likeness of each row; shape (rows, CHANNELS).
    """

    bank: Integers
    row: Integers
    channels: Floats

    def without(self, bank: int, hidden: Mask) -> Chosen:
        """Return the same without some rows of a bank."""
        gone = (self.bank == bank) & hidden[np.where(self.bank == bank, self.row, 0)]
        return Chosen(self.bank[~gone], self.row[~gone], self.channels[~gone]) if gone.any() else self


@dataclass(frozen=True, slots=True)
class Attended:
    """Chosen rows with what stands in them.

    Attributes:
        rows: the rows.
        owner: to which row each place belongs; shape (places,).
        hashes: what stands before each place; shape (len(SUFFIXES), places).
        next: which token (its vocabulary place) stands there; shape (places,).
    """

    rows: Chosen
    owner: Integers
    hashes: Hashes
    next: Integers


def choose(banks: Sequence[Bank], prompt: Prompt, likeness: Floats, hidden: Sequence[Mask | None]) -> Chosen:
    """Return the rows of each bank that are most like a prompt.

    Args:
        banks: where to look.
        prompt: features of the prompt.
        likeness: trained weight of each channel; shape (banks, CHANNELS).
        hidden: per bank the rows that must not be seen, or None.
    """
    numbers, rows, channels = [], [], []
    for number, (bank, mask) in enumerate(zip(banks, hidden, strict=True)):
        found = bank.likeness(prompt)
        scores = found @ likeness[number]
        if mask is not None:
            scores[mask] = -np.inf
        best = nearest(scores, ROWS_ATTENDED)
        best = best[np.isfinite(scores[best])]
        numbers.append(np.full(len(best), number))
        rows.append(best)
        channels.append(found[best])
    return Chosen(np.concatenate(numbers), np.concatenate(rows), np.concatenate(channels))


def attend(banks: Sequence[Bank], rows: Chosen) -> Attended:
    """Return chosen rows with the places in them, row after row."""
    owners, hashes, following = [], [], []
    for number, bank in enumerate(banks):
        mine = np.flatnonzero(rows.bank == number)
        first = bank.starts[rows.row[mine]]
        lengths = bank.starts[rows.row[mine] + 1] - first
        at = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
        at += np.arange(len(at))
        owners.append(np.repeat(mine, lengths))
        hashes.append(bank.hashes[:, at])
        following.append(bank.places[at])
    return Attended(rows, np.concatenate(owners), np.concatenate(hashes, axis=1), np.concatenate(following))
