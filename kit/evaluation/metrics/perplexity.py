"""Perplexity from log-probabilities: how surprised a model is by text.

Two numbers go by that name, and they differ. :func:`corpus_perplexity` weights every token alike, so long
texts count more; :func:`mean_perplexity` weights every text alike. Say which one you report. Both depend on
the tokenizer: models with different tokenizers cannot be compared by perplexity.

Log-probabilities are natural logarithms, as the API's ``logprobs`` are; it writes -9999.0 for a token that is
very unlikely (https://developers.openai.com/api/reference/resources/chat).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.errors import N_, UsageError
from kit.evaluation import bootstrap
from kit.evaluation.bootstrap import RESAMPLES, SEED, Numbers
from kit.evaluation.metrics.score import Score, from_statistics, means

_ROUNDING = 1e-6  # a service may report the logarithm of 1 as a little above 0


def _sums(logprobs: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return the sum and the number of the log-probabilities of each text."""
    if not len(logprobs):
        raise UsageError(N_("There is nothing to score: there are no log-probabilities."))
    rows = []
    for place, text in enumerate(logprobs, 1):
        if not len(text):
            raise UsageError(
                N_("Text {place} has no log-probabilities."),
                advice=N_("Ask with logprobs=True; not every model offers them, see the model table."),
                place=place,
            )
        if any(not math.isfinite(value) or value > _ROUNDING for value in text):
            raise UsageError(
                N_("Text {place} has a log-probability that is not a number of 0 or less."),
                advice=N_("The logarithm of a probability is never positive. Were probabilities given?"),
                place=place,
            )
        rows.append((math.fsum(text), float(len(text))))
    return np.array(rows)


def _corpus(sums: Numbers) -> Numbers:
    return np.asarray(np.exp(-bootstrap.mean_of(sums)))


def _per_text(sums: NDArray[np.float64]) -> list[float]:
    with np.errstate(over="ignore"):  # a text of tokens at -9999 has no finite perplexity
        return [float(value) for value in np.exp(-sums[:, 0] / sums[:, 1])]


def corpus_perplexity(
    logprobs: Sequence[Sequence[float]], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Score:
    """Return ``exp(-mean log-probability)`` over all tokens of all texts; 1 is certainty, lower is better.

    Source: D. Jurafsky, J. H. Martin, *Speech and Language Processing*, 3rd edition, section 3.3.

    Args:
        logprobs: for each text the natural logarithms of its tokens' probabilities. There is no reference.
        resamples: of the bootstrap over texts.
        seed: of the bootstrap.

    Raises:
        UsageError: there is no text, or one has no log-probability, a positive or an infinite one.
    """
    sums = _sums(logprobs)
    return from_statistics(
        name="corpus_perplexity",
        signature="perplexity|over:corpus|log:natural",
        statistics=sums,
        formula=_corpus,
        items=_per_text(sums),
        resamples=resamples,
        seed=seed,
    )


def mean_perplexity(
    logprobs: Sequence[Sequence[float]], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Score:
    """Return the mean of the texts' own perplexities; arguments and errors as for the corpus."""
    values = _per_text(_sums(logprobs))
    return from_statistics(
        name="mean_perplexity",
        signature="perplexity|over:mean-of-texts|log:natural",
        statistics=means(values),
        items=values,
        resamples=resamples,
        seed=seed,
    )


def mean_log_probability(
    logprobs: Sequence[Sequence[float]], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Score:
    """Return the mean log-probability of all tokens, at most 0; ``items`` are the texts' own means."""
    sums = _sums(logprobs)
    return from_statistics(
        name="mean_log_probability",
        signature="log-probability|over:corpus|log:natural",
        statistics=sums,
        items=[float(value) for value in sums[:, 0] / sums[:, 1]],
        resamples=resamples,
        seed=seed,
    )
