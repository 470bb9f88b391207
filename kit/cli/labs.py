"""``kit labs``: the rendered labs as files of a learner's own."""

import shutil
from pathlib import Path

import click

from kit import i18n, settings
from kit.cli._output import LOCALE_CHOSEN, show_line
from kit.errors import N_, UsageError
from kit.i18n import gettext as _
from kit.notebooks.editions import course_order


@click.group(
    "labs",
    no_args_is_help=True,
    help=_(
        "Take the labs out of the kit.\n\n"
        "An installed kit carries every lab in every language, without a checkout of its repository."
    ),
    epilog=_("Example:\n\nkit labs copy my-labs --locale pt"),
)
def command() -> None:
    """Group the subcommands; the help text stands in the decorator, where it can be translated."""


@command.command(
    name="copy",
    short_help=_("Copy the labs of a language into a folder of your own."),
    help=_(
        "Copy the labs of a language into the folder DIR, to be opened and changed there. Each language has "
        "a folder of its own in it, such as my-labs/pt.\n\n"
        "A file that is there already is kept: it may hold your work. The data of the labs stay with the "
        "kit and are found from anywhere.\n\n"
        "Exit codes: 0 the labs are there, 2 the command was called wrongly."
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-l",
    "--locale",
    metavar="LOCALE",
    help=_("Language of the labs: {locales}. Default: KIT_LOCALE, or else en.").format(
        locales=", ".join(i18n.available())
    ),
)
@click.pass_context
def copy(ctx: click.Context, folder: Path, locale: str | None) -> None:
    """Copy the notebooks; the help text stands in the decorator."""
    spoken = ctx.meta.get(LOCALE_CHOSEN)
    chosen = i18n.negotiate(locale or spoken or settings.variable("KIT_LOCALE") or i18n.SOURCE)
    i18n.use(spoken or chosen)
    source = settings.labs_folder() / chosen
    if folder.resolve().is_relative_to(settings.labs_folder().resolve()):
        raise UsageError(
            N_("{folder} is the kit's own folder of labs."),
            advice=N_("Choose a folder of yours, such as: kit labs copy my-labs"),
            folder=folder,
        )
    own = folder / chosen
    own.mkdir(parents=True, exist_ok=True)
    paths = sorted(source.glob("*.ipynb"), key=lambda path: course_order(path.stem))
    for path in paths:
        target = own / path.name
        if target.exists():
            show_line("!", _("kept as it is: {file}").format(file=target))
        else:
            shutil.copyfile(path, target)
            show_line("✓", str(target))
    click.echo(_("Open one with: {command}").format(command=f"jupyter lab {own / paths[0].name}"))
