"""The group ``kit``: finding subcommands late, choosing the language, and ending with the right exit code.

Exit codes: 0 all is well, 1 something failed, 2 the command was called wrongly, 130 stopped by Ctrl-C.
"""

import importlib
import io
import sys
from collections.abc import Sequence
from typing import Any

import click

from kit import __version__, i18n, settings
from kit.cli._click import LateOption, speak
from kit.cli._formatter import Context, laid_out
from kit.cli._output import LOCALE_CHOSEN, show_error
from kit.errors import N_, KitError, UsageError
from kit.i18n import gettext as _

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

# The one-line help stands here, so that `kit --help` need not import what the commands need.
COMMANDS = {
    "render": N_("Render the templates into notebooks, one per language."),
    "run": N_("Run a lab from beginning to end without a browser."),
    "resources": N_("List what the labs have created, and ask the service for it."),
    "cleanup": N_("Delete what the labs have created, and prove that nothing is left."),
    "labs": N_("Copy the labs into a folder of your own."),
    "serve": N_("Start the local simulator of Azure OpenAI."),
    "catalogs": N_("Update the translation catalogs and show their status."),
    "check": N_("Check templates, translations and notebooks."),
    "doctor": N_("Examine this computer's set-up and say what to mend."),
}


class KitGroup(click.Group):
    """A group whose commands are imported when needed, and whose errors speak the person's language."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of a lab's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"kit.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return laid_out(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name.

        Raises:
            UsageError: there is none of that name; proposes the nearest.
        """
        if args[0] in COMMANDS or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from rapidfuzz import process

        nearest = process.extractOne(args[0], COMMANDS.keys(), score_cutoff=60)
        raise UsageError(
            N_("There is no command “{command}”."),
            advice=N_("Did you mean “{nearest}”?") if nearest else N_("There are: {commands}."),
            command=args[0],
            nearest=nearest[0] if nearest else "",
            commands=", ".join(COMMANDS),
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(summary)) for name, summary in COMMANDS.items()])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the introduction in the language that ``--locale`` has chosen meanwhile."""
        self.help = _(_HELP)
        super().format_help_text(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option that shows help; click makes it before ``--locale`` has been read."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _("Show this message and exit.")
        return option

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; ends the process unless ``standalone_mode`` is off."""

        def run() -> Any:
            return super(KitGroup, self).main(args, prog_name, complete_var, standalone_mode=False, **extra)

        settings.read_env_file()  # before a command is imported, which translates its help
        speak()
        if not standalone_mode:
            return run()
        _write_in_utf_8()
        try:
            result = run()
            code = result if isinstance(result, int) else 0
        except KitError as error:
            show_error(error)
            code = MISUSED if isinstance(error, UsageError) else FAILED
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo(_("Stopped."), err=True)
            code = INTERRUPTED
        sys.exit(code)


def _write_in_utf_8() -> None:
    """Let output that goes to a file or a pipe hold every sign: on Windows neither ✗ nor 中 would pass."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")


def _choose_locale(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value:
        ctx.meta[LOCALE_CHOSEN] = i18n.use(value)


_HELP = N_(
    "Labs that teach fine-tuning and evaluation of language models, in several languages, on Azure OpenAI "
    "or, for free, on a simulator.\n\n"
    "First steps: “kit doctor” examines the set-up, “kit run fine-tune --locale pt” runs a lab in "
    "Portuguese. “kit COMMAND --help” explains a command."
)


@click.group(
    cls=KitGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_HELP,
    no_args_is_help=True,
)
@click.option(
    "--locale",
    cls=LateOption,
    metavar="LOCALE",
    is_eager=True,
    expose_value=False,
    callback=_choose_locale,
    help=N_("Language of the command's own messages, such as pt. Default: KIT_LOCALE, or the system's."),
)
@click.version_option(
    __version__, "--version", cls=LateOption, prog_name="kit", help=N_("Show the version and exit.")
)
def main() -> None:
    """Run the command line of the kit; its help text is in :data:`_HELP`."""
