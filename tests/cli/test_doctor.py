"""`kit doctor`: on a sound set-up, and on set-ups broken in each way that it looks for."""

from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kit import settings
from kit.cli import _examinations as examinations
from kit.cli import main
from kit.cli._examinations import Finding
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
        (["click>=1", "pytest>=1; extra == 'test'"], "✓", ["2"]),
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


def test_an_old_model_table_is_told(monkeypatch: pytest.MonkeyPatch):
    day = examinations.datetime.date
    row = SimpleNamespace(
        source=SimpleNamespace(as_of=day(2020, 1, 2)),
        pricing=SimpleNamespace(source=SimpleNamespace(as_of=day.max)),
    )
    monkeypatch.setattr(examinations.models, "table", lambda: {"m": row})
    (finding,) = examinations.model_table()
    assert finding.mark == "!"
    assert "2020" in finding.text
