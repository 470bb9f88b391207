"""Perplexity from log-probabilities: how surprised a model is by text.

Two numbers go by that name, and they differ: over a corpus every token weighs alike, so long texts count
more; in a mean of the texts' own perplexities every text does. Here it is the corpus, and the signature says
so. Both depend on the tokenizer: models with different tokenizers cannot be compared by perplexity.

Log-probabilities are natural logarithms, as the API's ``logprobs`` are; it writes -9999.0 for a token that is
very unlikely (https://developers.openai.com/api/reference/resources/chat).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.errors import N_, UsageError
from kit.evaluation import bootstrap
from kit.evaluation.bootstrap import Numbers
from kit.evaluation.metrics.score import Score, from_statistics

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


def corpus_perplexity(logprobs: Sequence[Sequence[float]]) -> Score:
    """Return ``exp(-mean log-probability)`` over all tokens of all texts; 1 is certainty, lower is better.

    Source: D. Jurafsky, J. H. Martin, *Speech and Language Processing*, 3rd edition, section 3.3.

    Args:
        logprobs: for each text the natural logarithms of its tokens' probabilities. There is no reference.

    Raises:
        UsageError: there is no text, or one has no log-probability, a positive or an infinite one.
    """
    return from_statistics(
        name="corpus_perplexity",
        signature="perplexity|over:corpus|log:natural",
        statistics=_sums(logprobs),
        formula=_corpus,
    )
