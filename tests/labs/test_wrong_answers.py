"""Self-checks of the labs whose runs take long: each takes a right answer and catches wrong ones.

The cells are those of the rendered notebooks; what they look at is made by hand, small enough to be checked
by eye. That the labs themselves bring about what is right here, the instructors' editions prove.
"""

from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from kit import lab, settings
from kit.azure.ledger import Ledger, Place
from kit.evaluation.sampling import Split
from kit.lab import session

GONE = object()  # the name does not exist: a cell was not run


def part(*texts: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(text=text) for text in texts]


SPLIT = Split(part("a", "b"), part("c"), part("d"))
IN_TWO = [
    {"parts": Split(part("a", "b"), part("b"), part("d"))},
    {"parts": Split(part("a", "b"), part("c"), part("a"))},
    {"parts": Split(part("a", "b"), part("c"), part("c"))},
    {"parts": Split([], [], [])},
    {"parts": GONE},
]
RIGHT, WRONG, OTHER = ["a", "b"] * 4, ["b", "a"] * 4, ["a"] * 8  # right of eight: all, none, half …
ALMOST = [*RIGHT[:6], *WRONG[6:]]  # … and six
LEFT = SimpleNamespace(rows=[["deployment", "support", "support", ""]])
NOTHING = SimpleNamespace(rows=[])
ANSWERS = ["Positive.", "Not positive.", "Sorry.", "Positive and negative.", ""]  # three hold the word


def variants(**answers: list[str]) -> lab.Experiments:
    found = lab.Experiments("accuracy")
    for name, given in answers.items():
        found.add(name, {"accuracy": lab.accuracy(given, RIGHT)})
    return found


def accuracies(model: list[str], baseline: list[str], times: int = 1) -> dict[str, Any]:
    """Return two accuracies; with many items the interval is narrow."""
    given = {"Accuracy": model, "Accuracy of the baseline": baseline}
    return {name: lab.accuracy(answers * times, RIGHT * times) for name, answers in given.items()}


def bleus(*answers: str) -> dict[str, Any]:
    reference = ["your bike is at the station"]
    return {f"{number} · BLEU": lab.bleu([text], reference) for number, text in enumerate(answers)}


GOOD, BAD = "your bike is at the station", "no"
LOSSES = [{"step": 4, "eval_loss": 0.6}, {"step": 8, "eval_loss": 0.5}, {"step": 12, "eval_loss": 0.7}]
BEFORE = {"eval_loss": 0.1}  # before the training: it has no step

# By words of a claim: what is right, what is wrong in its place, and what leaves the exercise open.
Case = tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]
EVALUATE: dict[str, Case] = {
    "does not read": (
        {"truth": list("+++-------"), "my_accuracy": 0.7},
        [{"my_accuracy": 0.3}, {"my_accuracy": 70}, {"my_accuracy": "0.7"}, {"my_accuracy": GONE}],
        {"my_accuracy": None},
    ),
    "in two parts": ({"parts": SPLIT}, IN_TWO, {}),
    "naive test": (
        {"answers": ANSWERS, "my_count": 3},
        [{"my_count": 1}, {"my_count": 4}, {"my_count": "3"}, {"my_count": GONE}, {"answers": GONE}],
        {"my_count": None},
    ),
    "better than an answer": (
        {"scores": accuracies(RIGHT, OTHER)},
        [
            {"scores": accuracies(OTHER, OTHER)},
            {"scores": accuracies(WRONG, OTHER)},
            {"scores": {}},
            {"scores": GONE},
        ],
        {},
    ),
    "closer to the team's": (
        {"text_scores": bleus(BAD, GOOD)},
        [
            {"text_scores": bleus(GOOD, BAD)},
            {"text_scores": bleus(BAD, BAD)},
            {"text_scores": {}},
            {"text_scores": GONE},
        ],
        {"text_scores": bleus(GOOD)},  # on Azure there may be no tuned model
    ),
    "best on the validation data": (
        {"experiments": variants(plain=OTHER, examples=RIGHT), "my_choice": "examples"},
        [
            {"my_choice": "plain"},
            {"my_choice": "tuned model"},
            {"my_choice": ["examples"]},
            {"experiments": variants()},
            {"experiments": GONE},
        ],
        {"my_choice": None},
    ),
    "billed is left": ({"left": NOTHING}, [{"left": LEFT}, {"left": GONE}], {}),
}
LOCAL: dict[str, Case] = {
    "in two parts": ({"parts": SPLIT}, IN_TWO, {}),
    "padding": (
        {"lengths": [3, 5], "my_positions": 2048},
        [{"my_positions": 10}, {"my_positions": 1024}, {"my_positions": "2048"}, {"my_positions": GONE}],
        {"my_positions": None},
    ),
    "training loss has fallen": (
        {"history": [{"loss": 0.7}, {"eval_loss": 0.1}, {"loss": 0.4}]},
        [
            {"history": [{"loss": 0.4}, {"loss": 0.7}]},
            {"history": [{"loss": 0.4}, {"loss": 0.4}]},
            {"history": []},
            {"history": GONE},
        ],
        {},
    ),
    "lowest validation loss": (
        {"history": [BEFORE, {"step": 0, "eval_loss": 0.2}, *LOSSES], "my_best_step": 8},
        [{"my_best_step": 4}, {"my_best_step": 12}, {"my_best_step": 0.5}, {"history": []}],
        {"my_best_step": None},
    ),
    "not luck": (
        {"better": accuracies(ALMOST, OTHER, 50)},
        [
            {"better": accuracies(ALMOST, OTHER)},  # better, but perhaps by luck
            {"better": accuracies(OTHER, OTHER, 50)},
            {"better": accuracies(WRONG, OTHER, 50)},
            {"better": GONE},
        ],
        {},
    ),
    "surest": (
        {"wrong": [1, 4], "sure": [0.99, 0.6, 0.9, 0.9, 0.8], "my_mistake": 4},
        [{"my_mistake": 1}, {"my_mistake": 0}, {"my_mistake": "4"}, {"my_mistake": [4]}, {"sure": GONE}],
        {"my_mistake": None},
    ),
    "loaded model": (
        {"answers": lambda trainer, test: trainer, "again": ["a"], "test": [], "predicted": ["a"]},
        [{"again": ["b"]}, {"again": []}, {"again": GONE}],
        {},
    ),
    "left on this computer": ({"left": NOTHING}, [{"left": LEFT}, {"left": GONE}], {}),
}


CASES = [
    pytest.param(name, word, id=f"{name}: {word}")
    for name, cases in (("evaluate", EVALUATE), ("fine-tune-local", LOCAL))
    for word in cases
]


def self_checks(name: str) -> list[str]:
    notebook = nbformat.read(settings.labs_folder() / "en" / f"{name}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if "self-check" in cell.metadata.get("tags", [])]


@pytest.fixture
def running(request: pytest.FixtureRequest):
    """A session of the lab; one that trains here needs no packages for its self-checks."""
    name = request.param
    if name == "evaluate":
        lab.start(name, {})
    else:
        session.begin(session.Session(name, None, Ledger(place=Place(name))))
    yield name
    session.end()


@pytest.mark.parametrize(("running", "word"), CASES, indirect=["running"])
def test_wrong_answers_are_caught_and_right_ones_pass(running: str, word: str, tmp_path):
    right, wrong, still_open = (EVALUATE if running == "evaluate" else LOCAL)[word]
    [cell] = [cell for cell in self_checks(running) if word in cell]
    folder = tmp_path / "gone"

    def outcome(**changes: Any) -> Any:
        namespace = {"lab": lab, "labels": lab.sentiment(), "folder": folder, **right, **changes}
        namespace = {key: value for key, value in namespace.items() if value is not GONE}
        exec(compile(cell, "self-check", "exec"), namespace)
        return next(reversed(session.session().checks.values()))

    assert outcome().status == "passed"
    for change in wrong:
        caught = outcome(**change)
        assert caught.status == "failed", change
        assert caught.hint
        assert caught.more
    if still_open:
        assert outcome(**still_open).status == "todo"


@pytest.mark.parametrize("name", ["evaluate", "fine-tune-local"])
def test_every_self_check_is_spoiled_here(name: str):
    words = EVALUATE if name == "evaluate" else LOCAL
    cells = self_checks(name)
    assert len(cells) == len(words)
    assert all(len(wrong) >= 2 for _right, wrong, _open in words.values())
    assert all(sum(word in cell for word in words) == 1 for cell in cells)
