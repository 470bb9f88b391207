"""Confidence intervals by the bootstrap, for any score that is a function of summed statistics.

Every metric of the kit can be written as *sum a few numbers per item, then apply a formula*: accuracy sums
hits, F1 sums true positives, predicted and actual, BLEU sums matched and possible n-grams. A resample of the
items then needs only the sums, not the texts, and all resamples are one matrix product.

The interval is the percentile interval: B. Efron and R. Tibshirani, *An Introduction to the Bootstrap*,
chapter 13 (1993). For systems compared on the same items: P. Koehn, “Statistical Significance Tests for
Machine Translation Evaluation” (2004), https://aclanthology.org/W04-3250/. Quantiles interpolate linearly
between neighbours, as ``numpy.quantile`` does.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kit.errors import N_, UsageError

Numbers = NDArray[np.float64]
Formula = Callable[[Numbers], Numbers]
"""Turn sums of statistics, one row per resample, into one score per row."""

RESAMPLES = 1000
CONFIDENCE = 0.95
SEED = 105
_CELLS = 1_000_000  # drawn at a time: 8 MB each for the draws and the weights, however many items there are


class Interval(NamedTuple):
    """The ends of a confidence interval, always one of 95 %; a score's signature says how it was found."""

    low: float
    high: float


def draw_weights(items: int, resamples: int, seed: int) -> Iterator[Numbers]:
    """Yield how often each item occurs in each resample, in blocks of rows; a row sums to ``items``.

    The same seed draws the same resamples, whatever else the caller does with them: that is what makes a
    comparison paired.

    Raises:
        UsageError: there is no item, or no resample is wanted.
    """
    if items < 1 or resamples < 1:
        raise UsageError(
            N_("A bootstrap needs at least one item and one resample; there are {items} and {resamples}."),
            items=items,
            resamples=resamples,
        )
    generator = np.random.default_rng(seed)
    block = max(1, _CELLS // items)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = generator.integers(0, items, size=(rows, items))
        drawn += np.arange(rows)[:, None] * items
        counts = np.bincount(drawn.ravel(), minlength=rows * items)
        yield counts.reshape(rows, items).astype(np.float64)


def resample(
    statistics: NDArray[Any], formula: Formula, resamples: int = RESAMPLES, seed: int = SEED
) -> Numbers:
    """Return the score of each resample.

    Args:
        statistics: shape (items, k): what each item adds to the sums.
        formula: from sums, shape (rows, k), to scores, shape (rows,).
        resamples: how many.
        seed: of the draws.

    Raises:
        UsageError: there is no item.
    """
    table = np.asarray(statistics, dtype=np.float64)
    blocks = [formula(weights @ table) for weights in draw_weights(len(table), resamples, seed)]
    return np.concatenate(blocks)


def percentile_interval(scores: Numbers) -> Interval:
    """Return the interval that leaves the same share of resampled scores below and above it."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return Interval(float(low), float(high))


def mean_of(sums: Numbers) -> Numbers:
    """Return first column divided by second: the formula of every mean and every plain proportion."""
    return np.asarray(np.divide(sums[:, 0], sums[:, 1]), dtype=np.float64)
