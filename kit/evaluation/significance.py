"""Is one system better than another, or was it luck? Tests for two systems that answered the same items.

- :func:`compare`: the difference of two scores of one metric, item by item in the same order, with its paired
  bootstrap interval, and a p-value by approximate randomization (E. Noreen, *Computer-Intensive Methods for
  Testing Hypotheses*, 1989; for text metrics Riezler and Maxwell, https://aclanthology.org/W05-0908/). Works
  for every metric, also BLEU and F1.
- :func:`holm`: whoever compares many variants with one baseline finds a “significant” one by luck; this
  corrects for it (S. Holm, 1979).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kit.errors import N_, UsageError
from kit.evaluation import bootstrap
from kit.evaluation.bootstrap import RESAMPLES, SEED, Interval, Numbers
from kit.evaluation.metrics.score import Score

_CELLS = 1_000_000  # coin tosses at a time


class Comparison(NamedTuple):
    """One system against another: ``difference`` is the score of the first minus that of the second."""

    difference: float
    interval: Interval | None
    p_value: float


def check_same_items(one: Score, other: Score) -> None:
    """Refuse scores that cannot be compared pair by pair.

    Raises:
        UsageError: they are of different metrics, or of different items.
    """
    if one.name != other.name or one.n != other.n or one.statistics.shape != other.statistics.shape:
        raise UsageError(
            N_("“{one}” of {n} items and “{other}” of {m} items cannot be compared pair by pair."),
            advice=N_("Score both systems with the same metric, on the same items in the same order."),
            one=one.name,
            n=one.n,
            other=other.name,
            m=other.n,
        )


def compare(one: Score, other: Score) -> Comparison:
    """Compare two scores of one metric over the same items.

    The p-value is the share of random exchanges of the two systems' items that make a difference at least
    as large, in either direction; both counts get one added, so that it is never 0.

    Raises:
        UsageError: the scores are of different metrics, or of different items.
    """
    check_same_items(one, other)
    between = None
    if one.n > 1:
        ours = bootstrap.resample(one.statistics, one.formula)
        theirs = bootstrap.resample(other.statistics, other.formula)
        between = bootstrap.percentile_interval(ours - theirs)
    return Comparison(one.value - other.value, between, _randomization(one, other))


def _randomization(one: Score, other: Score) -> float:
    ours, theirs = (np.asarray(score.statistics, dtype=np.float64) for score in (one, other))
    total = (ours + theirs).sum(axis=0)
    whole = np.stack([ours.sum(axis=0), theirs.sum(axis=0)])
    observed = abs(float(one.formula(whole[:1])[0] - other.formula(whole[1:])[0]))
    as_large = 0
    for kept in _tosses(len(ours)):
        first = theirs.sum(axis=0) + kept @ (ours - theirs)
        shuffled = np.abs(one.formula(first) - other.formula(total - first))
        as_large += int((shuffled >= observed - 1e-12).sum())
    return (as_large + 1) / (RESAMPLES + 1)


def _tosses(items: int) -> Iterator[Numbers]:
    generator = np.random.default_rng(SEED)
    block = max(1, _CELLS // items)
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        yield (generator.random((rows, items)) < 0.5).astype(np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being so many, in the same order, by Holm's step-down method.

    Raises:
        UsageError: a value is not between 0 and 1.
    """
    for value in p_values:
        if not 0 <= value <= 1:
            raise UsageError(N_("A p-value of {value} is not possible."), value=value)
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected
