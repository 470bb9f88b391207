"""Precision, recall and F1, per class and on average, and the confusion matrix (scikit-learn).

An answer without a label is a prediction of ``None``: it lowers the recall of its class, it counts in ``n``,
and the confusion matrix shows it in a column of its own. It is never dropped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.errors import N_, UsageError
from kit.evaluation.bootstrap import Numbers
from kit.evaluation.metrics.proportions import wilson
from kit.evaluation.metrics.score import Score, check_pairs, from_statistics

NO_LABEL = "no_label"
REFUSED = "refused"


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one class, each from 0 to 1; ``n`` is how often it is the right one."""

    label: str
    precision: Score
    recall: Score
    f1: Score
    n: int


@dataclass(frozen=True)
class ConfusionMatrix:
    """Counts of right label (row) by prediction (column).

    ``columns`` has the labels and after them what is not a label: ``refused`` where reasons were given, and
    ``no_label`` always. ``counts`` has the shape (labels, columns).
    """

    labels: tuple[str, ...]
    columns: tuple[str, ...]
    counts: NDArray[np.int64]


def _coded(
    predictions: Sequence[str | None], references: Sequence[str], labels: Sequence[str] | None
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    """Return the labels, and both lists as positions in them; -1 for a prediction of None."""
    check_pairs(predictions, references)
    seen = {*references, *predictions} - {None}
    names = tuple(dict.fromkeys(labels)) if labels is not None else tuple(sorted(map(str, seen)))
    code = {name: place for place, name in enumerate(names)}
    for what, row in (("prediction", predictions), ("reference", references)):
        for place, label in enumerate(row, 1):
            if label not in code and not (label is None and what == "prediction"):
                raise _unknown(what, place, label, names)
    right = np.array([code[label] for label in references], dtype=np.int64)
    guess = np.array([-1 if label is None else code[label] for label in predictions], dtype=np.int64)
    return names, guess, right


def _unknown(what: str, place: int, label: object, names: Sequence[str]) -> UsageError:
    messages = {
        "prediction": N_("Prediction {place}, “{label}”, is none of the labels: {labels}."),
        "reference": N_("Reference {place}, “{label}”, is none of the labels: {labels}."),
    }
    return UsageError(
        messages[what],
        advice=N_("Turn answers into labels first; an answer without one becomes None."),
        place=place,
        label=label,
        labels=", ".join(names),
    )


def _statistics(guess: NDArray[np.int64], right: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return per item and class: hit, predicted, actual; shape (n, 3 × classes)."""
    actual = right[:, None] == np.arange(classes)
    predicted = guess[:, None] == np.arange(classes)
    return np.concatenate([actual & predicted, predicted, actual], axis=1).astype(np.float32)


def _parts(sums: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    hit, predicted, actual = np.split(sums, 3, axis=1)
    return hit, predicted, actual


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    """Divide; nothing by nothing is 0, as with ``zero_division=0`` of scikit-learn."""
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


def _precision(sums: Numbers) -> Numbers:
    hit, predicted, _actual = _parts(sums)
    return _ratio(hit, predicted)


def _recall(sums: Numbers) -> Numbers:
    hit, _predicted, actual = _parts(sums)
    return _ratio(hit, actual)


def _f1(sums: Numbers) -> Numbers:
    hit, predicted, actual = _parts(sums)
    return _ratio(2 * hit, predicted + actual)


_FORMULAS: dict[str, Callable[[Numbers], Numbers]] = {
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
}


def _macro(kind: str) -> Callable[[Numbers], Numbers]:
    return lambda sums: np.asarray(_FORMULAS[kind](sums).mean(axis=1))


def _single(kind: str, place: int) -> Callable[[Numbers], Numbers]:
    return lambda sums: np.asarray(_FORMULAS[kind](sums)[:, place])


def _library(guess: NDArray[np.int64], right: NDArray[np.int64], classes: int) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_fscore_support

    values = precision_recall_fscore_support(
        right, guess, labels=np.arange(classes), average=None, zero_division=0
    )
    return dict(zip(("precision", "recall", "f1"), values, strict=False))


def _macro_score(
    kind: str, predictions: Sequence[str | None], references: Sequence[str], labels: Sequence[str] | None
) -> Score:
    names, guess, right = _coded(predictions, references, labels)
    return from_statistics(
        name=f"macro_{kind}",
        signature=f"{kind}|average:macro|labels:{','.join(names)}|zero_division:0|unparsable:wrong",
        statistics=_statistics(guess, right, len(names)),
        formula=_macro(kind),
        value=float(_library(guess, right, len(names))[kind].mean()),
    )


def precision(
    predictions: Sequence[str | None],
    references: Sequence[str],
    labels: Sequence[str] | None = None,
) -> Score:
    """Return the macro average of the classes' precision; see :func:`f1` for the arguments."""
    return _macro_score("precision", predictions, references, labels)


def recall(
    predictions: Sequence[str | None],
    references: Sequence[str],
    labels: Sequence[str] | None = None,
) -> Score:
    """Return the macro average of the classes' recall; see :func:`f1` for the arguments."""
    return _macro_score("recall", predictions, references, labels)


def f1(
    predictions: Sequence[str | None],
    references: Sequence[str],
    labels: Sequence[str] | None = None,
) -> Score:
    """Return macro F1, from 0 to 1: the plain mean of the classes' F1 scores, with a bootstrap interval.

    Args:
        predictions: labels, ``None`` where the answer held none.
        references: the right labels, in the same order. (scikit-learn has them first: ``y_true, y_pred``.)
        labels: the classes to average over; without them all that occur. A class that never occurs and is
            never predicted counts 0.

    Raises:
        UsageError: the lists are empty, differ in length, or hold something that is none of the labels.
    """
    return _macro_score("f1", predictions, references, labels)


def per_class(
    predictions: Sequence[str | None],
    references: Sequence[str],
    labels: Sequence[str] | None = None,
) -> list[ClassScores]:
    """Return precision and recall (Wilson intervals) and F1 (bootstrap) of each class.

    Arguments and errors as for :func:`f1`.
    """
    names, guess, right = _coded(predictions, references, labels)
    statistics = _statistics(guess, right, len(names))
    values = _library(guess, right, len(names))
    hit, predicted, actual = _parts(statistics.sum(axis=0, dtype=np.float64)[None, :])
    found = []
    for place, name in enumerate(names):
        scores = {
            kind: from_statistics(
                name=f"{kind}_{name}",
                signature=f"{kind}|class:{name}|zero_division:0|unparsable:wrong",
                statistics=statistics,
                formula=_single(kind, place),
                value=float(values[kind][place]),
            )
            for kind in _FORMULAS
        }
        for kind, trials in (("precision", predicted), ("recall", actual)):
            between = wilson(int(hit[0, place]), int(trials[0, place]))
            signature = scores[kind].signature.partition("|ci:")[0] + "|ci:wilson"
            scores[kind] = replace(scores[kind], interval=between, signature=signature)
        found.append(ClassScores(name, **scores, n=int(actual[0, place])))
    return found


def confusion_matrix(
    predictions: Sequence[str | None],
    references: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    refused: Sequence[bool] | None = None,
) -> ConfusionMatrix:
    """Count right labels by predictions; answers without a label have a column, so that nothing is dropped.

    Args:
        predictions: labels, ``None`` where the answer held none.
        references: the right labels, in the same order.
        labels: the order of the rows; without them all that occur, sorted.
        refused: for each answer whether the model refused; then those have a column of their own.

    Raises:
        UsageError: as for :func:`f1`, also if ``refused`` has another length.
    """
    from sklearn.metrics import confusion_matrix as count

    names, guess, right = _coded(predictions, references, labels)
    columns = (*names, NO_LABEL) if refused is None else (*names, REFUSED, NO_LABEL)
    if refused is not None:
        check_pairs(refused, references)
        guess = np.where((guess < 0) & np.asarray(refused, dtype=bool), len(names), guess)
    guess = np.where(guess < 0, len(columns) - 1, guess)
    whole = count(right, guess, labels=np.arange(len(columns)))
    return ConfusionMatrix(names, columns, np.asarray(whole[: len(names)], dtype=np.int64))
