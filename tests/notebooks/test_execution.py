"""Runs of small notebooks in real kernels: what is written, what is reported, what is refused."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from kit import i18n
from kit.errors import NotebookError, UsageError
from kit.notebooks.execution import Progress, run_notebook
from kit.notebooks.runs import CHECK_MIME, step_titles

Cell = str | tuple[str, list[str]]
Notebook = Callable[..., Path]

PARAMETERS: Cell = (
    "epochs: int = 3\nrate = 0.5\nname = 'a'\nfast = False\nseed: int | None = None",
    ["parameters"],
)
IDENTIFIERS = ["ftjob-" + "0123456789abcdef" * 2, "00000000-0000-0000-0000-000000000000", "gpt-4.1"]


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    """Write a notebook: strings that begin with “#” are Markdown, others code, pairs code with tags."""

    def write(*cells: Cell, kernel: str = "python3") -> Path:
        path = tmp_path / "source" / "small.ipynb"
        path.parent.mkdir(exist_ok=True)
        made = []
        for number, cell in enumerate(cells):
            source, tags = (cell, []) if isinstance(cell, str) else cell
            kind = nbformat.v4.new_markdown_cell if source.startswith("# ") else nbformat.v4.new_code_cell
            made.append(kind(source, id=f"cell-{number}", metadata={"tags": tags}))
        spec = {"name": kernel, "display_name": kernel, "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": spec}), path)
        return path

    return write


def shown(output: Path) -> str:
    """Return all that the cells of a notebook printed."""
    cells = nbformat.read(output, as_version=4).cells
    return "".join(item.get("text", "") for cell in cells for item in cell.get("outputs", []))


def check(claim: str, status: str) -> str:
    content = {CHECK_MIME: {"claim": claim, "status": status, "hint": "try"}, "text/plain": claim}
    return f"from IPython.display import display\ndisplay({content!r}, raw=True)"


def test_a_run_writes_notebook_and_report(
    notebook: Notebook, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = notebook(
        PARAMETERS,
        "# 1. First",
        "print(epochs + 1, rate, name, fast, seed)",
        check("one", "passed"),
        "# 2. Second",
        check("two", "failed"),
        check("three", "todo"),
        ("print('not headless')", ["skip-headless"]),
        "import os\nprint(os.getcwd(), os.environ['KIT_LOCALE'])",
    )
    before = path.read_bytes()
    seen: list[Progress] = []
    values = {"epochs": "5", "fast": "yes"}
    report = run_notebook(path, tmp_path / "out/done.ipynb", values, locale="pt", on_progress=seen.append)
    assert report.ok
    assert shown(report.output) == f"6 0.5 a True None\n{path.parent} pt\n"
    assert (report.count("passed"), report.count("failed"), report.count("todo")) == (1, 1, 1)
    # ten cells: nine of the notebook, and papermill's cell with the two values
    assert [progress.cell for progress in seen] == list(range(1, 11))
    assert {progress.count for progress in seen} == {10}
    assert [progress.step for progress in seen] == [""] * 2 + ["1. First"] * 3 + ["2. Second"] * 5
    written = json.loads((tmp_path / "out/done.json").read_text(encoding="utf-8"))
    assert written["score"] == {"passed": 1, "failed": 1, "todo": 1}
    assert written["checks"][1] == {"cell": 7, "claim": "two", "status": "failed", "hint": "try"}
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in (tmp_path / "out").iterdir()) == ["done.ipynb", "done.json"]
    # ipykernel 7.3 and later warn of plain TCP at every start; the runner uses encrypted sockets instead
    assert capfd.readouterr() == ("", "")


def test_a_failing_cell_is_named_and_explained(notebook: Notebook, tmp_path: Path):
    path = notebook(
        "# 1. First",
        "print('kept')",
        "# 2. Second",
        "from kit.errors import ServiceError\n"
        "raise ServiceError('The {a} broke.', advice='Mend the {a}.', a='cup')",
        "print('never')",
    )
    report = run_notebook(path, tmp_path / "done.ipynb", locale="en")
    assert report.failure is not None
    assert (report.failure.cell, report.failure.execution_count) == (4, 2)
    assert (report.failure.step, report.failure.ename) == ("2. Second", "ServiceError")
    assert report.failure.message == "The cup broke.\nMend the cup."
    assert shown(report.output) == "kept\n"
    assert "papermill-error-cell" not in report.output.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))["failure"]["cell"] == 4


def test_a_foreign_exception_is_named_without_its_traceback(notebook: Notebook, tmp_path: Path):
    report = run_notebook(notebook("1 / 0"), tmp_path / "done.ipynb", locale="en")
    assert report.failure is not None
    assert report.failure.message == "ZeroDivisionError: division by zero"


def test_an_error_on_purpose_does_not_stop_a_run(notebook: Notebook, tmp_path: Path):
    path = notebook(("1 / 0", ["raises-exception"]), "print('after')")
    report = run_notebook(path, tmp_path / "done.ipynb", locale="en")
    assert report.ok
    assert shown(report.output) == "after\n"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("epoch", "3", ["“epoch”", "“epochs”", "rate, name"]),
        ("zzz", "3", ["“zzz”", "epochs, rate"]),
        ("epochs", "many", ["“epochs”", "int", "“many”"]),
        ("epochs", 1.5, ["int", "1.5"]),
        ("epochs", True, ["int", "True"]),
        ("fast", "perhaps", ["bool", "“perhaps”"]),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_before_the_run(
    notebook: Notebook, tmp_path: Path, name: str, value: object, words: list[str]
):
    with pytest.raises(UsageError) as caught:
        run_notebook(notebook(PARAMETERS), tmp_path / "done.ipynb", {name: value}, locale="en")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not (tmp_path / "done.ipynb").exists()


# Shapes as the services document or issue them; none of these is a real credential.
SECRETS = [
    ("api_key", "harmless"),
    ("azureOpenaiKey", "harmless"),
    ("access_token", "harmless"),
    ("name", "0123456789abcdef" * 2),
    ("name", "A1b2" * 21),
    ("name", "A1b2" * 13 + "JQQJ99CAACi0881XJ3w3AAAFACOGa1b2"),
    ("name", "sk-proj-0123456789abcdefghij"),
    ("name", "github_pat_" + "A1b2" * 20),
    ("name", "AKIA" + "Z9Y8" * 4),
    ("name", "Bearer ghp_" + "A1b2" * 9),
    ("name", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ("name", "https://account.blob.core.windows.net/c?sv=2024&sig=" + "a1B2" * 11),
    ("name", "set in the environment: velvet-otter-91"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_is_refused_and_not_repeated(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv("CLASSROOM_TOKEN", "velvet-otter-91")
    with pytest.raises(UsageError) as caught:
        run_notebook(notebook(PARAMETERS), tmp_path / "done.ipynb", {name: value}, locale="en")
    assert name in str(caught.value)
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", IDENTIFIERS)
def test_identifiers_are_no_secrets(notebook: Notebook, tmp_path: Path, value: str):
    source = ("name = ''\nmax_tokens = 5\nsecret_scope = ''", ["parameters"])
    values = {"name": value, "max_tokens": "6", "secret_scope": "class"}
    report = run_notebook(notebook(source, "print(name)"), tmp_path / "done.ipynb", values, locale="en")
    assert shown(report.output) == f"{value}\n"


def test_secrets_of_the_environment_never_reach_the_files(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "velvet-otter-91")
    path = notebook(
        "import os, sys\nkey = os.environ['AZURE_OPENAI_API_KEY']",
        "sys.stdout.write(key[:5]); sys.stdout.flush(); sys.stdout.write(key[5:]); sys.stdout.flush()",
        "{'held': [key]}",
        "raise ValueError(f'refused {key}')",
    )
    report = run_notebook(path, tmp_path / "done.ipynb", locale="en")
    assert report.failure is not None
    assert report.failure.message == "ValueError: refused [AZURE_OPENAI_API_KEY]"
    for file in ("done.ipynb", "done.json"):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert "velvet" not in text
        assert "[AZURE_OPENAI_API_KEY]" in text


def test_the_time_limit_holds_for_the_whole_run(notebook: Notebook, tmp_path: Path):
    path = notebook("# 1. First", "print('kept')", "# 2. Long", "import threading\nthreading.Event().wait()")
    report = run_notebook(path, tmp_path / "done.ipynb", locale="en", timeout=2)
    assert report.failure is not None
    assert (report.failure.cell, report.failure.step, report.failure.ename) == (4, "2. Long", "TimeoutError")
    assert "2 seconds" in report.failure.message
    assert shown(report.output) == "kept\n"


def test_a_kernel_that_dies_is_reported_with_what_was_done(notebook: Notebook, tmp_path: Path):
    path = notebook("print('kept')", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    report = run_notebook(path, tmp_path / "done.ipynb", locale="en")
    assert report.failure is not None
    assert (report.failure.cell, report.failure.ename) == (2, "DeadKernelError")
    assert shown(report.output) == "kept\n"


@pytest.mark.parametrize(("failures", "starts"), [(1, True), (2, False)])
def test_a_kernel_gets_a_second_chance_to_start(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, starts: bool
):
    launcher = tmp_path / "launcher.py"
    launcher.write_text(
        "import os, pathlib, sys\n"
        "tries = pathlib.Path(__file__).with_name('tries')\n"
        "tries.write_text(tries.read_text() + 'x' if tries.exists() else 'x')\n"
        f"if len(tries.read_text()) <= {failures}: sys.exit(3)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'ipykernel_launcher', *sys.argv[1:]])\n"
    )
    folder = tmp_path / "jupyter/kernels/shaky"
    folder.mkdir(parents=True)
    argv = [sys.executable, str(launcher), "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "shaky", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    path = notebook("print('up')", kernel="shaky")
    if starts:
        assert shown(run_notebook(path, tmp_path / "done.ipynb", locale="en").output) == "up\n"
    else:
        with pytest.raises(NotebookError, match="shaky"):
            run_notebook(path, tmp_path / "done.ipynb", locale="en")
    assert (tmp_path / "tries").read_text() == "xx"


def test_an_unknown_kernel_is_named(notebook: Notebook, tmp_path: Path):
    with pytest.raises(NotebookError, match="“nowhere” did not start"):
        run_notebook(notebook("1", kernel="nowhere"), tmp_path / "done.ipynb", locale="en")


def test_a_missing_or_damaged_notebook_is_named(tmp_path: Path):
    with pytest.raises(NotebookError, match=r"no notebook .*gone\.ipynb"):
        run_notebook(tmp_path / "gone.ipynb", tmp_path / "done.ipynb", locale="en")
    damaged = tmp_path / "damaged.ipynb"
    for content in ("{", "[]", '{"cells": 3}', '{"nbformat": 4, "nbformat_minor": 5, "cells": [1]}'):
        damaged.write_text(content)
        with pytest.raises(NotebookError, match=r"damaged\.ipynb cannot be read"):
            run_notebook(damaged, tmp_path / "done.ipynb", locale="en")


def test_the_notebook_itself_is_never_overwritten(notebook: Notebook):
    path = notebook("1")
    with pytest.raises(UsageError, match="overwrite"):
        run_notebook(path, path, locale="en")


def test_a_parameters_cell_of_code_is_refused(notebook: Notebook, tmp_path: Path):
    path = notebook(("epochs = int('3')", ["parameters"]))
    with pytest.raises(NotebookError, match="parameters cell"):
        run_notebook(path, tmp_path / "done.ipynb", {"epochs": "4"}, locale="en")


def test_a_failure_is_told_in_the_chosen_language(notebook: Notebook, tmp_path: Path, locale: str):
    i18n.use(locale)
    with pytest.raises(UsageError) as caught:
        run_notebook(notebook(PARAMETERS), tmp_path / "done.ipynb", {"epoch": "3"}, locale=locale)
    told = str(caught.value)
    assert "epochs" in told
    assert ("There is no parameter" in told) == (locale == "en")


def test_the_environment_is_put_back(notebook: Notebook, tmp_path: Path):
    before = dict(os.environ)
    run_notebook(notebook("1"), tmp_path / "done.ipynb", locale="zh")
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ('# <span lang="en" title="a > b">[en] My first lab</span>', "[en] My first lab"),
        ("## 2. Read `<b>` and <code>x</code>: 1 < 2", "2. Read `<b>` and x: 1 < 2"),
    ],
)
def test_a_step_is_called_what_its_heading_says_without_tags(heading: str, title: str):
    cells = [nbformat.v4.new_markdown_cell(heading), nbformat.v4.new_code_cell("1")]
    assert step_titles(cells) == [title, title]
