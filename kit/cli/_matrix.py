"""``kit run --all``: every lab in every language, as an operator runs them at night."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import click

from kit import i18n, settings
from kit.cli._output import show_line
from kit.cli._progress import progress_bar
from kit.cli._scenarios import WAITING
from kit.i18n import gettext as _
from kit.notebooks import matrix, matrix_report
from kit.notebooks.rendering import AUDIENCES

_MARKS = {"passed": "✓", "unchanged": "✓", "stopped": "✓", "skipped": "!", "failed": "✗"}


def run_all(  # noqa: PLR0913 - one argument for each option of the command
    lab: str | None,
    locale: str | None,
    scenarios: Sequence[str],
    audiences: Sequence[str],
    folder: Path,
    *,
    jobs: int | None,
    timeout: float,
    changed: bool,
) -> int:
    """Run the matrix, show every result as it comes, write the reports; return the exit code."""
    locales = [i18n.negotiate(locale)] if locale else list(i18n.available())
    labs = [lab] if lab else sorted(path.stem for path in (settings.labs_folder() / "en").glob("*.ipynb"))
    cores = os.cpu_count() or 1
    planned = matrix.plan(
        labs,
        locales,
        list(scenarios) or [matrix.USUAL],
        folder,
        audiences=list(audiences) or AUDIENCES[:1],
        waiting=WAITING,
        jobs=jobs or cores,
        more=0 if jobs else cores,  # who says how many at a time gets no more than these
        timeout=timeout,
        changed=changed,
    )
    begun = time.monotonic()
    results = follow(planned)
    seconds = time.monotonic() - begun
    reports = matrix_report.write(results, folder, seconds)
    click.echo(matrix_report.summary(results, seconds))
    click.echo(_("Reports: {paths}").format(paths=", ".join(map(str, reports))))
    return 1 if any(each.status == "failed" for each in results) else 0


def follow(planned: matrix.Plan, *, silent: Sequence[matrix.Status] = ()) -> list[matrix.Result]:
    """Run a plan; show each result as it comes, unless its status is silent."""
    results = []
    with progress_bar() as bar:
        task = bar.add_task(_("Running"), total=len(planned.entries))
        for result in matrix.run(planned):
            results.append(result)
            bar.advance(task)
            if result.status in silent:
                continue
            details = [result.message] if result.message else []
            show_line(
                _MARKS[result.status],  # type: ignore[arg-type]
                f"{result.entry.name}  {matrix_report.cell(result)[2:]}",
                *details,
            )
    return results
