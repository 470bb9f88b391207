"""The table of experiments: chosen on validation, reported once on test."""

import numpy as np
import pytest

from kit.errors import UsageError
from kit.evaluation import tracking
from kit.evaluation.experiments import Experiments
from kit.evaluation.metrics import accuracy, corpus_perplexity, f1
from kit.evaluation.significance import compare, holm

N = 60
RIGHT = ["positive", "negative"] * (N // 2)


def answers(share, seed):
    chance = np.random.default_rng(seed).random(N)
    return [label if luck < share else None for label, luck in zip(RIGHT, chance, strict=True)]


def scores(share, seed=1):
    found = answers(share, seed)
    return {"accuracy": accuracy(found, RIGHT), "macro_f1": f1(found, RIGHT)}


@pytest.fixture
def table():
    experiments = Experiments("accuracy")
    experiments.add("plain", scores(0.5), prompt="plain", temperature=0)
    experiments.add("with labels", scores(0.95), prompt="labels", temperature=0)
    experiments.add("hot", scores(0.5, seed=2), prompt="labels", temperature=1.2, max_tokens=5)
    return experiments


def test_rows_are_plain(table):
    rows = table.rows()
    assert [row["variant"] for row in rows] == ["plain", "with labels", "hot"]
    assert list(rows[0])[:6] == ["variant", "prompt", "temperature", "max_tokens", "accuracy", "accuracy_low"]
    assert {type(value) for row in rows for value in row.values()} <= {str, int, float, type(None)}
    assert [row["max_tokens"] for row in rows] == [None, None, 5]
    assert rows[0]["difference"] is None
    assert rows[1]["accuracy_low"] < rows[1]["accuracy"] < rows[1]["accuracy_high"]


def test_significance_is_paired_and_corrected(table):
    base, labels, hot = table.rows()
    cases = [(0.95,), (0.5, 2)]
    raw = [compare(scores(*case)["accuracy"], scores(0.5)["accuracy"]) for case in cases]
    assert [labels["p_value"], hot["p_value"]] == [each.p_value for each in raw]
    assert [labels["p_corrected"], hot["p_corrected"]] == holm([each.p_value for each in raw])
    assert labels["p_corrected"] < 0.05 < hot["p_corrected"]
    assert labels["difference"] == pytest.approx(labels["accuracy"] - base["accuracy"])
    assert labels["difference_low"] > 0


def test_the_best_is_chosen_on_validation(table):
    assert table.best().name == "with labels"


def test_of_perplexity_the_lowest_is_best():
    experiments = Experiments("corpus_perplexity")
    for name, value in (("sure", -0.1), ("unsure", -2.0)):
        experiments.add(name, {"corpus_perplexity": corpus_perplexity([[value], [value]])})
    assert experiments.best().name == "sure"


def test_the_test_data_are_used_once(table):
    row = table.report("with labels", scores(0.9, seed=7))
    assert (row["variant"], row["prompt"], row["n"]) == ("with labels", "labels", N)
    with pytest.raises(UsageError, match="used already, for the variant “with labels”"):
        table.report("hot", scores(0.5, seed=7))


def test_what_does_not_fit_is_refused(table):
    with pytest.raises(UsageError, match="no score “accuracy”"):
        table.add("odd", {"macro_f1": scores(0.5)["macro_f1"]})
    with pytest.raises(UsageError, match="cannot be compared pair by pair"):
        table.add("short", {"accuracy": accuracy(["positive"], ["positive"])})
    with pytest.raises(UsageError, match="no variant “cold”"):
        table.report("cold", scores(0.5))
    with pytest.raises(UsageError, match="no variant to choose"):
        Experiments("accuracy").best()


class TestTracking:
    def test_without_mlflow_nothing_happens(self, table, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert tracking.log_experiments(table.rows(), metrics=["accuracy"], experiment="e") == []

    def test_what_is_a_metric_and_what_a_parameter(self, table):
        numbers, settings = tracking._parts(table.rows()[1], ["accuracy", "macro_f1"])
        assert settings == {"variant": "with labels", "prompt": "labels", "temperature": "0"}
        assert {"accuracy", "accuracy_low", "macro_f1_high", "difference", "p_corrected", "n"} <= set(numbers)

    def test_runs_reach_mlflow(self, table, tmp_path, monkeypatch):
        pytest.importorskip("mlflow")
        from mlflow.tracking import MlflowClient

        monkeypatch.setenv("MLFLOW_TRACKING_URI", tmp_path.as_uri())
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        rows = table.rows()
        options = {"metrics": ["accuracy", "macro_f1"], "experiment": "prompts"}
        first = tracking.log_experiments(rows, **options)
        second = tracking.log_experiments(rows, **options)
        assert len({*first, *second}) == 6
        run = MlflowClient().get_run(first[1])
        assert run.data.metrics["accuracy"] == rows[1]["accuracy"]
        assert run.data.params["prompt"] == "labels"
        assert run.info.status == "FINISHED"
