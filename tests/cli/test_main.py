"""The command line as a person meets it: help, languages, exit codes, errors without a traceback."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kit import i18n
from kit.cli import main
from kit.cli._main import COMMANDS
from kit.errors import KitError, UsageError


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
