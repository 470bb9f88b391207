"""Every lab in every scenario for practice: what the learner is told, where it ends, and what helps.

The labs run as ``kit run LAB --scenario NAME`` does, in real kernels against the simulators that they start.
Some run by default; ``pytest -m slow`` runs the others, and follows the advice of those that stop.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbclient.client import NotebookClient
from nbclient.exceptions import CellExecutionError

from kit import settings
from kit.cli import main
from kit.lab import practice
from kit.notebooks.runs import step_titles
from kit.notebooks.templates import template_paths
from kit.simulator.circumstances.scenarios import scenarios

NO_SERVICE = "fine-tune-local"
LEFT = "Nothing that could be billed is left."


@dataclass(frozen=True)
class Run:
    """An executed lab: what it printed, and what its report says."""

    code: int
    said: str
    shown: str
    report: dict[str, Any]

    def failed_claims(self) -> list[str]:
        return [check["claim"] for check in self.report["checks"] if check["status"] == "failed"]


@dataclass(frozen=True)
class Stop:
    """Where a run ends early, and two pieces of what is said there: the service's reason, and what to do."""

    step: str
    reason: str
    helps: str


def says(*patterns: str) -> Callable[[Run], bool]:
    return lambda run: all(re.search(pattern, run.shown) for pattern in patterns)


def counts(pattern: str, least: int) -> Callable[[Run], bool]:
    """Tell whether the number in a pattern is large enough."""
    return lambda run: any(int(found) >= least for found in re.findall(pattern, run.shown))


def lasts(seconds: float) -> Callable[[Run], bool]:
    return lambda run: run.report["seconds"] >= seconds


AGAIN = "run again from the cell that created it"
# How each run ends: a stop, or what proves that the trouble was there although the lab went on to its end.
#
# throttled, fine-tune: 24 questions of at least 1,000 tokens to each of two deployments with 10,000 tokens a
#   minute, and as many to begin with: 2 x (24,000 - 10,000) / 10,000 minutes.
# throttled, evaluate: the reviews in five languages are 300 requests at 240 a minute, with 40 to begin with.
# slow, fine-tune: 48 answers that take half a second more; evaluate: 25,000 of them one after the other
#   would take 208 minutes more.
ENDINGS: dict[tuple[str, str], Stop | Callable[[Run], bool]] = {
    ("fine-tune", "throttled"): lasts(2 * 84),
    ("fine-tune", "flaky"): says("Its answer was lost, but it exists; not created twice: brisa"),
    ("fine-tune", "failed-job"): Stop("7.", "due to an internal error", AGAIN),
    ("fine-tune", "harmful-data"): Stop("7.", "failed RAI checks for harm types", AGAIN),
    ("fine-tune", "slow"): lasts(24),
    ("fine-tune", "retired"): Stop(
        "6.", "'gpt-oss-20b' was retired on 2026-11-02", "mend the cell or the parameters"
    ),
    ("fine-tune", "no-capacity"): Stop("9.", "bigger than the current available capacity", "Read its reason"),
    ("fine-tune", "content-filter"): Stop(
        "10.", "content filter stopped the question", "Word the question differently"
    ),
    ("evaluate", "throttled"): lasts(65),
    ("evaluate", "flaky"): says(
        r"Asked again: \d+ times? because of the quota, [1-9]\d* times? after a failure",
        "60 of 60 prompts answered, 0 failed",
        "Its answer was lost",
    ),
    ("evaluate", "failed-job"): Stop("9.", "due to an internal error", AGAIN),
    ("evaluate", "harmful-data"): Stop("9.", "failed RAI checks for harm types", AGAIN),
    ("evaluate", "slow"): counts(r"reviews in this way: (\d+) minutes", 208),
    ("evaluate", "retired"): says(
        "no job for gpt-oss-20b, so another model is tried: .* was retired on 2026-11-02"
    ),
    ("evaluate", "no-capacity"): Stop("9.", "bigger than the current available capacity", "Read its reason"),
    ("evaluate", "content-filter"): says(r"of 60 prompts answered, [1-9]\d* failed"),
}
# Stopped questions count as wrong answers, which may make the model worse than no model.
MAY_FAIL = {("evaluate", "content-filter"): {"The model is better than an answer without reading."}}
QUICK = {("fine-tune", "retired"), ("evaluate", "failed-job")}
# Enough where the run stops before anything is compared.
LESS = {"evaluate": ("-p", "sample_size=20"), "fine-tune": ("-p", "n_epochs=1")}


def shown(path: Path) -> str:
    """Return what the cells of an executed notebook have shown as text."""
    outputs = [
        output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])
    ]
    texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join(texts)


def run(lab: str, *arguments: str, folder: Path) -> Run:
    result = CliRunner().invoke(
        main, ["run", lab, "--locale", "en", "--out", str(folder / "done.ipynb"), *arguments]
    )
    report = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    return Run(result.exit_code, result.output, shown(folder / "done.ipynb"), report)


def test_every_scenario_is_practised_in_every_lab_that_asks_a_service():
    labs = {path.stem for path in template_paths(settings.templates_folder())} - {NO_SERVICE}
    assert set(practice.SCENARIOS) == set(scenarios()) - {practice.HAPPY}
    assert set(ENDINGS) == {(lab, name) for lab in labs for name in practice.SCENARIOS}


@pytest.mark.parametrize(
    ("lab", "name"),
    [pytest.param(*pair, marks=() if pair in QUICK else pytest.mark.slow) for pair in ENDINGS],
)
def test_a_lab_in_a_scenario_ends_as_the_learner_is_told(lab: str, name: str, tmp_path: Path):
    ending = ENDINGS[lab, name]
    less = LESS[lab] if isinstance(ending, Stop) else ()
    done = run(lab, "--scenario", name, *less, folder=tmp_path)
    assert f"Practice: {practice.SCENARIOS[name].happens}" in done.shown
    assert practice.SCENARIOS[name].helps in done.shown
    assert "Traceback" not in done.said
    if isinstance(ending, Stop):
        assert done.code == 1, done.said
        failure = done.report["failure"]
        assert failure["step"].startswith(ending.step), failure
        assert ending.reason in failure["message"], failure
        assert ending.helps in failure["message"].split("\n")[-1], failure
        assert (
            failure["message"] in " ".join(done.said.split())
            or failure["message"].split("\n")[0] in done.said
        )
    else:
        assert done.code == 0, done.said
        assert set(done.failed_claims()) <= MAY_FAIL.get((lab, name), set())
        assert "Nothing that could be billed is left" in [
            c["claim"].rstrip(".") for c in done.report["checks"]
        ]
        assert ending(done), done.shown[-3000:]


def test_a_lab_without_a_service_has_no_scenarios(tmp_path: Path):
    result = CliRunner().invoke(
        main, ["run", NO_SERVICE, "--scenario", "flaky", "--out", str(tmp_path / "x")]
    )
    assert result.exit_code == 2
    assert "no scenarios" in result.output
    assert not list(tmp_path.iterdir())


def test_a_misspelt_scenario_is_told_in_the_first_cell(tmp_path: Path):
    done = run("evaluate", "-p", "scenario=flakey", folder=tmp_path)  # --scenario is looked at before the run
    assert done.code == 1
    assert (done.report["failure"]["ename"], done.report["failure"]["step"]) == ("UsageError", "1. Set up")
    assert ", ".join((practice.HAPPY, *practice.SCENARIOS)) in done.report["failure"]["message"]


class Learner:
    """Runs a lab cell by cell in one kernel, as a person does, and may change cells and run them again."""

    def __init__(self, client: NotebookClient, folder: Path) -> None:
        self.client = client
        self.cells = client.nb.cells

    def run(self, first: int = 0) -> int | None:
        """Run from a cell to the end; return the cell that fails, None if none does."""
        for index, cell in enumerate(self.cells[first:], start=first):
            try:
                self.client.execute_cell(cell, index)
            except CellExecutionError:
                return index
        return None

    def step(self, number: int) -> int:
        """Return the cell with which a step begins."""
        return next(i for i, title in enumerate(step_titles(self.cells)) if title.startswith(f"{number}. "))

    def holding(self, text: str) -> int:
        """Return the code cell that holds a text."""
        [found] = [i for i, c in enumerate(self.cells) if c.cell_type == "code" and text in c.source]
        return found

    def change(self, old: str, new: str) -> int:
        """Change what stands in one code cell; return the cell."""
        index = self.holding(old)
        self.cells[index].source = self.cells[index].source.replace(old, new)
        return index

    def passed(self) -> list[str]:
        """Return the claims that hold in the end."""
        outputs = [output for cell in self.cells for output in cell.get("outputs", [])]
        checks = [
            data for o in outputs for kind, data in o.get("data", {}).items() if kind.endswith("check+json")
        ]
        assert not [check for check in checks if check["status"] == "failed"], checks
        return [check["claim"] for check in checks if check["status"] == "passed"]


@contextmanager
def learner(lab: str, tmp_path: Path, **parameters: str) -> Iterator[Learner]:
    notebook = nbformat.read(settings.labs_folder() / "en" / f"{lab}.ipynb", as_version=4)
    client = NotebookClient(
        notebook, shutdown_kernel="immediate", timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    [cell] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    cell.source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())
    with client.setup_kernel():
        yield Learner(client, tmp_path)


@pytest.mark.slow
def test_after_a_failed_job_the_step_that_starts_it_is_run_again(tmp_path: Path):
    with learner("fine-tune", tmp_path, scenario="failed-job") as person:
        assert person.run() == person.holding("lab.watch_job(client, job.id)")
        assert person.run(person.step(6)) is None
        assert {LEFT, "The job succeeded and left a tuned model."} <= set(person.passed())


@pytest.mark.slow
def test_after_a_failed_job_of_a_contender_its_cell_is_run_again(tmp_path: Path):
    with learner("evaluate", tmp_path, scenario="failed-job") as person:
        failed = person.run()
        assert failed == person.holding('lab.tuned_model("support"')
        assert person.run(failed) is None
        assert LEFT in person.passed()


@pytest.mark.slow
def test_after_a_retirement_another_model_is_chosen(tmp_path: Path):
    """The model that the note names is not in the table of prices, and has a tokenizer of its own."""
    with learner("fine-tune", tmp_path, scenario="retired") as person:
        assert person.run() == person.holding('lab.once("job", facts(n_epochs)')
        assert "“Ministral-3B”" in practice.SCENARIOS["retired"].helps
        person.change('model = "gpt-oss-20b"', 'model = "Ministral-3B"')
        assert person.run() is None
        assert {LEFT, "The job succeeded and left a tuned model."} <= set(person.passed())


@pytest.mark.slow
def test_what_the_content_filter_stops_is_counted_as_a_refusal(tmp_path: Path):
    counted = """    try:
        reply = client.chat.completions.create(
            model=deployment, messages=messages, temperature=0, max_tokens=max_tokens
        )
    except openai.BadRequestError as refusal:
        assert refusal.code == "content_filter"
        return ""
"""
    plain = """    reply = client.chat.completions.create(
        model=deployment, messages=messages, temperature=0, max_tokens=max_tokens
    )
"""
    with learner("fine-tune", tmp_path, scenario="content-filter") as person:
        failed = person.run()
        assert failed is not None
        assert failed >= person.step(10)
        person.change(plain, counted)
        person.cells[person.step(10) + 1].source = (
            "import openai\n" + person.cells[person.step(10) + 1].source
        )
        attempts = 0
        while failed is not None and attempts < 8:  # the first cell asks one question, each time anew
            attempts += 1
            failed = person.run(person.step(10))
        assert failed is None
        assert LEFT in person.passed()
