"""The command line as a person meets it: help, languages, exit codes, errors without a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import polib
import pytest
from click.testing import CliRunner

import kit
from kit import i18n
from kit.cli import main
from kit.cli._formatter import HelpFormatter
from kit.cli._main import COMMANDS
from kit.errors import KitError, UsageError
from kit.i18n import translation
from kit.i18n.extraction import kit_messages
from kit.notebooks.spans import display_width


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch):
    """Let the command `doctor` raise what a test wants."""

    def install(error: BaseException) -> None:
        monkeypatch.setattr("kit.cli.doctor.command", failing(error))

    return install


def test_help_lists_every_command_with_what_it_does():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name, summary in COMMANDS.items():
        assert f"  {name} " in result.output
        assert summary.split()[0] in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Exit codes" in result.output or name in {"serve", "catalogs", "check", "labs"}
    assert len(result.output.splitlines()) > 8


HELP_PAGES = """
import json, sys
from click.testing import CliRunner
from kit.cli import main
pages = [[], *([name] for name in main.list_commands(None))]
for page in pages:
    command = main.get_command(None, page[0]) if len(page) == 1 else None
    pages += [[*page, name] for name in getattr(command, "commands", [])]
shown = {" ".join(page): CliRunner().invoke(main, [*page, "--help"]).output for page in pages}
sys.stdout.buffer.write(json.dumps(shown).encode())
"""


def test_no_line_of_any_help_page_is_wider_than_a_terminal(locale: str):
    """In a process of its own: the texts of a command's options are translated when it is imported."""
    done = subprocess.run(
        [sys.executable, "-c", HELP_PAGES],
        capture_output=True,
        check=True,
        env=os.environ | {"KIT_LOCALE": locale, "COLUMNS": "80"},
    )
    pages = json.loads(done.stdout)
    assert {"", "run", "catalogs update", "labs copy"} <= set(pages)
    assert locale == "en" or "Run LAB from its first cell" not in pages["run"]
    wide = [
        f"{page}: {line}"
        for page, text in pages.items()
        for line in text.splitlines()
        if display_width(line) > 80
    ]
    assert not wide, "\n".join(wide)


def test_help_keeps_its_words_paragraphs_and_columns():
    formatter = HelpFormatter(width=30)
    formatter.write_text("第一段文字很长，需要换行，一直写到“kit run”为止。\n\nSecond.")
    with formatter.indentation():
        formatter.write_dl(
            [("-a", "一二三四五六七八九十一二三四五六。"), ("--long-option", ""), ("界", "ok")]
        )
    assert formatter.getvalue() == (
        "第一段文字很长，需要换行，一直\n写到“kit run”为止。\n\nSecond.\n"
        "  -a             一二三四五六\n                 七八九十一二\n                 三四五六。\n"
        "  --long-option\n  界             ok\n"
    )


def test_help_breaks_no_line_where_the_language_forbids_it():
    formatter = HelpFormatter(width=14)
    formatter.write_text("Ce qui\nva  mal\u00a0: tout.")
    assert formatter.getvalue() == "Ce qui va\nmal\u00a0: tout.\n"


@pytest.mark.parametrize(
    ("error", "code"), [(KitError("It {a}.", advice="Do {a}.", a="x"), 1), (UsageError("It {a}.", a="x"), 2)]
)
def test_an_error_is_told_without_a_traceback(broken, error: KitError, code: int):
    broken(error)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == code
    assert result.stderr.splitlines()[0] == "Error: It x."
    assert result.stdout == ""
    assert ("  Do x." in result.stderr) == bool(error.advice)


def test_ctrl_c_is_no_error(broken):
    broken(KeyboardInterrupt())
    result = CliRunner().invoke(main, ["doctor"])
    assert (result.exit_code, result.stderr.strip()) == (130, "Stopped.")


def test_an_error_is_red_on_a_terminal_only(broken):
    broken(KitError("It broke."))
    assert "\x1b[31m" in CliRunner().invoke(main, ["doctor"], color=True).stderr
    assert "\x1b" not in CliRunner().invoke(main, ["doctor"]).stderr


def test_the_option_locale_chooses_the_language(locale: str):
    result = CliRunner().invoke(main, ["--locale", locale, "run", "no-such-lab"])
    assert result.exit_code == 2
    assert i18n.current() == locale
    assert ("Error: There " in result.stderr) == (locale == "en")


def test_an_unknown_locale_is_refused_with_those_there_are():
    result = CliRunner().invoke(main, ["--locale", "xx", "doctor"])
    assert result.exit_code == 2
    assert "“xx”" in result.stderr
    assert ", ".join(i18n.available()) in result.stderr


def test_a_misspelt_command_or_option_ends_with_2():
    for arguments in (["rum"], ["run", "--bogus"], ["serve", "--port", "many"]):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2, arguments
        assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("name", "advice"), [("rn", "“run”?"), ("catalog", "“catalogs”?"), ("xyz", ", ".join(COMMANDS))]
)
def test_the_nearest_command_is_proposed(name: str, advice: str):
    result = CliRunner().invoke(main, ["--locale", "en", name, "--whatever"])
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert first == f"Error: There is no command “{name}”."
    assert advice in second


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch):
    """A catalog that puts marks around every text that the kit's sources declare as a message."""
    declared = {message.msgid for message in kit_messages(Path(kit.__file__).parent)}

    class Marked:
        def get(self, text: str) -> polib.POEntry | None:
            return polib.POEntry(msgid=text, msgstr=f"⟦{text}⟧") if text in declared else None

    monkeypatch.setattr(translation, "_messages", lambda _locale: Marked())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--foo"], "⟦No such option '--foo'.⟧"),
        (["run", "--noteboo=x"], "⟦Did you mean '--notebook'?⟧"),
        (["run", "a", "b"], "⟦Got unexpected extra argument (b)⟧"),
        (["run", "--timeout"], "⟦Option '--timeout' requires an argument.⟧"),
        (["run", "--all=1"], "⟦Option '--all' does not take a value.⟧"),
        (["run", "--jobs", "0"], "⟦0 is not in the range x>=1.⟧"),
        (["run", "--jobs", "many"], "⟦'many' is not a valid "),
        (["run", "--audience", "x"], "⟦'x' is not one of 'learner', 'instructor'.⟧"),
        (["serve", "--state", "."], " '.' is a directory.⟧"),
        (["labs", "copy"], "⟦Missing argument⟧ 'DIR'"),
    ],
)
def test_what_click_says_of_a_mistake_is_translated(marked, arguments: list[str], said: str):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    *usage, error = result.stderr.splitlines()
    if usage:  # click leaves it out where an option's value is missing or too much
        assert usage[0].startswith("⟦Usage:⟧ ")
        assert usage[1].startswith("⟦Try '")
    assert error.startswith("⟦Error: ")
    assert said in error


def test_every_line_of_the_first_help_page_is_translated(marked):
    result = CliRunner().invoke(main, ["--help"])
    rows = [line for line in result.output.splitlines() if line.lstrip().startswith("-")]
    assert len(rows) == 3
    assert all("⟦" in line for line in rows), rows
    assert "⟦Usage:⟧" in result.output
    assert "⟦Options⟧:" in result.output


def kit_process(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"KIT_LOCALE", "LC_ALL"}}
    return subprocess.run(
        [sys.executable, "-m", "kit", *arguments],
        capture_output=True,
        check=False,
        cwd=folder,
        env=inherited | {"LANG": "en_US.UTF-8"} | variables,
    )


def test_a_language_from_a_file_reaches_the_help_of_a_command(tmp_path: Path):
    (tmp_path / ".env").write_text("KIT_LOCALE=pt\n")
    done = kit_process(["doctor", "--help"], tmp_path)
    assert done.returncode == 0
    assert "Examine this computer" not in done.stdout.decode()


def test_a_pipe_takes_every_sign_whatever_the_system_writes_in(tmp_path: Path):
    """As on Windows, whose code page has no ✗."""
    done = kit_process(["doctor", "--model", "gpt-5-dreams"], tmp_path, PYTHONIOENCODING="cp1252")
    assert done.returncode == 1, done.stderr
    assert done.stdout.decode("utf-8").startswith("✗ ")


def test_it_runs_as_a_module_from_anywhere(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "kit", "run", "no-such-lab"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
