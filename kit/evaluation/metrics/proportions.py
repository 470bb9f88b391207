"""Confidence intervals for proportions, and accuracy, the plainest of them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

from kit.errors import N_, UsageError
from kit.evaluation.bootstrap import CONFIDENCE, Interval
from kit.evaluation.metrics.score import Score, check_pairs, means


def wilson(successes: int, n: int) -> Interval:
    """Return the Wilson score interval of a proportion; of no trials at all it is (0, 1): nothing is known.

    Source: E. B. Wilson, “Probable Inference, the Law of Succession, and Statistical Inference” (1927); for
    why not the usual plus or minus, which says 100 % ± 0 % after ten hits of ten: Brown, Cai, DasGupta,
    “Interval Estimation for a Binomial Proportion” (2001). No continuity correction.

    Raises:
        UsageError: there are more successes than trials, or a count is negative.
    """
    if not 0 <= successes <= n:
        raise UsageError(
            N_("{successes} successes in {n} trials are not possible."), successes=successes, n=n
        )
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, extra = successes / n, z * z / n
    middle = share + extra / 2
    half = z * math.sqrt(share * (1 - share) / n + extra / (4 * n))
    low = 0.0 if successes == 0 else (middle - half) / (1 + extra)
    high = 1.0 if successes == n else (middle + half) / (1 + extra)
    return Interval(low, high)


def accuracy(predictions: Sequence[str | None], references: Sequence[str]) -> Score:
    """Return the share of predictions that equal their reference, from 0 to 1, with a Wilson interval.

    Args:
        predictions: labels; ``None`` where the answer held none. It counts as wrong and stays in ``n``.
        references: the right labels, in the same order. (scikit-learn has them first: ``y_true, y_pred``.)

    Raises:
        UsageError: the two lists are empty or differ in length.
    """
    check_pairs(predictions, references)
    hits = [float(one == other) for one, other in zip(predictions, references, strict=True)]
    n = len(hits)
    signature = "accuracy|unparsable:wrong|ci:wilson"
    score = Score("accuracy", sum(hits) / n, n, signature, statistics=means(hits))
    return replace(score, interval=wilson(int(sum(hits)), n))
