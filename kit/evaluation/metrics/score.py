"""What a metric returns: a value with its uncertainty, and what is needed to compare it with another."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.errors import N_, UsageError
from kit.evaluation import bootstrap
from kit.evaluation.bootstrap import RESAMPLES, SEED, Formula, Interval


@dataclass(frozen=True)
class Score:
    """The result of a metric.

    Attributes:
        name: of the metric, such as ``accuracy``.
        value: the score; the metric's docstring says on which scale.
        interval: its confidence interval, or ``None`` where none can be given (a single item).
        n: how many items were scored.
        signature: everything somebody needs to compute the same number again.
        statistics: shape (n, k): what each item adds to the sums that ``formula`` turns into the value.
        formula: from sums, shape (rows, k), to values, shape (rows,).
    """

    name: str
    value: float
    n: int
    signature: str
    interval: Interval | None = None
    statistics: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0)), repr=False, compare=False)
    formula: Formula = field(default=bootstrap.mean_of, repr=False, compare=False)

    def __str__(self) -> str:
        """Return name, value and interval: ``accuracy 0.8125 [0.6798, 0.8994], n = 48``."""
        between = f" [{self.interval.low:.4f}, {self.interval.high:.4f}]" if self.interval else ""
        return f"{self.name} {self.value:.4f}{between}, n = {self.n}"


def from_statistics(
    *,
    name: str,
    signature: str,
    statistics: NDArray[Any],
    formula: Formula = bootstrap.mean_of,
    value: float | None = None,
) -> Score:
    """Return a score whose value is the formula of the summed statistics, with its bootstrap interval.

    ``value`` replaces the formula's, where a library is the authority on it. A single item has no interval.
    """
    whole = statistics.sum(axis=0, dtype=np.float64)[None, :]
    exact = float(formula(whole)[0]) if value is None else value
    signed = f"{signature}|ci:percentile-bootstrap|resamples:{RESAMPLES}|seed:{SEED}"
    several = len(statistics) > 1
    between = bootstrap.percentile_interval(bootstrap.resample(statistics, formula)) if several else None
    return Score(name, exact, len(statistics), signed, between, statistics, formula)


def means(values: Sequence[float]) -> NDArray[np.float64]:
    """Return the statistics of a mean: each value beside a one."""
    column = np.asarray(values, dtype=np.float64)
    return np.column_stack([column, np.ones_like(column)])


def check_pairs(predictions: Sequence[Any], references: Sequence[Any]) -> None:
    """Refuse inputs that do not go together.

    Raises:
        UsageError: there is none, the lengths differ, or one text was given instead of a sequence of them.
    """
    if isinstance(predictions, str) or isinstance(references, str):
        raise UsageError(
            N_("A metric needs a list of predictions and a list of references, not one text."),
            advice=N_("Put square brackets around it: metric([prediction], [reference])."),
        )
    if len(predictions) != len(references):
        raise UsageError(
            N_("There are {predictions} predictions but {references} references."),
            advice=N_(
                "Every prediction needs its reference, in the same order. "
                "Keep a failed answer as an empty one; do not leave it out."
            ),
            predictions=len(predictions),
            references=len(references),
        )
    if not len(predictions):
        raise UsageError(
            N_("There is nothing to score: the list of predictions is empty."),
            advice=N_("Check that the data set has rows and that the model was asked."),
        )


def check_texts(predictions: Sequence[Any], references: Sequence[Any]) -> None:
    """Refuse inputs of a text metric that do not go together, or a prediction that is no text.

    Raises:
        UsageError: as :func:`check_pairs`, or a prediction is not a string.
    """
    check_pairs(predictions, references)
    for place, text in enumerate(predictions, 1):
        if not isinstance(text, str):
            raise UsageError(
                N_("Prediction {place} is not a text but {kind}."),
                advice=N_('A model that did not answer has written the empty text: "".'),
                place=place,
                kind=type(text).__name__,
            )
