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
from functools import cached_property
from itertools import chain

import numpy as np

from kit.simulator.learner.features import SUFFIXES, Bag, Bags, Hashes, Prompt, bag, hashes_of_many
from kit.simulator.learner.records import Messages
from kit.simulator.learner.retrieval import Index, Knowledge, nearest, weighted
from kit.simulator.learner.vocabulary import Floats, Integers, Mask, Vocabulary

CHANNELS = 7  # kinds of likeness, see Bank.likeness
ROWS_ATTENDED = 24  # per bank
_LONGEST_ANSWER = 400
_QUERIES_AT_ONCE = 64


@dataclass(frozen=True)
class Row:
    """An example to remember: features of its prompt, the answer's tokens with END, and the text."""

    prompt: Prompt
    tokens: tuple[int, ...]
    messages: Messages

    @cached_property
    def answer(self) -> Bag:
        """Features of the answer."""
        return bag((self.messages[-1]["content"], 1.0))


@dataclass(frozen=True, slots=True)
class Query:
    """A prompt as the memory compares it with what it remembers.

    Attributes:
        prompt: its features.
        language: how likely each language is; shape (languages,).
        brevity: how likely a word or two is wanted.
    """

    prompt: Prompt
    language: Floats
    brevity: float


def queries_of(prompts: Sequence[Prompt], knowledge: Knowledge) -> list[Query]:
    """Return prompts as the memory compares them."""
    wishes = Bags.of(prompt.wish for prompt in prompts)
    languages = knowledge.language(wishes)
    # One statement that asks for a label is enough, however long the text is that comes with it.
    requests = Bags.of(one for prompt in prompts for one in prompt.requests)
    brevities = iter(knowledge.brevity(requests).tolist())
    return [
        Query(prompt, language, max((next(brevities) for _ in prompt.requests), default=0.0))
        for prompt, language in zip(prompts, languages, strict=True)
    ]


@dataclass(frozen=True)
class Bank:
    """Remembered examples, all from the same source.

    Attributes:
        knowledge: the base corpus's knowledge.
        conversations: the examples, if they are to be kept with the model.
        rate: how common each feature is, see :func:`retrieval.rates`.
        prompts: the words of the prompts, weighted.
        answers: the words of the answers, weighted.
        standing: the distinct system prompts.
        standing_of: which of them each row has; shape (rows,).
        languages: how likely each row is in each language; shape (rows, languages).
        brevities: how likely each row's answer is a word or two; shape (rows,).
        prompt_notes: how much prompts remind of each note; shape (rows, notes).
        answer_notes: how much answers do; shape (rows, notes).
        starts: where the tokens of each answer begin, and where the last one's end; shape (rows + 1,).
        hashes: what stands before each token; shape (len(SUFFIXES), tokens).
        places: the tokens, as places of the vocabulary, -1 for unknown; shape (tokens,).
    """

    knowledge: Knowledge
    conversations: tuple[Messages, ...]
    rate: Floats
    prompts: Index
    answers: Index
    standing: Index
    standing_of: Integers
    languages: Floats
    brevities: Floats
    prompt_notes: Floats
    answer_notes: Floats
    starts: Integers
    hashes: Hashes
    places: Integers

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - what likeness is made of
        cls,
        rows: Sequence[Row],
        queries: Sequence[Query],
        rate: Floats,
        knowledge: Knowledge,
        vocabulary: Vocabulary,
        brief: Floats | None = None,
    ) -> Bank:
        """Return a bank that remembers examples.

        Args:
            rows: the examples.
            queries: their prompts, as the memory compares them.
            rate: see above.
            knowledge: see above.
            vocabulary: gives the places of the answers' tokens.
            brief: whether each answer is a word or two, where that is to count; else it is guessed from the
                prompt, as it is for the prompts to answer; shape (rows,).
        """
        prompts = weighted(Bags.of(row.prompt.content for row in rows), rate)
        answers = weighted(Bags.of(row.answer for row in rows), rate)
        standing, standing_of = _distinct([row.prompt.standing for row in rows])
        guessed = [query.brevity for query in queries] if brief is None else brief
        tokens = [list(row.tokens[:_LONGEST_ANSWER]) for row in rows]
        return cls(
            knowledge,
            tuple(row.messages for row in rows),
            rate,
            Index.of(prompts),
            Index.of(answers),
            standing,
            standing_of,
            np.stack([query.language for query in queries]),
            np.array(guessed, dtype=np.float32),
            knowledge.reminders(prompts),
            knowledge.reminders(answers),
            np.cumsum([0, *(len(one) for one in tokens)]),
            hashes_of_many([one[:-1] for one in tokens]),
            vocabulary.places(chain.from_iterable(tokens)),
        )

    def __len__(self) -> int:
        return len(self.brevities)

    def likeness(self, queries: Sequence[Query]) -> Floats:
        """Return how each row is like each prompt, in CHANNELS ways; shape (CHANNELS, queries, rows).

        Common words with the row's prompt and with its answer; common notes with both; the same language; a
        brief answer wanted or not; the same system prompt.
        """
        words = weighted(Bags.of(query.prompt.content for query in queries), self.rate)
        notes = self.knowledge.reminders(words)
        languages = np.stack([query.language for query in queries])
        brevity = np.array([[query.brevity] for query in queries], dtype=np.float32)
        channels = np.empty((CHANNELS, len(queries), len(self)), dtype=np.float32)
        channels[0] = self.prompts.products(words)
        channels[1] = self.answers.products(words)
        np.matmul(notes, self.prompt_notes.T, out=channels[2])
        np.matmul(notes, self.answer_notes.T, out=channels[3])
        np.matmul(languages, self.languages.T, out=channels[4])
        np.multiply(2.0 * brevity - 1.0, self.brevities, out=channels[5])  # both brief or both not
        channels[5] += 1.0 - brevity
        channels[4:6] += np.float32(0.001)
        np.log(channels[4:6], out=channels[4:6])
        channels[4] /= 3.0
        standing = Bags.of(query.prompt.standing for query in queries)
        np.take(self.standing.products(standing), self.standing_of, axis=1, out=channels[6])
        return channels


def _distinct(bags: Sequence[Bag]) -> tuple[Index, Integers]:
    """Return an index of the distinct ones among bags, and for each bag which of them it is."""
    numbers: dict[bytes, int] = {}
    first: list[Bag] = []
    which = np.zeros(len(bags), dtype=np.int64)
    for at, one in enumerate(bags):
        key = one.ids.tobytes() + one.amounts.tobytes()
        if key not in numbers:
            numbers[key] = len(first)
            first.append(one)
        which[at] = numbers[key]
    return Index.of(Bags.of(first)), which


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
    """The rows chosen for several answers with what stands in them, answer after answer.

    Attributes:
        rows: the rows of all answers.
        bounds: where the places of each answer begin, and where the last one's end; shape (answers + 1,).
        owner: to which row each place belongs; shape (places,).
        hashes: what stands before each place; shape (len(SUFFIXES), places).
        next: which token (its vocabulary place) stands there; shape (places,).
    """

    rows: Chosen
    bounds: Integers
    owner: Integers
    hashes: Hashes
    next: Integers


def choose(
    banks: Sequence[Bank], queries: Sequence[Query], likeness: Floats, hidden: Sequence[Sequence[Mask | None]]
) -> list[Chosen]:
    """Return the rows of each bank that are most like each prompt.

    Args:
        banks: where to look.
        queries: the prompts.
        likeness: trained weight of each channel; shape (banks, CHANNELS).
        hidden: per prompt and bank the rows that must not be seen, or None.
    """
    found: list[Chosen] = []
    for begin in range(0, len(queries), _QUERIES_AT_ONCE):
        some = slice(begin, begin + _QUERIES_AT_ONCE)
        channels = [bank.likeness(queries[some]) for bank in banks]
        for at, masks in enumerate(hidden[some]):
            found.append(choose_by([one[:, at] for one in channels], likeness, masks))
    return found


def choose_by(channels: Sequence[Floats], likeness: Floats, hidden: Sequence[Mask | None]) -> Chosen:
    """Return the rows of each bank that are most like a prompt, by what :meth:`Bank.likeness` said of it."""
    numbers, rows, kept = [], [], []
    for number, (found, mask) in enumerate(zip(channels, hidden, strict=True)):
        scores = likeness[number] @ found
        if mask is not None:
            scores[mask] = -np.inf
        best = nearest(scores, ROWS_ATTENDED)
        best = best[np.isfinite(scores[best])]
        numbers.append(np.full(len(best), number))
        rows.append(best)
        kept.append(found[:, best].T)
    return Chosen(np.concatenate(numbers), np.concatenate(rows), np.concatenate(kept))


def attend(banks: Sequence[Bank], chosen: Sequence[Chosen]) -> Attended:
    """Return the rows chosen for each of several answers with the places in them, row after row."""
    rows = Chosen(
        np.concatenate([one.bank for one in chosen]),
        np.concatenate([one.row for one in chosen]),
        np.concatenate([one.channels for one in chosen]),
    )
    first, lengths = np.zeros_like(rows.row), np.zeros_like(rows.row)
    for number, bank in enumerate(banks):
        mine = rows.bank == number
        first[mine] = bank.starts[rows.row[mine]]
        lengths[mine] = bank.starts[rows.row[mine] + 1] - first[mine]
    ends = np.concatenate(([0], np.cumsum(lengths)))
    owner = np.repeat(np.arange(len(lengths)), lengths)
    at = np.repeat(first - ends[:-1], lengths) + np.arange(len(owner))
    hashes = np.empty((len(SUFFIXES), len(at)), dtype=np.uint32)
    following = np.empty(len(at), dtype=np.int64)
    for number, bank in enumerate(banks):
        mine = np.flatnonzero(rows.bank[owner] == number)
        hashes[:, mine] = bank.hashes[:, at[mine]]
        following[mine] = bank.places[at[mine]]
    bounds = ends[np.cumsum([0, *(len(one.row) for one in chosen)])]
    return Attended(rows, bounds, owner, hashes, following)
