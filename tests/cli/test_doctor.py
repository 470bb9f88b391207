"""`kit doctor`: on a sound set-up, and on set-ups broken in each way that it looks for."""

import datetime
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kit import settings
from kit.azure import models
from kit.cli import _examinations as examinations
from kit.cli import _models, main
from kit.cli._output import Finding, annotation
from kit.errors import NotebookError


def marks(findings) -> str:
    return "".join(finding.mark for finding in findings)


def test_it_says_of_each_point_how_it_is(monkeypatch: pytest.MonkeyPatch):
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == (1 if "✗" in result.stdout else 0)
    for word in ("Python 3.", "Jupyter kernel", "Tokenizer", "Disk", "Labs", "Font", "Model table", "Azure"):
        assert word in result.stdout


def test_a_cross_ends_with_1_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kit.cli.doctor._EXAMINATIONS", (lambda: iter([Finding("✗", "broken", "mend it")]),))
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == ["✗ broken", "    mend it"]


def test_an_exclamation_mark_ends_with_0(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kit.cli.doctor._EXAMINATIONS", (lambda: iter([Finding("!", "odd")]),))
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 0


def test_an_old_python_is_a_cross(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examinations.sys, "version_info", (3, 10, 13))
    assert marks(examinations.python()) == "✗"


@pytest.mark.parametrize(
    ("declared", "mark", "words"),
    [
        (["click>=1", "pytest>=1; extra == 'test'"], "✓", ["all 1 as"]),
        (["click>=999"], "✗", ["click", ">=999", metadata.version("click")]),
        (["no-such-package>=1"], "✗", ["no-such-package"]),
        (["no-such-package; python_version < '3'"], "✓", []),
    ],
)
def test_packages_are_compared(
    monkeypatch: pytest.MonkeyPatch, declared: list[str], mark: str, words: list[str]
):
    monkeypatch.setattr(examinations.metadata, "requires", lambda name: declared)
    (finding,) = examinations.packages()
    assert finding.mark == mark
    assert all(word in finding.text for word in words)


def test_a_kernel_that_does_not_start_is_a_cross(monkeypatch: pytest.MonkeyPatch):
    def no_kernel(*args, **options):
        raise NotebookError("no kernel")

    monkeypatch.setattr(examinations, "run_notebook", no_kernel)
    assert marks(examinations.kernel()) == "✗"


def test_a_kernel_without_the_kit_is_a_cross(monkeypatch: pytest.MonkeyPatch):
    failed = SimpleNamespace(failure=SimpleNamespace(message="no kit"), output=None)
    monkeypatch.setattr(examinations, "_probe", lambda: (failed, ""))
    (finding,) = examinations.kernel()
    assert (finding.mark, "no kit" in finding.text) == ("✗", True)


@pytest.mark.parametrize(("free", "mark"), [(5e9, "✓"), (5e8, "!"), (5e7, "✗")])
def test_room_on_the_disk(monkeypatch: pytest.MonkeyPatch, free: float, mark: str):
    monkeypatch.setattr(examinations.shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    assert marks(examinations.disk()) == mark


def test_a_tokenizer_that_cannot_load_is_a_cross(monkeypatch: pytest.MonkeyPatch):
    def broken():
        raise ValueError("hash differs")

    monkeypatch.setattr(examinations, "encoding", broken)
    (finding,) = examinations.tokenizer()
    assert finding.mark == "✗"
    assert "hash differs" in finding.text


def test_missing_labs_and_translations_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/small.py").write_text("")
    (tmp_path / "labs/en").mkdir(parents=True)
    (tmp_path / "labs/en/small.ipynb").write_text("{}")
    (tmp_path / "labs/data/en").mkdir(parents=True)
    (tmp_path / "labs/data/en/x.jsonl").write_text("{}")
    for name in ("labs", "templates", "locales"):
        monkeypatch.setattr(settings, f"{name}_folder", lambda name=name: tmp_path / name)
    monkeypatch.setattr(examinations.i18n, "available", lambda: ("en", "pt"))
    (finding,) = examinations.labs()
    assert finding.mark == "✗"
    assert "pt/small.ipynb" in finding.text
    assert "en/small.ipynb" not in finding.text
    catalog = tmp_path / "locales/pt/LC_MESSAGES/small.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text('msgid ""\nmsgstr ""\n\nmsgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgstr ""\n')
    (finding,) = examinations.translations()
    assert finding.mark == "!"
    assert "small 50%" in finding.text


def test_a_font_without_chinese_is_a_cross(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert marks(examinations.font()) == "✓"
    monkeypatch.setattr(examinations.kit, "__file__", str(tmp_path / "__init__.py"))
    assert marks(examinations.font()) == "✗"


SECRET = "velvet-otter-91"
WHOLE = ("AZURE_OPENAI_ENDPOINT", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP")


@pytest.mark.parametrize(
    ("names", "mark", "words"),
    [
        ((), "✓", ["simulator"]),
        (WHOLE, "✓", ["az login"]),
        ((*WHOLE, "AZURE_OPENAI_API_KEY"), "✓", ["AZURE_OPENAI_API_KEY"]),
        (("AZURE_OPENAI_API_KEY",), "!", ["AZURE_OPENAI_ENDPOINT", "AZURE_SUBSCRIPTION_ID"]),
    ],
)
def test_azure_variables_are_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], mark: str, words: list[str]
):
    for name in names:
        monkeypatch.setenv(name, SECRET)
    (finding,) = examinations.azure()
    told = f"{finding.text}\n{finding.advice}"
    assert finding.mark == mark
    assert all(word in told for word in words)
    assert SECRET not in told


@pytest.mark.parametrize(("day", "mark"), [("2026-08-01", "✓"), ("2026-11-30", "!")])
def test_an_old_model_table_is_told(monkeypatch: pytest.MonkeyPatch, day: str, mark: str):
    # prices were read on 2026-07-31
    monkeypatch.setattr(_models, "today", lambda: datetime.date.fromisoformat(day))
    (finding,) = _models.model_table()
    assert finding.mark == mark
    assert "July 31, 2026" in finding.text


def test_one_fresh_row_of_a_persons_own_makes_an_old_table_no_younger(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(_models, "today", lambda: datetime.date(2026, 11, 30))
    [old, *others] = models.table().values()
    day = datetime.date(2026, 11, 29)
    fresh = replace(
        old,
        source=replace(old.source, as_of=day),
        pricing=replace(old.pricing, source=replace(old.pricing.source, as_of=day)),
    )
    monkeypatch.setattr(models, "table", lambda: {row.name: row for row in (fresh, *others)})
    (finding,) = _models.model_table()
    assert finding.mark == "!"
    assert "November 29" not in finding.text


def test_an_unfinished_catalog_is_never_said_to_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "locales/pt/LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    for name in ("templates", "locales"):
        monkeypatch.setattr(settings, f"{name}_folder", lambda name=name: tmp_path / name)
    monkeypatch.setattr(examinations.i18n, "available", lambda: ("en", "pt"))
    entries = "".join(f'msgid "{n}"\nmsgstr "{n or ""}"\n\n' for n in range(1, 1000))
    (folder / "kit.po").write_text('msgid ""\nmsgstr ""\n\n' + entries + 'msgid "left"\nmsgstr ""\n')
    (finding,) = examinations.translations()
    assert (finding.mark, finding.text.endswith("kit 99%")) == ("!", True), finding.text


def test_an_annotation_of_several_lines_is_one_command():
    assert annotation("warning", "kit: a, b", "100%\nmore") == "::warning title=kit%3A a%2C b::100%25%0Amore"


def test_a_lab_whose_model_has_died_is_told_with_a_live_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    source = """# %% tags=["parameters"]\nmodel = "NAME"\ntraining_type = "GlobalStandard"\n"""
    for name, model in (("alive", "gpt-oss-20b"), ("dead", "gpt-4o-mini")):
        (tmp_path / f"{name}.py").write_text(source.replace("NAME", model))
    (tmp_path / "other.py").write_text('# %% tags=["parameters"]\nlocale = "en"\n')
    monkeypatch.setattr(settings, "templates_folder", lambda: tmp_path)
    monkeypatch.setattr(_models, "today", lambda: datetime.date(2026, 11, 24))
    alive, dead = _models.lab_models()
    assert (alive.mark, dead.mark) == ("✓", "!")
    assert dead.text.startswith("dead: Since October 1, 2026")
    assert "gpt-oss-20b" in dead.advice


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("gpt-oss-20b", 0, ["✓", "gpt-oss-20b"]),
        ("gpt-4o-mini", 1, ["✗", "October 1, 2026", "gpt-oss-20b"]),
        ("gpt-5-dreams", 1, ["✗", "gpt-5-dreams", "KIT_MODELS"]),
    ],
)
def test_one_model_is_looked_up(monkeypatch: pytest.MonkeyPatch, name: str, code: int, words: list[str]):
    monkeypatch.setattr(_models, "today", lambda: datetime.date(2026, 11, 24))
    result = CliRunner().invoke(main, ["doctor", "--model", name])
    assert result.exit_code == code, result.output
    assert all(word in result.output for word in words), result.output


def test_old_dates_warn_and_never_fail(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_models, "today", lambda: datetime.date(2027, 2, 20))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = CliRunner().invoke(main, ["doctor", "--check-dates"])
    assert result.exit_code == 0
    assert "prices.azure.com" in result.output
    assert "Ends on April 14, 2027" in result.output  # training on the gpt-4.1 family, 53 days later
    assert "::warning title=kit doctor::" in result.output
    monkeypatch.setattr(_models, "today", lambda: datetime.date(2026, 7, 31))
    result = CliRunner().invoke(main, ["doctor", "--check-dates"])
    assert "within 60 days" in result.output or "✓" in result.output
