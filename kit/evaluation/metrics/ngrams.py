"""BLEU and chrF: overlap with a reference in words or characters (sacrebleu).

Both are from 0 to 100. They compare wording, not meaning: a good answer in other words scores low, and the
input must never be the reference. Scores are comparable only where the signatures are equal.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.bootstrap import Formula, Numbers
from kit.evaluation.languages import languages
from kit.evaluation.metrics.score import Score, check_texts, from_statistics

References = Sequence[str | Sequence[str]]
_ORDER = 4
_BETA = 2.0  # of chrF2: recall counts twice as much as precision


def as_streams(predictions: Sequence[str], references: References) -> list[list[str]]:
    """Return the references as sacrebleu wants them: first ones, second ones …; an item may have several.

    An item with fewer than the others gets its last one again, which changes neither metric.

    Raises:
        UsageError: there is nothing to score, or the lengths differ.
    """
    check_texts(predictions, references)
    rows = [[each] if isinstance(each, str) else list(each) or [""] for each in references]
    longest = max(map(len, rows))
    padded = [row + row[-1:] * (longest - len(row)) for row in rows]
    return [list(stream) for stream in zip(*padded, strict=True)]


def _score(metric: Any, predictions: Sequence[str], references: References, formula: Formula) -> Score:
    """Compute the corpus score, and beside it the statistics of each item that the bootstrap resamples."""
    streams = as_streams(predictions, references)
    value = metric.corpus_score(list(predictions), streams).score
    name = type(metric).__name__.lower()
    # Not public in sacrebleu, but what its own bootstrap calls; a test compares the two results.
    rows = metric._extract_corpus_statistics(list(predictions), streams)
    return from_statistics(
        name=name,
        signature=f"{name}|{metric.get_signature()}",
        statistics=np.array(rows, dtype=np.float64),
        formula=formula,
        value=float(value),
    )


def bleu(predictions: Sequence[str], references: References, locale: str = "en") -> Score:
    """Return corpus BLEU, 0 to 100.

    Source: Papineni et al., https://aclanthology.org/P02-1040/, as sacrebleu computes it (Post,
    https://aclanthology.org/W18-6319/). The locale decides the tokenizer: ``zh`` for Chinese, ``13a`` else.

    Args:
        predictions: what the model wrote; an empty text is allowed and scores 0. (sacrebleu: first, too.)
        references: one text per prediction, or several. Not the input of the model.
        locale: language of the texts.

    Raises:
        UsageError: the lists are empty or differ in length.
    """
    from sacrebleu.metrics import BLEU

    metric = BLEU(tokenize=languages().tokenizer(locale), force=True)
    return _score(metric, predictions, references, bleu_of)


def chrf(predictions: Sequence[str], references: References) -> Score:
    """Return corpus chrF2, 0 to 100: character n-grams up to 6, so that no tokenizer is needed.

    Source: M. Popović, https://aclanthology.org/W15-3049/, as sacrebleu computes it. Arguments and errors as
    for :func:`bleu`.
    """
    from sacrebleu.metrics import CHRF

    return _score(CHRF(), predictions, references, chrf_of)


def bleu_of(sums: Numbers) -> Numbers:
    """Return BLEU of summed statistics: length, reference length, 4 matched and 4 possible n-gram counts.

    Exponential smoothing of zero matches (Chen and Cherry, method 3), the default of sacrebleu.
    """
    length, reference = sums[:, 0], sums[:, 1]
    matched, possible = sums[:, 2 : 2 + _ORDER], sums[:, 2 + _ORDER :]
    exists = possible > 0
    halvings = np.cumsum((matched == 0) & exists, axis=1)
    tops = np.where(matched > 0, matched, 0.5**halvings)
    ratios = np.divide(tops, possible, out=np.ones_like(tops), where=exists)
    ratio = np.divide(reference, length, out=np.ones(len(sums)), where=length > 0)
    penalty = np.exp(np.minimum(0.0, 1 - ratio))
    valid = exists.all(axis=1) & matched.any(axis=1)
    return np.asarray(np.where(valid, 100 * penalty * np.exp(np.log(ratios).mean(axis=1)), 0.0))


def chrf_of(sums: Numbers) -> Numbers:
    """Return chrF of summed statistics: for each order the n-grams of both texts and the common ones.

    Orders that one of the texts is too short for do not count (sacrebleu's default, effective order).
    """
    ours, theirs, common = sums[:, 0::3], sums[:, 1::3], sums[:, 2::3]
    counts = (ours > 0) & (theirs > 0)
    orders = np.maximum(counts.sum(axis=1), 1)
    precision = _mean_share(common, ours, counts, orders)
    recall = _mean_share(common, theirs, counts, orders)
    below = _BETA**2 * precision + recall
    above = 100 * (1 + _BETA**2) * precision * recall
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)


def _mean_share(common: Numbers, all_of: Numbers, counts: NDArray[np.bool_], orders: Any) -> Numbers:
    shares = np.divide(common, all_of, out=np.zeros_like(common), where=counts)
    return np.asarray(shares.sum(axis=1) / orders)
