"""ROUGE-1, ROUGE-2 and ROUGE-L: overlap with a reference in words, pairs of words, or a common subsequence.

From 0 to 1. Source: C.-Y. Lin, “ROUGE: A Package for Automatic Evaluation of Summaries” (2004),
https://aclanthology.org/W04-1013/. Equal to ``rouge_score`` (without its stemmer) in English, item by item;
words are of any language (:mod:`kit.evaluation.metrics.words`). The longest common subsequence is
rapidfuzz's, which is bit-parallel: H. Hyyrö, “Bit-Parallel LCS-length Computation Revisited” (2004).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from rapidfuzz.distance import LCSseq

from kit.evaluation.metrics.score import Score, check_texts, from_statistics, means
from kit.evaluation.metrics.words import words

Kind = Literal["rouge1", "rouge2", "rougeL"]
Words = Sequence[str]


class Overlap(NamedTuple):
    """Precision, recall and F1 of one prediction against one reference."""

    precision: float
    recall: float
    f1: float


_NOTHING = Overlap(0.0, 0.0, 0.0)


def _overlap(common: int, ours: int, theirs: int) -> Overlap:
    if not common:
        return _NOTHING
    precision, recall = common / ours, common / theirs
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall))


def _unigrams(ours: Words, theirs: Words) -> Overlap:
    if not ours or not theirs:
        return _NOTHING
    return _overlap(_common(Counter(ours), Counter(theirs)), len(ours), len(theirs))


def _bigrams(ours: Words, theirs: Words) -> Overlap:
    if len(ours) < 2 or len(theirs) < 2:
        return _NOTHING
    mine, yours = Counter(pairwise(ours)), Counter(pairwise(theirs))
    return _overlap(_common(mine, yours), len(ours) - 1, len(theirs) - 1)


def _common(mine: Counter[Any], yours: Counter[Any]) -> int:
    small, large = (mine, yours) if len(mine) <= len(yours) else (yours, mine)
    count = large.get
    return sum(min(n, other) for gram, n in small.items() if (other := count(gram)))


def _subsequence(ours: Words, theirs: Words) -> Overlap:
    if not ours or not theirs:
        return _NOTHING
    return _overlap(LCSseq.similarity(ours, theirs), len(ours), len(theirs))


_OVERLAPS: dict[Kind, Callable[[Words, Words], Overlap]] = {
    "rouge1": _unigrams,
    "rouge2": _bigrams,
    "rougeL": _subsequence,
}


def rouge_items(
    predictions: Sequence[str], references: Sequence[str | Sequence[str]]
) -> dict[Kind, list[Overlap]]:
    """Return precision, recall and F1 of each item; of several references the one with the best F1 counts.

    Args:
        predictions: what the model wrote. (``rouge_score`` has it second: ``score(target, prediction)``.)
        references: one text per prediction, or several.

    Raises:
        UsageError: the lists are empty or differ in length.
    """
    check_texts(predictions, references)
    found: dict[Kind, list[Overlap]] = {kind: [] for kind in _OVERLAPS}
    for prediction, reference in zip(predictions, references, strict=True):
        ours = words(prediction)
        theirs = [words(text) for text in ([reference] if isinstance(reference, str) else reference or [""])]
        for kind, overlap in _OVERLAPS.items():
            best = overlap(ours, theirs[0])
            for other in theirs[1:]:
                best = max(best, overlap(ours, other), key=lambda each: each.f1)
            found[kind].append(best)
    return found


def rouge(
    predictions: Sequence[str],
    references: Sequence[str | Sequence[str]],
) -> dict[Kind, Score]:
    """Return the mean F1 of each kind over the items, with a bootstrap interval.

    Arguments and errors as for :func:`rouge_items`. An empty prediction or reference scores 0.
    """
    found = {}
    for kind, overlaps in rouge_items(predictions, references).items():
        values = [each.f1 for each in overlaps]
        found[kind] = from_statistics(
            name=kind,
            signature=f"{kind}|f:1|average:mean-of-items|tok:unicode-words|case:lower|stem:no",
            statistics=means(values),
        )
    return found
