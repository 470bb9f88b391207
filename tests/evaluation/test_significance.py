"""Bootstrap, paired tests and Holm's correction: exact where arithmetic allows, else beside SciPy."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from kit.errors import UsageError
from kit.evaluation import bootstrap, significance
from kit.evaluation.metrics import accuracy, bleu, f1
from kit.evaluation.metrics.score import from_statistics, means


def mean_score(values):
    return from_statistics(name="mean", signature="mean", statistics=means(values))


class TestBootstrap:
    VALUES = np.random.default_rng(1).normal(10, 2, 80)

    def test_resamples_are_those_of_a_plain_loop(self):
        generator = np.random.default_rng(11)
        expected = [self.VALUES[generator.integers(0, 80, 80)].mean() for _ in range(50)]
        found = bootstrap.resample(means(self.VALUES), bootstrap.mean_of, 50, 11)
        assert found == pytest.approx(expected, abs=1e-9)

    def test_the_percentile_interval_is_numpys_quantile(self):
        assert bootstrap.percentile_interval(np.arange(101.0)) == pytest.approx((2.5, 97.5))

    def test_it_agrees_with_scipy(self):
        resampled = bootstrap.resample(means(self.VALUES), bootstrap.mean_of, 20_000)
        ours = bootstrap.percentile_interval(resampled)
        theirs = stats.bootstrap(
            (self.VALUES,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
        ).confidence_interval
        assert ours == pytest.approx((theirs.low, theirs.high), abs=0.02)  # a tenth of the standard error

    def test_the_size_of_blocks_changes_nothing(self, monkeypatch):
        whole = bootstrap.resample(means(self.VALUES), bootstrap.mean_of, 30, 5)
        monkeypatch.setattr(bootstrap, "_CELLS", 200)
        assert bootstrap.resample(means(self.VALUES), bootstrap.mean_of, 30, 5) == pytest.approx(whole)

    def test_memory_is_bounded(self):
        statistics = means(np.zeros(100_000))
        tracemalloc.start()
        bootstrap.resample(statistics, bootstrap.mean_of, 40, 5)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60e6  # all draws at once would take 32 MB for each 40, and 800 MB for a thousand

    def test_seeds(self):
        one, same, other = (
            bootstrap.resample(means(self.VALUES), bootstrap.mean_of, 50, seed).tolist() for seed in (1, 1, 2)
        )
        assert one == same != other

    def test_nothing_to_draw(self):
        with pytest.raises(UsageError, match="at least one item"):
            bootstrap.resample(np.zeros((0, 2)), bootstrap.mean_of, 10, 1)


RIGHT = ["a"] * 40
ONE = ["a"] * 30 + ["b"] * 10  # 30 hits
OTHER = ["b"] * 10 + ["a"] * 18 + ["b"] * 2 + ["a"] * 2 + ["b"] * 8  # better at 2, worse at 12


class TestPairs:
    def test_randomization_agrees_with_the_exact_permutation_test(self, monkeypatch):
        monkeypatch.setattr(significance, "RESAMPLES", 40_000)
        ours, theirs = [0.9, 0.7, 0.8, 0.6, 0.9, 0.4], [0.5, 0.6, 0.7, 0.7, 0.4, 0.3]
        exact = stats.permutation_test(
            (ours, theirs), lambda x, y: np.mean(x) - np.mean(y), permutation_type="samples"
        ).pvalue
        found = significance.compare(mean_score(ours), mean_score(theirs))
        assert found.p_value == pytest.approx(exact, abs=0.01)
        assert found.difference == pytest.approx(np.mean(ours) - np.mean(theirs))

    def test_the_same_resamples_for_both(self):
        """A constant lead has an interval without width: only pairing can see that."""
        values = np.linspace(0, 1, 30)
        found = significance.compare(mean_score(values + 0.1), mean_score(values))
        assert found.interval == pytest.approx((0.1, 0.1))
        assert found.p_value < 0.01

    def test_a_system_against_itself(self):
        score = f1(ONE, RIGHT)
        found = significance.compare(score, score)
        assert (found.difference, found.p_value, found.interval) == (0, 1, (0, 0))

    def test_corpus_metrics(self):
        references = [
            f"the {word} sat on the mat and looked at me" for word in ["cat", "dog", "cow", "pig", "hen"]
        ] * 4
        good = [text.replace("mat", "rug") for text in references]
        bad = [text.replace("sat on the mat", "was") for text in references]
        found = significance.compare(bleu(good, references), bleu(bad, references))
        assert found.interval.low > 0
        assert found.p_value < 0.01
        assert found.difference == pytest.approx(bleu(good, references).value - bleu(bad, references).value)

    def test_only_like_is_compared_with_like(self):
        with pytest.raises(UsageError, match="cannot be compared pair by pair"):
            significance.compare(accuracy(ONE, RIGHT), f1(ONE, RIGHT))
        with pytest.raises(UsageError, match="cannot be compared pair by pair"):
            significance.compare(accuracy(ONE, RIGHT), accuracy(ONE[1:], RIGHT[1:]))

    def test_many_items(self):
        generator = np.random.default_rng(4)
        hits = generator.random((2, 25_000)) < [[0.9], [0.88]]
        one, other = (accuracy(np.where(row, "a", "b").tolist(), ["a"] * 25_000) for row in hits)
        found = significance.compare(one, other)
        assert found.interval.low < 0.02 < found.interval.high


def test_holm():
    # The worked example of https://en.wikipedia.org/wiki/Holm-Bonferroni_method (0.01, 0.04, 0.03, 0.005);
    # 4 · 0.005, then 3 · 0.01, 2 · 0.03, and 1 · 0.04 raised to the one before it
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert significance.holm([0.9, 0.8]) == [1, 1]
    assert significance.holm([]) == []
    with pytest.raises(UsageError):
        significance.holm([1.2])
