"""Perplexity by hand arithmetic and by the textbook's example."""

import math

import pytest

from kit.errors import UsageError
from kit.evaluation.metrics import corpus_perplexity, mean_log_probability, mean_perplexity

LOGS = [[math.log(1 / 2)] * 6, [math.log(1 / 8)] * 2]


def test_ten_equally_likely_digits():
    """Jurafsky and Martin, *Speech and Language Processing*, 3rd edition, section 3.3: perplexity 10."""
    assert corpus_perplexity([[math.log(0.1)] * 7]).value == pytest.approx(10, abs=1e-6)


def test_corpus_and_mean_of_texts_differ():
    assert corpus_perplexity(LOGS).value == pytest.approx((2**6 * 8**2) ** (1 / 8), abs=1e-6)  # 2.828427
    assert mean_perplexity(LOGS).value == pytest.approx((2 + 8) / 2, abs=1e-6)
    assert corpus_perplexity(LOGS).items == mean_perplexity(LOGS).items == pytest.approx((2, 8))
    assert "over:corpus" in corpus_perplexity(LOGS).signature
    assert "over:mean-of-texts" in mean_perplexity(LOGS).signature


def test_mean_log_probability():
    score = mean_log_probability(LOGS)
    assert score.value == pytest.approx(-(6 * math.log(2) + 2 * math.log(8)) / 8, abs=1e-6)
    assert score.items == pytest.approx((-math.log(2), -math.log(8)))


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
@pytest.mark.parametrize("metric", [corpus_perplexity, mean_perplexity, mean_log_probability])
def test_what_is_no_log_probability(metric, logprobs, message):
    with pytest.raises(UsageError, match=message):
        metric(logprobs)


def test_certainty():
    assert corpus_perplexity([[0.0, 0.0]]).value == 1
