"""Perplexity by hand arithmetic and by the textbook's example."""

import math

import pytest

from kit.errors import UsageError
from kit.evaluation.metrics import corpus_perplexity

LOGS = [[math.log(1 / 2)] * 6, [math.log(1 / 8)] * 2]


def test_ten_equally_likely_digits():
    """Jurafsky and Martin, *Speech and Language Processing*, 3rd edition, section 3.3: perplexity 10."""
    assert corpus_perplexity([[math.log(0.1)] * 7]).value == pytest.approx(10, abs=1e-6)


def test_long_texts_count_more_than_in_a_mean_of_texts():
    assert corpus_perplexity(LOGS).value == pytest.approx((2**6 * 8**2) ** (1 / 8), abs=1e-6)  # 2.828427
    assert "over:corpus" in corpus_perplexity(LOGS).signature


@pytest.mark.parametrize(
    ("logprobs", "message"),
    [
        ([], "there are no log-probabilities"),
        ([[-1.0], []], "Text 2 has no"),
        ([[0.9]], "Text 1 has a log-probability that is not"),
        ([[-math.inf]], "not a number of 0 or less"),
        ([[math.nan]], "not a number of 0 or less"),
    ],
)
def test_what_is_no_log_probability(logprobs, message):
    with pytest.raises(UsageError, match=message):
        corpus_perplexity(logprobs)


def test_certainty():
    assert corpus_perplexity([[0.0, 0.0]]).value == 1
