"""``kit render``: templates and catalogs in, localized notebooks out."""

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from kit import i18n
from kit.cli._executing import refuse_what_cannot_run, with_outputs
from kit.cli._parameters import Decorated, ParameterCommand, parameters_option, split
from kit.cli._progress import progress_bar
from kit.errors import N_
from kit.i18n import gettext as _
from kit.i18n.catalog_checks import shown
from kit.notebooks import formats, rendering
from kit.notebooks.editions import Selection, Workspace, beside, surplus
from kit.notebooks.files import File

_ALL = "all"
_FAULTS = {
    "missing": N_("{file}: is missing"),
    "differing": N_("{file}: is not what its template and catalog give"),
    "surplus": N_("{file}: has no template or no locale"),
}


def _some_of(
    option: str, name: str, choices: Sequence[str], help_text: str
) -> Callable[[Decorated], Decorated]:
    """Return an option that takes some of these words; ``all`` stands for every one of them."""
    return click.option(option, name, multiple=True, type=click.Choice([*choices, _ALL]), help=help_text)


def _chosen(words: Sequence[str], choices: Sequence[str], default: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the choices that the words of an option stand for, in the order of the choices."""
    if _ALL in words:
        return tuple(choices)
    return tuple(choice for choice in choices if choice in (words or default))


@click.command(
    "render",
    cls=ParameterCommand,
    help=_(
        "Render the templates into editions of the labs: in every language, for learners or instructors, to "
        "run in Jupyter or on Databricks, as notebooks, Databricks source or a site of HTML pages.\n\n"
        "Without options every lab is written in every language, as learners get it, to "
        "labs/LOCALE/LAB.ipynb, and what belongs beside it: the README and databricks.yml. Everything else "
        "goes to the folder that --out names. Options that may be repeated are combined, each with each. "
        "Files that are up to date are not touched.\n\n"
        "Exit codes: 0 all is in step, 1 something cannot be rendered or, with --check, is out of step, "
        "2 the command was called wrongly."
    ),
    epilog=_(
        "Examples:\n\n"
        "kit render\n\n"
        "kit render --lab fine-tune --locale pt\n\n"
        "kit render --audience instructor -p n_epochs=5 --out ~/class\n\n"
        "kit render --format html --execute --out ~/site\n\n"
        "kit render --audience all --target all --format all --out ~/editions\n\n"
        "kit render --check"
    ),
)
@click.option("--lab", "labs", multiple=True, metavar="NAME", help=_("Only this lab; may be repeated."))
@click.option(
    "--locale", "locales", multiple=True, metavar="LOCALE", help=_("Only this language; may be repeated.")
)
@_some_of(
    "--audience",
    "audiences",
    rendering.AUDIENCES,
    _(
        "“instructor” has the solutions in the place of the exercises, and teaching notes. May be repeated. "
        "Default: learner."
    ),
)
@_some_of(
    "--target",
    "targets",
    rendering.TARGETS,
    _("Where the labs will run. May be repeated. Default: jupyter, but databricks for Databricks source."),
)
@_some_of(
    "--format",
    "forms",
    formats.FORMATS,
    _(
        "“databricks” is a .py file for a Git folder there, “html” pages to read in a browser. "
        "May be repeated. Default: ipynb."
    ),
)
@parameters_option(_("Another default in the parameters cell of every lab that has it. May be repeated."))
@click.option(
    "--execute",
    is_flag=True,
    help=_(
        "Run the labs on the simulator, and keep what the cells show. Only what has changed is run again."
    ),
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help=_("Folder to write to instead of labs/.")
)
@click.option(
    "--check",
    is_flag=True,
    help=_("Write nothing; name every file that is out of step and end with exit code 1."),
)
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    labs: tuple[str, ...],
    locales: tuple[str, ...],
    audiences: tuple[str, ...],
    targets: tuple[str, ...],
    forms: tuple[str, ...],
    assignments: tuple[str, ...],
    execute: bool,
    out: Path | None,
    check: bool,
) -> int:
    """Render the templates; the help text stands in the decorator, where it can be translated."""
    workspace = Workspace.default()
    order = formats.Order(
        Selection(
            tuple(dict.fromkeys(labs)),
            _negotiated(workspace, locales),
            parameters=dict(map(split, assignments)),
        ),
        _chosen(audiences, rendering.AUDIENCES, ["learner"]),
        _chosen(targets, rendering.TARGETS),
        _chosen(forms, formats.FORMATS, ["ipynb"]),
    )
    if out is None and (execute or not order.is_usual):
        raise click.UsageError(
            _("The folder labs/ holds the learners' notebooks: name another one with --out.")
        )
    if execute and check:
        raise click.UsageError(_("--check runs nothing: leave out --execute."))
    if execute:
        refuse_what_cannot_run(order)
    rendered = order.editions(workspace)
    wanted = formats.files(order, with_outputs(rendered) if execute else rendered, out or workspace.labs)
    others = [] if labs or out else list(beside(workspace, order.selection.locales))
    if check:
        whole = not (labs or locales or out)
        return _report(workspace, [*wanted, *others], surplus(workspace) if whole else [])
    return _write(workspace, itertools.chain(others, wanted), len(others) + order.count(workspace))


def _write(workspace: Workspace, wanted: Iterable[File], count: int) -> int:
    begun = time.monotonic()
    written = 0
    with progress_bar() as bar:
        for file in bar.track(wanted, total=count, description=_("Rendering")):
            if file.write():
                written += 1
                click.echo(shown(file.path, workspace.labs))
    seconds = i18n.number(time.monotonic() - begun, 1)
    line = _("Files: {n}. Written: {written}, unchanged: {unchanged}. Time: {seconds} s.")
    click.echo(line.format(n=count, written=written, unchanged=count - written, seconds=seconds))
    return 0


def _report(workspace: Workspace, wanted: Sequence[File], unwanted: Sequence[Path]) -> int:
    faults = [(file.path, file.fault()) for file in wanted] + [(path, "surplus") for path in unwanted]
    found = [(path, fault) for path, fault in faults if fault]
    for path, fault in found:
        click.echo(_(_FAULTS[fault]).format(file=shown(path, workspace.labs)))
    if found:
        click.echo(_("Run “kit render”, remove surplus files, and commit the result."), err=True)
        return 1
    click.echo(_("Files in step with templates and catalogs: {n}.").format(n=len(wanted)))
    return 0


def _negotiated(workspace: Workspace, locales: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that were named; one that is only being added is known by its folder."""
    known = workspace.locale_names()
    if _ALL in locales:
        return tuple(known)
    found = [locale if locale in known else i18n.negotiate(locale) for locale in locales]
    return tuple(dict.fromkeys(found))
