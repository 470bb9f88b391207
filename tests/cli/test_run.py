"""`kit run` with small notebooks: choosing, parameters, paths, progress, results, exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from kit import i18n, settings
from kit.cli import main
from kit.notebooks.runs import CHECK_MIME
from kit.simulator.circumstances.scenarios import SUMMARIES

CHECK = (
    "from IPython.display import display\n"
    f"display({{{CHECK_MIME!r}: {{'claim': 'it holds', 'status': 'STATUS', 'hint': 'look'}}}}, raw=True)"
)


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of labs in two languages, and an empty folder to stand in."""
    folder = tmp_path / "labs"
    for locale, word in (("en", "Step"), ("pt", "Passo")):
        cells = [
            nbformat.v4.new_code_cell("n = 1\ntraining_file = ''", id="a", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_markdown_cell(f"## 1. {word}", id="b"),
            nbformat.v4.new_code_cell("print(n, training_file)\nassert n < 5, 'too many'", id="c"),
            nbformat.v4.new_code_cell(CHECK.replace("STATUS", "passed"), id="d"),
            nbformat.v4.new_code_cell(CHECK.replace("STATUS", "todo"), id="e"),
        ]
        path = folder / locale / "small.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    monkeypatch.setattr(settings, "labs_folder", lambda: folder)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


def printed(path: str) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


def test_a_lab_runs_in_a_language_and_the_score_is_told(labs: Path):
    result = run("small", "--locale", "pt")
    assert result.exit_code == 0, result.output
    assert "] 1. Passo" in result.stderr
    assert re.search(r"\b1\b.*\b2\b.*\b1\b", result.stdout.splitlines()[1])  # 1 of 2 passed, 1 open
    assert str(Path("runs/small-pt.ipynb")) in result.stdout
    report = json.loads(Path("runs/small-pt.json").read_text(encoding="utf-8"))
    assert report["score"] == {"passed": 1, "failed": 0, "todo": 1}


def test_both_forms_of_a_parameter_and_paths_as_seen_from_here(labs: Path):
    Path("mine.jsonl").write_text("{}")
    result = run("small", "-p", "n", "3", "-p", "training_file=mine.jsonl", "--out", "there/done.ipynb")
    assert result.exit_code == 0, result.output
    assert printed("there/done.ipynb") == f"3 {Path('mine.jsonl').resolve()}\n"


def test_a_path_that_leads_nowhere_is_left_to_the_lab(labs: Path):
    assert run("small", "-p", "training_file=gone.jsonl", "--out", "done").exit_code == 0
    assert printed("done/small-en.ipynb") == "1 gone.jsonl\n"


def test_a_failing_cell_ends_with_1_and_says_where(labs: Path):
    result = run("small", "-p", "n=7")
    assert result.exit_code == 1
    assert "cell 4, “1. Step”" in result.stdout
    assert "AssertionError: too many" in result.stdout
    assert "Traceback" not in result.output
    assert printed("runs/small-en.ipynb") == "7 \n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["small"]),
        (("smal",), ["“smal”", "“small”"]),
        (("small", "--locale", "tlh"), ["“tlh”", "en"]),
        (("small", "--locale", "zh-TW"), ["“zh-TW”"]),
        (("small", "-p", "m=1"), ["“m”", "n, training_file"]),
        (("small", "-p", "n=one"), ["“n”", "int", "“one”"]),
        (("small", "-p", "n"), ["NAME=VALUE"]),
        (("small", "-p", "n=1", "--out", "file.txt"), ["file.txt", ".ipynb"]),
    ],
)
def test_a_wrong_call_ends_with_2_and_leaves_nothing(
    labs: Path, arguments: tuple[str, ...], words: list[str]
):
    Path("file.txt").write_text("mine")
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert all(word in result.stderr for word in words), result.stderr
    assert [path.name for path in Path().iterdir()] == ["file.txt"]


def test_a_scenario_is_a_parameter_and_part_of_the_name(labs: Path):
    path = labs / "en/small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += "\nscenario = 'happy'"
    notebook.cells.append(nbformat.v4.new_code_cell("print(scenario)", id="f"))
    nbformat.write(notebook, path)
    assert run("small", "--scenario", "flaky").exit_code == 0
    assert printed("runs/small-en-flaky.ipynb").endswith("flaky\n")


@pytest.mark.parametrize("how", [(), ("--notebook", "PATH"), ("--all",), ("--all", "--scenario", "slow")])
@pytest.mark.parametrize(("name", "word"), [("flakey", "“flaky”?"), ("xyz", "happy, throttled, flaky")])
def test_an_unknown_scenario_is_refused_before_anything_runs(
    labs: Path, how: tuple[str, ...], name: str, word: str
):
    arguments = [argument.replace("PATH", str(labs / "en/small.ipynb")) for argument in how]
    result = run(*(arguments or ["small"]), "--scenario", name)
    assert result.exit_code == 2, result.output
    assert f"There is no scenario “{name}”." in result.stderr
    assert word in result.stderr
    assert not list(Path().iterdir())


def test_the_help_names_every_scenario_of_the_simulator():
    words = run("--help").output.replace(",", " ").replace(".", " ").split()
    assert set(SUMMARIES) <= set(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("small", "--scenario", "flaky"), ["“small”", "no scenarios"]),
        (("small", "--scenario", "flaky", "--scenario", "slow"), ["--scenario"]),
        (("small", "--jobs", "2", "--changed"), ["--jobs, --changed"]),
        (("small", "--all", "-p", "n=2"), ["-p"]),
        (("--all", "--notebook", "other.ipynb"), ["--notebook"]),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(labs: Path, arguments: tuple[str, ...], words: list[str]):
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert all(word in result.stderr for word in words), result.stderr
    assert not list(Path().iterdir())


def test_a_secret_is_refused_without_repeating_it(labs: Path):
    for arguments in (("api_key=velvet-otter-91",), ("training_file=" + "0123456789abcdef" * 2,)):
        result = run("small", "-p", *arguments)
        assert result.exit_code == 2
        assert arguments[0].split("=")[1] not in result.output


def test_a_notebook_of_ones_own(labs: Path):
    result = run("--notebook", str(labs / "en/small.ipynb"))
    assert result.exit_code == 0, result.output
    assert run("--notebook", "gone.ipynb").exit_code == 1


def test_a_notebook_of_ones_own_runs_and_is_told_in_its_own_language(labs: Path):
    for locale in ("pt", "es"):
        cells = [
            nbformat.v4.new_code_cell(f"locale = '{locale}'", id="a", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("import os\nprint(locale, os.environ['KIT_LOCALE'])", id="b"),
        ]
        path = Path(f"mine-{locale}/small.ipynb")
        path.parent.mkdir()
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        assert run("--notebook", str(path), "--out", "done").exit_code == 0
        assert i18n.current() == locale
    for locale in ("pt", "es"):
        assert printed(f"done/small-{locale}.ipynb") == f"{locale} {locale}\n"
        report = json.loads(Path(f"done/small-{locale}.json").read_text(encoding="utf-8"))
        assert (report["locale"], report["output"]) == (locale, f"small-{locale}.ipynb")
    assert run("--notebook", "mine-es/small.ipynb", "-p", "locale=fr", "--out", "done").exit_code == 0
    assert printed("done/small-fr.ipynb") == "fr fr\n"


@pytest.mark.parametrize("own", ["'elsewhere'", "None", "{'place': 1}"])
def test_a_parameter_called_locale_may_mean_something_else(labs: Path, own: str):
    path = labs / "en/small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += f"\nlocale = {own}"
    nbformat.write(notebook, path)
    assert run("--notebook", str(path)).exit_code == 0
    assert Path("runs/small-en.ipynb").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_its_kernel_and_keeps_what_was_done(tmp_path: Path, number: int, code: int):
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    wait = f"open({str(ready)!r}, 'w').write(str(os.getpid()))\nthreading.Event().wait()"
    cells = [
        nbformat.v4.new_code_cell("print('kept')", id="a"),
        nbformat.v4.new_code_cell(f"import os, threading\n{wait}", id="b"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "long.ipynb")
    command = [sys.executable, "-m", "kit", "run", "--notebook", "long.ipynb", "--out", "done.ipynb"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        kernel = int(ready.read_text())  # returns once the second cell has written
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    assert printed(str(tmp_path / "done.ipynb")) == "kept\n"
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
