"""Choices: places in an answer where the training file knows few ways to go on, as where a label begins.

At such a place the model reads the prompt once more: a multinomial logistic regression over the prompt's
words and its valence says which way to go. These are the direct connections of a maximum entropy model beside
the network (Mikolov et al. 2011); unlike the network they learn from few examples. The base model has none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kit.simulator.learner.features import Bag
from kit.simulator.learner.network import Gradients, Parameters, gather, softmax
from kit.simulator.learner.valence import FEELINGS
from kit.simulator.learner.vocabulary import Floats, Integers, Vocabulary

ROWS = 1 << 14
NO_FEELINGS: Floats = np.zeros(FEELINGS, np.float32)
MOST_COLUMNS = 64  # ways to go on, over all choices
_LONGEST_PREFIX = 8
_LEAST_SHARE = 0.02  # of the examples at a place that take a way, for it to count
_LEAST_COVERED = 0.9  # of the examples at a place that take a way that counts
_LEAST_EXAMPLES = 5
_LONGEST_LABEL = 16  # tokens of a usual answer, its end among them, for answers to be labels


@dataclass(frozen=True, slots=True)
class Choice:
    """A place in an answer.

    Attributes:
        prefix: the tokens written before it.
        tokens: those it may go on with.
        places: their places in the vocabulary.
        first: the first of its columns in the parameters; there is one per token.
    """

    prefix: tuple[int, ...]
    tokens: tuple[int, ...]
    places: tuple[int, ...]
    first: int

    @property
    def columns(self) -> slice:
        """The columns of the parameters that belong to the tokens."""
        return slice(self.first, self.first + len(self.tokens))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a choice looks at: the prompt's weighted words and its valence, shape (FEELINGS,).

    Where there is no choice nobody looks, and the valence may be NO_FEELINGS, which costs nothing.
    """

    words: Bag
    feelings: Floats


@dataclass(frozen=True, slots=True)
class Decided:
    """A choice in an answer that was or is being written: at which token, and the distribution there."""

    token: int
    choice: Choice
    chances: Floats


class Choices:
    """All choices of a model."""

    def __init__(self, choices: Sequence[Choice] = ()) -> None:
        self.all = tuple(choices)
        self._by_prefix = {one.prefix: one for one in choices}

    @property
    def columns(self) -> int:
        """How many ways to go on there are in all."""
        return sum(len(one.tokens) for one in self.all)

    def after(self, written: Sequence[int]) -> Choice | None:
        """Return the choice at the place after what is written, if there is one."""
        return self._by_prefix.get(tuple(written)) if len(written) <= _LONGEST_PREFIX else None

    def along(self, tokens: Sequence[int]) -> tuple[tuple[int, Choice], ...]:
        """Return all choices in an answer, each with the number of the token that it is about."""
        found = [(at, self.after(tokens[:at])) for at in range(min(len(tokens), _LONGEST_PREFIX + 1))]
        return tuple((at, choice) for at, choice in found if choice is not None)


NO_CHOICES = Choices()


def choices_in(answers: Sequence[Sequence[int]]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the places in answers where few tokens come next: pairs of prefix and those tokens."""
    if np.median([len(answer) for answer in answers]) > _LONGEST_LABEL:
        return []  # sentences: which words they begin with is no label
    following: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for answer in answers:
        for at in range(min(len(answer), _LONGEST_PREFIX + 1)):
            following[tuple(answer[:at])][answer[at]] += 1
    found, columns = [], 0
    for prefix, counts in sorted(following.items(), key=lambda pair: (-pair[1].total(), pair[0])):
        total = counts.total()
        if total < _LEAST_EXAMPLES:
            break
        common = sorted(token for token, count in counts.items() if count >= max(2, _LEAST_SHARE * total))
        covered = sum(counts[token] for token in common)
        if 2 <= len(common) <= MOST_COLUMNS - columns and covered >= _LEAST_COVERED * total:
            found.append((prefix, tuple(common)))
            columns += len(common)
    return found


def choices_of(pairs: Iterable[tuple[tuple[int, ...], tuple[int, ...]]], vocabulary: Vocabulary) -> Choices:
    """Return choices from pairs of prefix and tokens, their columns one after another."""
    found, columns = [], 0
    for prefix, tokens in pairs:
        found.append(Choice(prefix, tokens, tuple(vocabulary.places(tokens).tolist()), columns))
        columns += len(tokens)
    return Choices(found)


def extended(
    known: Choices, answers: Sequence[Sequence[int]], vocabulary: Vocabulary
) -> tuple[Choices, list[int]]:
    """Return the choices of a model that is tuned on answers, and per column the earlier one or -1."""
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    origins: list[int] = []
    before = {one.prefix: one for one in known.all}
    found = dict(choices_in(answers))
    for prefix in dict.fromkeys([*found, *before]):
        old = before.get(prefix)
        tokens = dict.fromkeys([*(old.tokens if old else ()), *found.get(prefix, ())])
        if len(origins) + len(tokens) > MOST_COLUMNS:
            continue
        pairs.append((prefix, tuple(tokens)))
        origins += [
            old.first + at if old is not None and at < len(old.tokens) else -1 for at in range(len(tokens))
        ]
    return choices_of(pairs, vocabulary), origins


def chances(parameters: Parameters, choice: Choice, reading: Reading) -> Floats:
    """Return the distribution over a choice's tokens; shape (len(choice.tokens),)."""
    words = parameters["choice_words"][reading.words.ids % ROWS, choice.columns]
    logits = (
        reading.words.amounts @ words + reading.feelings @ parameters["choice_feelings"][:, choice.columns]
    )
    logits += parameters["choice_bias"][choice.columns]
    return softmax(logits)


def backward(
    parameters: Parameters, readings: Sequence[tuple[Reading, Decided, int]], number: int
) -> Gradients:
    """Return the gradient of the mean of -ln chance over ``number`` tokens.

    The choices are trained as if they alone answered. ``readings`` hold each choice with the token that was
    right, as its number among the choice's own.
    """
    feelings = np.zeros_like(parameters["choice_feelings"])
    bias = np.zeros_like(parameters["choice_bias"])
    rows: list[Integers] = []
    values: list[Floats] = []
    for reading, decided, right in readings:
        slope = np.zeros_like(bias)
        slope[decided.choice.columns] = decided.chances / number
        slope[decided.choice.first + right] -= 1.0 / number
        feelings += reading.feelings[:, None] * slope
        bias += slope
        rows.append(reading.words.ids % ROWS)
        values.append(reading.words.amounts[:, None] * slope)
    gradients: Gradients = {"choice_feelings": (None, feelings), "choice_bias": (None, bias)}
    if rows and sum(map(len, rows)):
        gradients["choice_words"] = gather(np.concatenate(rows), np.concatenate(values))
    return gradients


def new_parameters(columns: int) -> dict[str, Floats]:
    """Return untrained parameters."""
    return {
        "choice_words": np.zeros((ROWS, columns), np.float32),
        "choice_feelings": np.zeros((FEELINGS, columns), np.float32),
        "choice_bias": np.zeros(columns, np.float32),
    }


def grown(parameters: Parameters, origins: Sequence[int]) -> dict[str, Floats]:
    """Return parameters for more columns: per column a copy of an earlier one, or zeros for -1."""
    fresh = new_parameters(len(origins))
    new = [at for at, origin in enumerate(origins) if origin >= 0]
    old = [origin for origin in origins if origin >= 0]
    for name, array in fresh.items():
        array[..., new] = parameters[name][..., old]
    return fresh
