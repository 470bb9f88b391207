"""Is one system better than another, or was it luck? Tests for two systems that answered the same items.

All work on two scores of the same metric, item by item in the same order:

- :func:`compare`: the difference with its paired bootstrap interval, and a p-value by approximate
  randomization (E. Noreen, *Computer-Intensive Methods for Testing Hypotheses*, 1989; for text metrics
  Riezler and Maxwell, https://aclanthology.org/W05-0908/). Works for every metric, also BLEU and F1.
- :func:`sign_test`: only who was better on each item counts. For right-or-wrong items this is McNemar's exact
  test (Q. McNemar, 1947).
- :func:`holm`: whoever compares many variants with one baseline finds a “significant” one by luck; this
  corrects for it (S. Holm, 1979).
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kit.errors import N_, UsageError
from kit.evaluation import bootstrap
from kit.evaluation.bootstrap import CONFIDENCE, RESAMPLES, SEED, Interval, Numbers
from kit.evaluation.metrics.score import Score

_CELLS = 1_000_000  # coin tosses at a time


class Comparison(NamedTuple):
    """One system against another: ``difference`` is the score of the first minus that of the second."""

    difference: float
    interval: Interval | None
    p_value: float
    test: str
    n: int


def _check(one: Score, other: Score) -> None:
    if one.name != other.name or one.n != other.n or one.statistics.shape != other.statistics.shape:
        raise UsageError(
            N_("“{one}” of {n} items and “{other}” of {m} items cannot be compared pair by pair."),
            advice=N_("Score both systems with the same metric, on the same items in the same order."),
            one=one.name,
            n=one.n,
            other=other.name,
            m=other.n,
        )


def compare(
    one: Score,
    other: Score,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Compare two scores of one metric over the same items.

    The p-value is the share of random exchanges of the two systems' items that make a difference at least
    as large, in either direction; both counts get one added, so that it is never 0.

    Raises:
        UsageError: the scores are of different metrics, or of different items.
    """
    _check(one, other)
    observed = one.value - other.value
    between = None
    if one.n > 1:
        ours = bootstrap.resample(one.statistics, one.formula, resamples, seed)
        theirs = bootstrap.resample(other.statistics, other.formula, resamples, seed)
        between = bootstrap.percentile_interval(ours - theirs, confidence)
    p_value = _randomization(one, other, resamples, seed)
    return Comparison(observed, between, p_value, "approximate randomization", one.n)


def _randomization(one: Score, other: Score, resamples: int, seed: int) -> float:
    ours, theirs = (np.asarray(score.statistics, dtype=np.float64) for score in (one, other))
    total = (ours + theirs).sum(axis=0)
    whole = np.stack([ours.sum(axis=0), theirs.sum(axis=0)])
    observed = abs(float(one.formula(whole[:1])[0] - other.formula(whole[1:])[0]))
    as_large = 0
    for kept in _tosses(len(ours), resamples, seed):
        first = theirs.sum(axis=0) + kept @ (ours - theirs)
        shuffled = np.abs(one.formula(first) - other.formula(total - first))
        as_large += int((shuffled >= observed - 1e-12).sum())
    return (as_large + 1) / (resamples + 1)


def _tosses(items: int, resamples: int, seed: int) -> Iterator[Numbers]:
    generator = np.random.default_rng(seed)
    block = max(1, _CELLS // items)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        yield (generator.random((rows, items)) < 0.5).astype(np.float64)


def sign_test(one: Score, other: Score) -> Comparison:
    """Count on how many items each system was the better one; two-sided exact binomial test of a fair coin.

    Ties say nothing and are left out. For accuracy this is McNemar's exact test, and the name says so.

    Raises:
        UsageError: the scores are of different metrics or items, or the metric has no score per item.
    """
    _check(one, other)
    if not len(one.items) == len(other.items) == one.n:
        raise UsageError(
            N_("“{name}” has no score for each item, which a sign test needs."),
            advice=N_("Use compare(): it works for every metric."),
            name=one.name,
        )
    pairs = list(zip(one.items, other.items, strict=True))
    better, worse = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    binary = {*one.items, *other.items} <= {0.0, 1.0}
    test = "McNemar, exact" if binary else "sign test"
    return Comparison(one.value - other.value, None, binomial_p(better, worse), test, one.n)


def binomial_p(better: int, worse: int) -> float:
    """Return the two-sided p-value of ``better`` heads and ``worse`` tails under a fair coin; 1 for none."""
    n, fewer = better + worse, min(better, worse)
    if n == 0:
        return 1.0
    log_all = n * math.log(2)
    logs = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(fewer + 1))
    return min(1.0, 2 * math.fsum(math.exp(value - log_all) for value in logs))


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
