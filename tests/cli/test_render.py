"""`kit render` with every option: which files it writes, what is in them, and that it writes them once."""

import ast
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kit import i18n
from kit.cli import main
from kit.notebooks.editions import Workspace
from kit.notebooks.parameters import read_parameters

LABS = Workspace.default().lab_names()
LOCALES = i18n.available()
ENDINGS = {"ipynb": ".ipynb", "databricks": ".py", "html": ".html"}


def render(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["render", *map(str, arguments)])


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def state(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*.*")}


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def tags(notebook: dict[str, Any]) -> set[str]:
    return {tag for cell in notebook["cells"] for tag in cell["metadata"].get("tags", [])}


def test_everything_at_once_is_each_with_each_and_the_second_time_nothing_is_written(tmp_path: Path):
    everything = ("--audience", "all", "--target", "all", "--format", "all", "--out", tmp_path)
    first = render(*everything)
    assert first.exit_code == 0, first.output
    wanted = {
        f"{audience}/{target}/{locale}/{lab}{ending}"
        for audience, target, locale, lab, ending in itertools.product(
            ("learner", "instructor"), ("jupyter", "databricks"), LOCALES, LABS, ENDINGS.values()
        )
    }
    for audience, target in itertools.product(("learner", "instructor"), ("jupyter", "databricks")):
        wanted |= {f"{audience}/{target}/{locale}/index.html" for locale in LOCALES}
        wanted.add(f"{audience}/{target}/index.html")
    assert written(tmp_path) == wanted
    assert f"Files: {len(wanted)}. Written: {len(wanted)}, unchanged: 0." in first.stdout.splitlines()[-1]
    before = state(tmp_path)
    second = render(*everything)
    assert state(tmp_path) == before
    [line] = second.stdout.splitlines()
    assert line.startswith(f"Files: {len(wanted)}. Written: 0, unchanged: {len(wanted)}.")
    assert render(*everything, "--check").exit_code == 0


def test_only_what_has_changed_is_written_and_named(tmp_path: Path):
    arguments = ("--locale", "pt", "--locale", "zh", "--out", tmp_path)
    render(*arguments)
    changed, missing = tmp_path / "pt" / f"{LABS[0]}.ipynb", tmp_path / "zh" / f"{LABS[1]}.ipynb"
    changed.write_text("{}", encoding="utf-8")
    missing.unlink()
    before = state(tmp_path)
    check = render(*arguments, "--check")
    assert check.exit_code == 1
    assert len(check.stdout.splitlines()) == 2
    lines = render(*arguments).stdout.splitlines()
    assert lines[:-1] == [str(changed), str(missing)]
    assert f"Written: 2, unchanged: {2 * len(LABS) - 2}." in lines[-1]
    after = state(tmp_path)
    assert {path for path in after if after[path] != before.get(path)} == {changed, missing}


@pytest.mark.parametrize(
    ("arguments", "folders"),
    [
        ((), {""}),
        (("--audience", "instructor"), {""}),
        (("--audience", "instructor", "--audience", "learner"), {"learner/", "instructor/"}),
        (("--target", "databricks"), {""}),
        (("--target", "all"), {"jupyter/", "databricks/"}),
    ],
)
def test_a_folder_for_each_only_where_there_are_several(tmp_path: Path, arguments, folders):
    render("--lab", "fine-tune", "--locale", "es", *arguments, "--out", tmp_path)
    assert written(tmp_path) == {f"{folder}es/fine-tune.ipynb" for folder in folders}


def test_an_edition_has_what_is_for_its_audience_and_target(tmp_path: Path):
    arguments = ("--lab", "fine-tune", "--locale", "en", "--audience", "all", "--target", "all")
    render(*arguments, "--out", tmp_path)
    found = {
        tuple(path.relative_to(tmp_path).parts[:2]): tags(read(path)) for path in tmp_path.rglob("*.ipynb")
    }
    assert {key for key, value in found.items() if "solution" in value} == {
        ("instructor", "jupyter"),
        ("instructor", "databricks"),
    }
    assert {key for key, value in found.items() if "databricks" in value} == {
        ("learner", "databricks"),
        ("instructor", "databricks"),
    }


def test_databricks_source_is_for_databricks_unless_told_otherwise(tmp_path: Path):
    arguments = ("--lab", "fine-tune", "--locale", "fr", "--format", "all")
    render(*arguments, "--out", tmp_path / "a")
    assert "%pip install" in (tmp_path / "a/fr/fine-tune.py").read_text(encoding="utf-8")
    assert "databricks" not in tags(read(tmp_path / "a/fr/fine-tune.ipynb"))
    render(*arguments, "--target", "jupyter", "--out", tmp_path / "b")
    assert "%pip install" not in (tmp_path / "b/fr/fine-tune.py").read_text(encoding="utf-8")


def test_presets_are_the_new_defaults_and_nothing_else_changes(tmp_path: Path):
    presets = ("-p", "n_epochs=7", "-p", "suffix", 'a "class"\\', "-p", "budget=2", "-p", "seed=7")
    result = render("--locale", "zh", *presets, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    tuned = read(tmp_path / "zh" / "fine-tune.ipynb")
    values = {name: each.default for name, each in read_parameters(tuned).items()}
    usual = read(Workspace.default().labs / "zh" / "fine-tune.ipynb")
    expected = {name: each.default for name, each in read_parameters(usual).items()}
    assert values == {**expected, "n_epochs": 7, "suffix": 'a "class"\\', "budget": 2.0, "seed": 7}
    [changed] = [(old, new) for old, new in zip(usual["cells"], tuned["cells"], strict=True) if old != new]
    comments = [[line.partition("  # ")[2] for line in cell["source"]] for cell in changed]
    assert comments[0] == comments[1]
    ast.parse("".join(changed[1]["source"]))
    other = read_parameters(read(tmp_path / "zh" / "fine-tune-local.ipynb"))
    assert other["seed"].default == 7
    assert "suffix" not in other


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("-p", "n_epochs=3"), "--out"),
        (("--audience", "instructor"), "--out"),
        (("--target", "databricks"), "--out"),
        (("--format", "databricks"), "--out"),
        (("--format", "pdf", "--out", "x"), "pdf"),
        (("-p", "n_epoch=3", "--out", "x"), "n_epochs"),
        (("-p", "n_epochs=many", "--out", "x"), "n_epochs"),
        (("--out", "x", "-p", "n_epochs"), "NAME=VALUE"),
        (("-p", "locale=pt", "--out", "x"), "--locale"),
        (("--lab", "cooking", "--out", "x"), "fine-tune"),
        (("--execute",), "--out"),
        (("--execute", "--target", "databricks", "--out", "x"), "--execute"),
        (("--execute", "--format", "databricks", "--out", "x"), "--execute"),
        (("--execute", "-p", "backend=azure", "--out", "x"), "backend"),
        (("--execute", "--check", "--out", "x"), "--check"),
        (("--locale", "zh-TW", "--out", "x"), "zh"),
    ],
)
def test_a_wrong_call_ends_with_2_and_writes_nothing(tmp_path: Path, monkeypatch, arguments, word):
    monkeypatch.chdir(tmp_path)
    result = render(*arguments)
    assert result.exit_code == 2
    assert word in result.stderr
    assert not written(tmp_path)


@pytest.mark.parametrize(
    "assignment",
    ["api_key=abcdefgh", "suffix=sk-" + "a1B2" * 8, "suffix=" + "0123456789abcdef" * 2],
)
def test_a_secret_is_refused_without_repeating_it(tmp_path: Path, assignment: str):
    result = render("-p", assignment, "--out", tmp_path)
    assert result.exit_code == 2
    assert "secret" in result.stderr
    assert assignment.partition("=")[2] not in result.output
    assert not written(tmp_path)


SMALL = """# %% [markdown]
# # Small
#
# {{ doc("guide") }}
# %% tags=["parameters"]
locale = "en"
n = 3
# %%
print("in", locale, n * 14)
# %% tags=["exercise"]
answer = None
# %% tags=["solution"]
answer = "solved"
# %%
print(answer)
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with one small lab in two languages, and a home of its own."""
    found = Workspace(*(tmp_path / name for name in ("templates", "locales", "labs", "kit")))
    for folder in (found.templates, found.labs, found.package, found.locales / "pt" / "LC_MESSAGES"):
        folder.mkdir(parents=True)
    (found.templates / "small.py").write_text(SMALL, encoding="utf-8")
    (found.locales / "links.csv").write_text(
        "key,en,pt\nguide,https://example.org/en,https://example.org/pt\n", encoding="utf-8"
    )
    monkeypatch.setattr(Workspace, "default", classmethod(lambda _cls: found))
    monkeypatch.setenv("KIT_HOME", str(tmp_path / "home"))
    return found


def printed(notebook: dict[str, Any]) -> str:
    return "".join(
        "".join(each.get("text", "")) for cell in notebook["cells"] for each in cell.get("outputs", [])
    )


def test_an_executed_edition_shows_what_the_cells_show(tmp_path: Path, small: Workspace):
    out = tmp_path / "out"
    arguments = ("--execute", "--audience", "all", "--format", "ipynb", "--format", "html", "--out", out)
    result = render(*arguments, "-p", "n=2")
    assert result.exit_code == 0, result.output
    assert printed(read(out / "learner/pt/small.ipynb")) == "in pt 28\nNone\n"
    assert printed(read(out / "instructor/en/small.ipynb")) == "in en 28\nsolved\n"
    assert "in pt 28" in (out / "learner/pt/small.html").read_text(encoding="utf-8")
    assert "papermill" not in (out / "learner/pt/small.ipynb").read_text(encoding="utf-8")
    before = state(out)
    again = render(*arguments, "-p", "n=2").stdout.splitlines()
    assert len(again) == 1  # nothing was run, nothing written
    assert state(out) == before


def test_only_what_has_changed_is_run_again(tmp_path: Path, small: Workspace):
    arguments = ("--execute", "--out", tmp_path / "out")
    assert [line.split()[1] for line in render(*arguments).stdout.splitlines()[:2]] != []
    template = small.templates / "small.py"
    template.write_text(SMALL.replace("n * 14", "n * 15"), encoding="utf-8")
    first = render(*arguments, "--locale", "pt").stdout.splitlines()
    assert [line.split()[1] for line in first[:1]] == ["small-pt"]
    assert printed(read(tmp_path / "out/pt/small.ipynb")).startswith("in pt 45")
    second = render(*arguments).stdout.splitlines()
    assert [line.split()[1] for line in second if line.startswith("✓")] == ["small-en"]


def test_where_a_run_fails_nothing_is_written_and_it_is_said_why(tmp_path: Path, small: Workspace):
    (small.templates / "broken.py").write_text(SMALL.replace("n * 14", "n / 0"), encoding="utf-8")
    out = tmp_path / "out"
    result = render("--execute", "--locale", "en", "--out", out)
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stdout
    assert "broken-en" in result.stderr
    assert not out.exists()
    (small.templates / "broken.py").write_text(SMALL, encoding="utf-8")
    lines = render("--execute", "--locale", "en", "--out", out).stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("✓")] == ["broken-en"]
