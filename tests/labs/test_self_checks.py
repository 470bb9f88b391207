"""Every self-check of the lab catches answers that are wrong on purpose, and takes the right one.

The instructor's edition runs cell by cell. Before each self-check the learner's work is spoiled, in every way
listed here; each time the check must fail. Then the work is put back, and the check must pass.
"""

import json
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.lab import session

GONE = None  # the name does not exist: a cell was not run


def curves(*losses: float) -> list[dict[str, float]]:
    return [{"full_valid_loss": loss} for loss in losses]


def wrong_answers(right: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return, by a word of its claim, what to spoil before a check: names with wrong values."""
    lost_job = SimpleNamespace(status="failed", fine_tuned_model=None)
    made_up = SimpleNamespace(status="succeeded", fine_tuned_model="gpt-oss-20b.ft-" + "0" * 32)
    training, validation = right["training"], right["validation"]
    worst = max(
        right.get("checkpoints", [None]), key=lambda each: each.metrics.full_valid_loss if each else 0
    )
    remaining = SimpleNamespace(rows=[["deployment", "brisa-tuned", "brisa-tuned", ""]])
    return {
        "validation question": [
            {"validation": [training[0]]},
            {"training": [*training, validation[0]]},
            {"validation": []},
            {"training": GONE},
        ],
        "longer": [{"total_tokens": [5, 10**6]}, {"total_tokens": []}, {"total_tokens": GONE}],
        "language": [{"my_guess": "en"}, {"my_guess": "FR"}, {"my_guess": 3}, {"my_guess": GONE}],
        "job succeeded": [{"job": lost_job}, {"job": made_up}, {"job": "ftjob-1"}, {"job": GONE}],
        "checkpoint": [
            {"best_checkpoint": worst and worst.fine_tuned_model_checkpoint},
            {"best_checkpoint": "the last one"},
            {"best_checkpoint": worst},
            {"checkpoints": []},
        ],
        "deployed": [
            {"tuned_deployment": "brisa-base"},
            {"tuned_deployment": "nowhere"},
            {"job": made_up},
            {"management": GONE},
        ],
        "closer": [
            {"tuned_scores": right.get("base_scores")},
            {"tuned_scores": [0.0, 100.0]},
            {"tuned_answers": []},
            {"tuned_scores": GONE},
        ],
        "second job": [
            {"second_curves": curves(3.0, 2.0, 1.0)},
            {"second_curves": curves(1.0)},
            {"second_curves": []},
            {"second_curves": GONE},
        ],
        "billed is left": [{"left": remaining}, {"left": GONE}],
    }


def outcome_of(cell: str, namespace: dict[str, Any]) -> tuple[str, str]:
    """Run a self-check's cell; return its claim and status."""
    exec(compile(cell, "self-check", "exec"), namespace)
    outcome = next(reversed(session.session().checks.values()))
    return outcome.claim, outcome.status


def spoiled(right: dict[str, Any], wrong: dict[str, Any]) -> dict[str, Any]:
    namespace = {**right, **wrong}
    return {name: value for name, value in namespace.items() if value is not GONE or name not in wrong}


@pytest.fixture
def cells(tmp_path):
    arguments = ["render", "--locale", "en", "--audience", "instructor", "--out", str(tmp_path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    notebook = nbformat.read(tmp_path / "en" / "fine-tune.ipynb", as_version=4)
    return [
        (cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells if cell.cell_type == "code"
    ]


def test_wrong_answers_are_caught_and_right_ones_pass(cells, training_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KIT_HOME", str(tmp_path))
    validation = tmp_path / "validation.jsonl"
    validation.write_text(training_file.read_text().replace("Say", "Now say"))
    # A second job that overtrains takes a minute of computing; its curve is put in by hand.
    after = {
        "parameters": {"training_file": str(training_file), "validation_file": str(validation)},
        "solution": {"my_epochs": None},
    }
    namespace: dict[str, Any] = {"display": lambda *shown: None}
    caught: dict[str, int] = {}
    for source, tags in cells:
        if "self-check" not in tags:
            exec(compile(source, "cell", "exec"), namespace)
            for tag in tags:
                namespace.update(after.get(tag, {}))
            continue
        if "my_epochs" in source:
            namespace |= {"my_epochs": 20, "second_curves": curves(3.0, 1.0, 2.0)}
        claim, status = outcome_of(source, namespace)
        assert status == "passed", (claim, session.session().checks[claim].hint)
        [(word, attempts)] = [each for each in wrong_answers(namespace).items() if each[0] in claim]
        for attempt in attempts:
            _, status = outcome_of(source, spoiled(namespace, attempt))
            assert status == "failed", (claim, attempt)
        assert outcome_of(source, namespace)[1] == "passed"
        caught[word] = len(attempts)
        namespace["my_epochs"] = None
    assert set(caught) == set(wrong_answers(namespace))
    assert len(caught) == sum("self-check" in tags for _, tags in cells)
    written = json.loads((tmp_path / "results/fine-tune/score.json").read_text(encoding="utf-8"))
    assert written["score"] == {"passed": len(caught), "failed": 0, "todo": 0}


def test_open_exercises_are_to_do_and_not_wrong(cells, tmp_path, monkeypatch):
    """Without its solution, an exercise is open: three of the checks say so, whatever else there is."""
    monkeypatch.setenv("KIT_HOME", str(tmp_path))
    open_ones = [
        source for source, tags in cells if "self-check" in tags and ("None" in source or "my_" in source)
    ]
    assert len(open_ones) == 3
    namespace: dict[str, Any] = {"my_guess": None, "best_checkpoint": None, "my_epochs": None}
    exec("_ = str\nfrom kit import lab\nlab.start('fine-tune', {})", namespace)
    assert [outcome_of(source, namespace)[1] for source in open_ones] == ["todo"] * 3
    session.end()
