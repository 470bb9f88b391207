"""Calibration: does a model that is 80 % sure get 80 % right?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kit.errors import N_, UsageError
from kit.evaluation.bootstrap import Interval
from kit.evaluation.metrics.proportions import wilson
from kit.evaluation.metrics.score import check_pairs


class Bin(NamedTuple):
    """The answers whose confidence lies between ``low`` and ``high``, the upper end included."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval


class Calibration(NamedTuple):
    """Bins that hold answers, and the expected calibration error: 0 is perfect, 1 the worst."""

    bins: tuple[Bin, ...]
    error: float


def calibration(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> Calibration:
    """Return accuracy by confidence, and the expected calibration error.

    The error is the mean distance between confidence and accuracy over bins of equal width, weighted by how
    many answers they hold: C. Guo et al., “On Calibration of Modern Neural Networks” (2017), equation 3,
    https://arxiv.org/abs/1706.04599. It depends on the number of bins: state it.

    Args:
        confidences: for each answer the probability that the model gave it, from 0 to 1: ``exp`` of the sum
            of its tokens' log-probabilities.
        correct: for each answer whether it is right.
        bins: how many.

    Raises:
        UsageError: the lists are empty or differ in length, or a confidence is not between 0 and 1.
    """
    check_pairs(confidences, correct)
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=bool)
    wrong = np.flatnonzero(~((sure >= 0) & (sure <= 1)))
    if bins < 1:
        raise UsageError(N_("Calibration needs at least one bin, not {bins}."), bins=bins)
    if len(wrong):
        raise UsageError(
            N_("Confidence {place}, {value}, is not between 0 and 1."),
            advice=N_("From a log-probability comes a probability by exp()."),
            place=int(wrong[0]) + 1,
            value=float(sure[wrong[0]]),
        )
    places = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for place in np.unique(places):
        inside = places == place
        n, hits = int(inside.sum()), int(right[inside].sum())
        edges = place / bins, (place + 1) / bins
        found.append(Bin(*edges, n, float(sure[inside].mean()), hits / n, wilson(hits, n)))
    error = sum(each.n * abs(each.accuracy - each.confidence) for each in found) / len(sure)
    return Calibration(tuple(found), float(error))
