"""Expected values are hand arithmetic written beside them, published tables, or scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from kit.errors import UsageError
from kit.evaluation.metrics import accuracy, confusion_matrix, f1, per_class, precision, recall, wilson

LABELS = ["negative", "positive"]
#          right       guessed
PAIRS = [
    ("positive", "positive"),
    ("positive", "positive"),
    ("positive", "positive"),
    ("positive", "negative"),
    ("positive", None),
    ("negative", "negative"),
    ("negative", "negative"),
    ("negative", "positive"),
    ("negative", None),
    ("negative", None),
]
RIGHT, GUESSED = ([pair[at] for pair in PAIRS] for at in (0, 1))


# R. G. Newcombe, “Two-sided confidence intervals for the single proportion”, Statistics in Medicine 17
# (1998), table I, method 3 (score method without continuity correction).
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_the_published_table(successes, n, low, high):
    found = wilson(successes, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (5, 5), (13, 48), (24_000, 25_000)])
def test_wilson_agrees_with_scipy(successes, n):
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_of_no_trials_nothing_is_known():
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize("arguments", [(3, 2), (-1, 2)])
def test_impossible_counts_are_refused(arguments):
    with pytest.raises(UsageError, match="not possible"):
        wilson(*arguments)


def test_accuracy_counts_answers_without_a_label_as_wrong():
    score = accuracy(GUESSED, RIGHT)
    assert score.value == 5 / 10
    assert score.interval == wilson(5, 10)
    assert "wilson" in score.signature
    assert str(score) == "accuracy 0.5000 [0.2366, 0.7634], n = 10"


def test_precision_recall_and_f1_of_each_class():
    negative, positive = per_class(GUESSED, RIGHT, LABELS)
    assert (positive.precision.value, positive.recall.value) == (3 / 4, 3 / 5)  # 3 of 4 guessed, 3 of 5 there
    assert (negative.precision.value, negative.recall.value) == (2 / 3, 2 / 5)
    assert positive.f1.value == pytest.approx(2 * 3 / (4 + 5), abs=1e-12)  # 2·hits / (guessed + there)
    assert negative.f1.value == pytest.approx(2 * 2 / (3 + 5), abs=1e-12)
    assert positive.precision.interval == wilson(3, 4)
    assert negative.recall.interval == wilson(2, 5)
    assert "percentile-bootstrap" in positive.f1.signature
    assert (negative.n, positive.n) == (5, 5)


def test_macro_averages():
    assert precision(GUESSED, RIGHT, LABELS).value == pytest.approx((3 / 4 + 2 / 3) / 2, abs=1e-12)
    assert recall(GUESSED, RIGHT, LABELS).value == pytest.approx((3 / 5 + 2 / 5) / 2, abs=1e-12)
    score = f1(GUESSED, RIGHT, LABELS)
    assert score.value == pytest.approx((6 / 9 + 4 / 8) / 2, abs=1e-12)
    assert score.interval.low <= score.value <= score.interval.high


def test_the_formula_of_the_bootstrap_agrees_with_scikit_learn():
    generator = np.random.default_rng(3)
    right, guessed = (generator.choice(["a", "b", "c"], 400).tolist() for _ in range(2))
    for chosen in (np.arange(400), generator.integers(0, 400, 400)):
        one, other = ([row[at] for at in chosen] for row in (guessed, right))
        score = f1(one, other, ["a", "b", "c"])
        sums = score.statistics.sum(axis=0, dtype=float)[None, :]
        expected = f1_score(other, one, average="macro")
        assert (score.value, score.formula(sums)[0]) == pytest.approx((expected, expected), abs=1e-12)


def test_one_class_only():
    score = f1(["positive"] * 4, ["positive"] * 4)
    assert (score.value, score.interval.low, score.interval.high) == (1, 1, 1)
    assert f1(["positive"] * 4, ["positive"] * 4, LABELS).value == 0.5  # the class that never occurs counts 0


def test_nothing_but_refusals_scores_zero():
    assert accuracy([None] * 3, ["positive"] * 3).value == 0
    assert f1([None] * 3, ["positive"] * 3).value == 0


def test_confusion_matrix_drops_nothing():
    matrix = confusion_matrix(GUESSED, RIGHT, LABELS)
    assert matrix.columns == ("negative", "positive", "no_label")
    assert matrix.counts.tolist() == [[2, 1, 2], [1, 3, 1]]
    assert matrix.counts.sum() == 10


def test_refusals_have_a_column_of_their_own():
    refused = [False] * 4 + [True] + [False] * 4 + [True]
    matrix = confusion_matrix(GUESSED, RIGHT, LABELS, refused=refused)
    assert matrix.columns == ("negative", "positive", "refused", "no_label")
    assert matrix.counts.tolist() == [[2, 1, 1, 1], [1, 3, 1, 0]]
    assert matrix.counts.sum() == 10


def test_a_raw_answer_is_not_taken_for_a_label():
    with pytest.raises(UsageError, match=r"Prediction 2, “Positive!”, is none of the labels"):
        f1(["positive", "Positive!"], ["positive", "negative"], LABELS)
    with pytest.raises(UsageError, match="Reference 1"):
        confusion_matrix(["positive"], ["neutral"], LABELS)


@pytest.mark.parametrize("metric", [accuracy, f1, precision, recall, per_class, confusion_matrix])
def test_inputs_that_do_not_go_together(metric):
    with pytest.raises(UsageError, match="empty"):
        metric([], [])
    with pytest.raises(UsageError, match="2 predictions but 1 references"):
        metric(["a", "b"], ["a"])
    with pytest.raises(UsageError, match="not one text"):
        metric("ab", ["a", "b"])
