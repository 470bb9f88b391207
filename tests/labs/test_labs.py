"""The labs as learners and operators run them: what comes on top of nbmake's run of each notebook."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbmake import nb_run

from kit import i18n, settings
from kit.cli import main
from kit.notebooks.runs import CHECK_MIME
from kit.notebooks.templates import template_paths
from kit.training import extra

LAB = "fine-tune"
_EXAMPLES = 10  # the fewest that a fine-tuning job accepts


def run(locale: str, folder: Path, *parameters: str) -> Result:
    arguments = [word for parameter in parameters for word in ("-p", parameter)]
    return CliRunner().invoke(
        main, ["run", LAB, "--locale", locale, "--out", str(folder / "done.ipynb"), *arguments]
    )


@pytest.fixture
def example_files(tmp_path: Path) -> tuple[Path, Path]:
    """A training and a validation file of a learner's own, as small as the service allows."""
    source = (settings.labs_folder() / "data/en/support-train.jsonl").read_text(encoding="utf-8").splitlines()
    files = tmp_path / "training.jsonl", tmp_path / "validation.jsonl"
    for number, file in enumerate(files):
        lines = source[number * _EXAMPLES : (number + 1) * _EXAMPLES]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def test_every_lab_is_there_in_every_language(locale: str):
    templates = {path.stem for path in settings.templates_folder().glob("*.py")}
    assert LAB in templates
    assert {path.stem for path in (settings.labs_folder() / locale).glob("*.ipynb")} == templates


def test_pytest_runs_the_labs_and_kills_their_kernels(request: pytest.FixtureRequest):
    assert request.config.option.nbmake
    assert "labs" in request.config.getini("testpaths")
    assert isinstance(nb_run.NotebookClient, functools.partial)
    assert nb_run.NotebookClient.keywords["shutdown_kernel"] == "immediate"


LABS = [path.stem for path in template_paths(settings.templates_folder())]
TRAINS = "fine-tune-local"
# The code is the same everywhere, and learners' editions run in every language: one stands for the others.
QUICK = {"evaluate": "zh", "fine-tune-local": "zh"}
EDITIONS = [
    pytest.param(lab, locale, marks=() if locale == QUICK.get(lab, "en") else pytest.mark.slow)
    for lab in LABS
    for locale in i18n.available()
]


@pytest.mark.parametrize(("lab", "locale"), EDITIONS)
def test_the_instructor_edition_scores_full_marks(lab: str, locale: str, tmp_path: Path):
    """Solved exercises pass, and the tuned model beats the untuned one in every language."""
    if lab == TRAINS and extra.missing():
        pytest.skip(f"the extra “train” is not installed: {', '.join(extra.missing())}")
    arguments = [
        "render",
        "--lab",
        lab,
        "--locale",
        locale,
        "--audience",
        "instructor",
        "--out",
        str(tmp_path / "labs"),
    ]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    notebook = tmp_path / "labs" / locale / f"{lab}.ipynb"
    arguments = [
        "run",
        lab,
        "--locale",
        locale,
        "--notebook",
        str(notebook),
        "--out",
        str(tmp_path / "done.ipynb"),
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    checks = json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))["checks"]
    assert {check["status"] for check in checks} == {"passed"}, checks


def test_a_public_sample_that_nobody_here_wrote_runs_to_the_end(tmp_path: Path):
    sample = settings.share_folder().parent / "shared" / "data" / "public-sample"
    if not sample.is_dir():
        pytest.skip("the public sample does not lie beside this checkout")
    files = [f"{name}_file={sample / name}_set.jsonl" for name in ("training", "validation")]
    result = run("es", tmp_path, *files)
    assert result.exit_code == 0, result.output
    checks = json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))["checks"]
    assert "failed" not in {check["status"] for check in checks}, checks


def test_a_learners_own_files_run_to_the_end(example_files: tuple[Path, Path], tmp_path: Path):
    training, validation = example_files
    result = run("es", tmp_path, f"training_file={training}", f"validation_file={validation}", "n_epochs=1")
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))
    assert report["score"]["passed"] > 0


def test_papermill_alone_runs_a_lab(example_files: tuple[Path, Path], tmp_path: Path):
    notebook = settings.labs_folder() / "pt" / f"{LAB}.ipynb"
    command = [sys.executable, "-m", "papermill", str(notebook), "out.ipynb", "--no-progress-bar"]
    training, validation = map(str, example_files)
    for name, value in (("training_file", training), ("validation_file", validation), ("n_epochs", "1")):
        command += ["-p", name, value]
    done = subprocess.run(
        [*command, "-p", "backend", "simulator"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    [injected] = [cell for cell in cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert "n_epochs = 1\n" in injected.source + "\n"
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    checks = [output.data[CHECK_MIME] for output in outputs if CHECK_MIME in output.get("data", {})]
    assert {check["status"] for check in checks} == {"passed", "todo"}
    assert ":ckpt-step-" not in str(outputs)  # one epoch has one checkpoint, which is the model itself


@pytest.mark.parametrize("fault", ["missing", "broken line", "nine examples"])
def test_a_faulty_training_file_is_explained(example_files: tuple[Path, Path], tmp_path: Path, fault: str):
    training, validation = example_files
    lines = training.read_text(encoding="utf-8").splitlines(keepends=True)
    if fault == "missing":
        training.unlink()
    elif fault == "broken line":
        training.write_text("".join([*lines[:4], '{"messages": [\n', *lines[4:]]), encoding="utf-8")
    else:
        training.write_text("".join(lines[:9]), encoding="utf-8")
    result = run("pt", tmp_path, f"training_file={training}", f"validation_file={validation}")
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    failure = json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))["failure"]
    assert failure["ename"] == "TrainingFileError", failure
    assert training.name in failure["message"]
    assert "5" in failure["message"] or fault != "broken line"


def test_an_unknown_locale_is_refused(tmp_path: Path):
    result = run("tlh", tmp_path)
    assert result.exit_code == 2
    assert ", ".join(i18n.available()) in result.output
    assert not list(tmp_path.iterdir())
