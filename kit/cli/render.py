"""``kit render``: templates and catalogs in, localized notebooks out."""

from collections.abc import Iterable
from pathlib import Path

import click

from kit import i18n
from kit.errors import N_
from kit.i18n import gettext as _
from kit.i18n.catalog_checks import shown
from kit.notebooks import rendering
from kit.notebooks.editions import Edition, Workspace, editions, file_fault, readmes, surplus

_FAULTS = {
    "missing": N_("{file}: is missing"),
    "differing": N_("{file}: is not what its template and catalog give"),
    "surplus": N_("{file}: has no template or no locale"),
}


@click.command(
    "render",
    help=_(
        "Render the templates into notebooks, one for each lab and language.\n\n"
        "Without options every lab is written in every language, as learners get it, to "
        "labs/LOCALE/LAB.ipynb, and the README beside them. Files that are up to date are not touched.\n\n"
        "Exit codes: 0 all is in step, 1 something cannot be rendered or, with --check, is out of step."
    ),
    epilog=_(
        "Examples:\n\n"
        "kit render\n\n"
        "kit render --lab fine-tune --locale pt\n\n"
        "kit render --audience instructor --out ~/class\n\n"
        "kit render --check"
    ),
)
@click.option("--lab", "labs", multiple=True, metavar="NAME", help=_("Only this lab; may be repeated."))
@click.option(
    "--locale", "locales", multiple=True, metavar="LOCALE", help=_("Only this language; may be repeated.")
)
@click.option(
    "--audience",
    type=click.Choice(rendering.AUDIENCES),
    default="learner",
    help=_("“instructor” has the solutions in the place of the exercises; needs --out."),
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help=_("Folder to write to instead of labs/.")
)
@click.option(
    "--check",
    is_flag=True,
    help=_("Write nothing; name every file that is out of step and end with exit code 1."),
)
def command(
    labs: tuple[str, ...], locales: tuple[str, ...], audience: str, out: Path | None, check: bool
) -> int:
    """Render the templates; the help text stands in the decorator, where it can be translated."""
    if audience != "learner" and out is None:
        raise click.UsageError(
            _("The folder labs/ holds the learners' notebooks: name another one with --out.")
        )
    workspace = Workspace.default()
    known = workspace.locale_names()
    chosen = [locale if locale in known else i18n.negotiate(locale) for locale in locales]
    wanted = editions(workspace, labs, chosen, audience, out)
    beside = [] if labs or out else list(readmes(workspace, chosen))
    if check:
        whole = not labs and not chosen
        return _report(workspace, list(wanted), beside, surplus(workspace, out) if whole else [])
    return _write(workspace, wanted, beside)


def _write(workspace: Workspace, wanted: Iterable[Edition], beside: Iterable[tuple[Path, str]]) -> int:
    written = 0
    total = 0
    for path, text in beside:
        if rendering.write_text(text, path):
            written += 1
            click.echo(shown(path, workspace.labs))
    for edition in wanted:
        total += 1
        if rendering.write_notebook(edition.notebook, edition.path):
            written += 1
            click.echo(shown(edition.path, workspace.labs))
    click.echo(
        _("Notebooks rendered: {total}. Files written: {written}.").format(total=total, written=written)
    )
    return 0


def _report(
    workspace: Workspace, wanted: list[Edition], beside: list[tuple[Path, str]], unwanted: list[Path]
) -> int:
    faults = [(edition.path, edition.fault()) for edition in wanted]
    faults += [(path, file_fault(path, text)) for path, text in beside]
    found = [(path, fault) for path, fault in faults if fault] + [(path, "surplus") for path in unwanted]
    for path, fault in found:
        click.echo(_(_FAULTS[fault]).format(file=shown(path, workspace.labs)))
    if found:
        click.echo(_("Run “kit render”, remove surplus files, and commit the result."), err=True)
        return 1
    click.echo(_("Notebooks in step with templates and catalogs: {n}.").format(n=len(wanted)))
    return 0
