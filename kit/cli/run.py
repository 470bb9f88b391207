"""``kit run``: one lab, in one language, from its first cell to its last."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rapidfuzz import process

from kit import i18n, settings
from kit.cli._matrix import run_all
from kit.cli._output import LOCALE_CHOSEN, show_line
from kit.cli._parameters import ParameterCommand, parameters_option, split
from kit.cli._progress import progress_bar
from kit.cli._scenarios import SCENARIOS, check_scenarios
from kit.cli._signals import ends_when_terminated
from kit.errors import N_, UsageError
from kit.i18n import duration
from kit.i18n import gettext as _
from kit.notebooks.execution import DEFAULT_TIMEOUT, Progress, read_notebook, run_notebook
from kit.notebooks.parameters import read_parameters
from kit.notebooks.rendering import AUDIENCES
from kit.notebooks.runs import Failure, RunReport

_PATH_ENDING = "_file"
_NAMES_OR_PATHS = {"dataset", "more_data", "weights"}
_OUTPUT_FOLDER = "runs"


@click.command(
    "run",
    cls=ParameterCommand,
    help=_(
        "Run LAB from its first cell to its last, without a browser, and say how it went.\n\n"
        "By default a lab talks to the local simulator: no account, no cost, no network. The executed "
        "notebook, and beside it a report with the score of the self-checks, go to the folder “runs”.\n\n"
        "Exit codes: 0 every cell ran, 1 a cell failed, 2 the command was called wrongly."
    ),
    epilog=_(
        "Examples:\n\n"
        "kit run fine-tune --locale pt\n\n"
        "kit run fine-tune --locale es -p n_epochs 5\n\n"
        "kit run fine-tune -p training_file=my-train.jsonl -p validation_file=my-validation.jsonl\n\n"
        "kit run evaluate --scenario throttled\n\n"
        "kit run --all --changed\n\n"
        "kit run --all --audience learner --audience instructor\n\n"
        "kit run fine-tune --all --scenario flaky --scenario slow"
    ),
)
@click.argument("lab", required=False)
@click.option(
    "-l",
    "--locale",
    metavar="LOCALE",
    help=_("Language of the lab: {locales}. Default: KIT_LOCALE, or else en.").format(
        locales=", ".join(i18n.available())
    ),
)
@parameters_option(
    _("A value for the lab's parameters cell; “-p NAME VALUE” works as well. May be repeated.")
)
@click.option(
    "-o",
    "--out",
    metavar="PATH",
    default=_OUTPUT_FOLDER,
    type=click.Path(path_type=Path),
    help=_("A folder for the results, or a file name ending in .ipynb. Default: the folder “runs”."),
)
@click.option(
    "--notebook",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help=_("Run this notebook file instead of a lab of the kit."),
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=DEFAULT_TIMEOUT,
    metavar="SECONDS",
    help=_("Stop the run after this time. Default: one hour."),
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME",
    help=_("What goes wrong on purpose: {scenarios}. With --all, may be repeated.").format(
        scenarios=", ".join(SCENARIOS)
    ),
)
@click.option(
    "--audience",
    "audiences",
    type=click.Choice(AUDIENCES),
    multiple=True,
    help=_("With --all: whose editions to run; may be repeated. Default: the learners'."),
)
@click.option("--all", "every", is_flag=True, help=_("Run every lab in every language, on all cores."))
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help=_("With --all: runs at a time."))
@click.option("--changed", is_flag=True, help=_("With --all: leave out what passed and has not changed."))
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    ctx: click.Context,
    lab: str | None,
    locale: str | None,
    assignments: tuple[str, ...],
    out: Path,
    notebook: Path | None,
    timeout: float,
    every: bool,
    scenarios: tuple[str, ...],
    audiences: tuple[str, ...],
    jobs: int | None,
    changed: bool,
) -> None:
    """Run one lab; the help text stands in the decorator, where it can be translated."""
    spoken = ctx.meta.get(LOCALE_CHOSEN)
    own = _own_locale(notebook, assignments) if notebook and not every else ""
    chosen = i18n.negotiate(locale or own or spoken or settings.variable("KIT_LOCALE") or i18n.SOURCE)
    i18n.use(spoken or chosen)  # a run speaks its lab's language, unless `kit --locale` asked for another
    alone = {"-p": assignments, "--notebook": notebook}
    many = {"--audience": audiences, "--jobs": jobs, "--changed": changed}
    many["--scenario --scenario"] = len(scenarios) > 1
    _refuse(alone if every else many, _("with --all") if every else _("without --all"))
    check_scenarios(scenarios)
    if every:
        if lab:
            _find_lab(lab, chosen)
        with ends_when_terminated():
            done = run_all(
                lab, locale, scenarios, audiences, out, jobs=jobs, timeout=timeout, changed=changed
            )
        ctx.exit(done)
    path = notebook or _find_lab(lab, chosen)
    output = _output_path(out, path, "-".join([chosen, *scenarios]))
    parameters = _parameters(path, assignments, scenarios)
    with ends_when_terminated(), _progress() as advance:
        report = run_notebook(path, output, parameters, locale=chosen, on_progress=advance, timeout=timeout)
    _show(report)
    ctx.exit(0 if report.ok else 1)


def _own_locale(notebook: Path, assignments: Sequence[str]) -> str:
    """Return the language in which a notebook runs by itself; nothing where it is none that the kit speaks.

    Any notebook may be run, and a parameter called “locale” may mean something else there.
    """
    known = read_parameters(read_notebook(notebook)).get("locale")
    wanted = dict(map(split, assignments)).get("locale", known and known.default)
    return wanted if wanted in i18n.available() else ""


def _parameters(notebook: Path, assignments: Sequence[str], scenarios: Sequence[str]) -> dict[str, str]:
    """Return what to set in the parameters cell: what ``-p`` says, and the scenario."""
    given = dict(map(split, assignments))
    parameters = {name: _seen_from_here(name, value) for name, value in given.items()}
    if scenarios:
        parameters["scenario"] = _scenario(notebook, *scenarios)
    return parameters


def _refuse(options: Mapping[str, Any], where: str) -> None:
    """Make sure that no option was given that would be ignored.

    Raises:
        UsageError: one was.
    """
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(
            N_("These options do nothing {where}: {options}"),
            advice=N_("Take them out; “kit run --help” says what they are for."),
            where=where,
            options=", ".join(given),
        )


def _find_lab(lab: str | None, locale: str) -> Path:
    """Return the notebook of a lab in a language.

    Raises:
        UsageError: there is no such lab, or none was named.
    """
    folder = settings.labs_folder() / locale
    labs = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if lab in labs:
        return labs[lab]
    if not labs:
        raise UsageError(
            N_("There are no labs in {folder}."), advice=N_("Make them with “kit render”."), folder=folder
        )
    names = ", ".join(labs)
    if lab is None:
        raise UsageError(
            N_("Which lab? There are: {labs}."),
            advice=N_("For example: kit run fine-tune --locale pt"),
            labs=names,
        )
    nearest = process.extractOne(lab, labs.keys(), score_cutoff=60)
    raise UsageError(
        N_("There is no lab “{lab}” in the language “{locale}”."),
        advice=N_("Did you mean “{nearest}”?") if nearest else N_("There are: {labs}."),
        lab=lab,
        locale=locale,
        nearest=nearest[0] if nearest else "",
        labs=names,
    )


def _seen_from_here(name: str, value: str) -> str:
    """Return a parameter's value; the path of a file that exists becomes absolute.

    A kernel works in its notebook's folder, a person gives paths from where they stand. A path that leads
    nowhere stays as it is: the lab itself then says so, and knows more about it.
    """
    names_path = name in _NAMES_OR_PATHS and any(sign in value for sign in "/.\\")
    if value and (names_path or name.endswith(_PATH_ENDING)) and Path(value).expanduser().exists():
        return str(Path(value).expanduser().resolve())
    return value


def _scenario(notebook: Path, name: str) -> str:
    """Return the name of a scenario, if a notebook can play any; which there are, the notebook knows.

    Raises:
        UsageError: it cannot.
    """
    if "scenario" not in read_parameters(read_notebook(notebook)):
        raise UsageError(
            N_(
                "The notebook “{notebook}” knows no scenarios: it asks no service in which things could "
                "go wrong."
            ),
            advice=N_("Run it without --scenario."),
            notebook=notebook.stem,
        )
    return name


def _output_path(out: Path, notebook: Path, kind: str) -> Path:
    """Return where the executed notebook goes; ``kind`` tells its language, and its scenario if it has one.

    Raises:
        UsageError: ``out`` is a file of another kind.
    """
    if out.suffix == ".ipynb":
        return out
    if out.is_file():
        raise UsageError(
            N_("{path} is a file, and not a notebook."),
            advice=N_("Give a folder, or a file name ending in .ipynb."),
            path=out,
        )
    return out / f"{notebook.stem}-{kind}.ipynb"


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Yield what shows a run's progress: a bar on a terminal, a line for every step elsewhere."""
    with progress_bar() as bar:
        if bar.disable:
            yield _step_lines()
            return
        task = bar.add_task(_("Starting"), total=None)

        def advance(progress: Progress) -> None:
            bar.update(task, description=progress.step, completed=progress.cell - 1, total=progress.count)

        yield advance


def _step_lines() -> Callable[[Progress], None]:
    shown: list[str] = []

    def advance(progress: Progress) -> None:
        if progress.step and shown[-1:] != [progress.step]:
            shown.append(progress.step)
            click.echo(f"[{progress.cell:>3}/{progress.count}] {progress.step}", err=True)

    return advance


def _show(report: RunReport) -> None:
    """Print how a run went: the failing cell first, if there is one, and then what remains of the run."""
    if report.failure is not None:
        _show_failure(report.failure)
    for check in report.checks:
        if check.status == "failed":
            show_line("!", _("Not yet: {claim}").format(claim=check.claim), check.hint)
    time = duration(max(1, report.seconds), "second")
    if report.ok:
        show_line("✓", _("Every cell ran: {cells} cells in {time}.").format(cells=report.cells, time=time))
    if report.checks:
        score = _("Self-checks passed: {passed} of {total}").format(
            passed=report.count("passed"), total=len(report.checks)
        )
        todo = report.count("todo")
        click.echo(score + (" · " + _("open exercises: {n}").format(n=todo) if todo else ""))
    click.echo(_("Executed notebook: {path}").format(path=_shortest(report.output)))


def _show_failure(failure: Failure) -> None:
    where = (
        _("The run stopped at cell {cell}.")
        if not failure.step
        else _("The run stopped at cell {cell}, “{step}”.")
    )
    show_line("✗", where.format(cell=failure.cell, step=failure.step), failure.message)


def _shortest(path: Path) -> str:
    """Return a path as seen from here, where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
