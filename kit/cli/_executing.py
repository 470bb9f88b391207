"""``kit render --execute``: editions with what their cells show."""

from collections.abc import Iterable

from kit.cli._matrix import follow
from kit.cli._signals import ends_when_terminated
from kit.errors import N_, NotebookError, UsageError
from kit.notebooks import matrix, outputs
from kit.notebooks.editions import Edition
from kit.notebooks.formats import Order
from kit.notebooks.rendering import TARGETS

_WITH_OUTPUTS = {"ipynb", "html"}


def refuse_what_cannot_run(order: Order) -> None:
    """Make sure that an order can be executed here, and costs nothing.

    Raises:
        UsageError: it is for another place, has no room for outputs, or would ask a real service.
    """
    if set(order.targets) - {TARGETS[0]} or not _WITH_OUTPUTS & set(order.formats):
        raise UsageError(
            N_("Only notebooks and pages for Jupyter can be executed here."),
            advice=N_("Leave out --execute, or the target and the format “databricks”."),
        )
    if str(order.selection.parameters.get("backend", "simulator")) != "simulator":
        raise UsageError(
            N_("Editions are executed on the simulator, so that they cost nothing."),
            advice=N_("Leave out the parameter backend, or --execute."),
        )


def with_outputs(rendered: Iterable[Edition]) -> list[Edition]:
    """Return editions, those for Jupyter with their outputs; show the runs that this takes.

    Raises:
        NotebookError: a run failed. The others are kept for the next time.
    """
    found = list(rendered)
    entries = [outputs.entry(edition) if _runs_here(edition) else None for edition in found]
    planned = matrix.Plan([entry for entry in entries if entry], outputs.runs_folder(), changed=True)
    with ends_when_terminated():
        results = follow(planned, silent=["unchanged"])
    failed = [result.entry.name for result in results if result.status == "failed"]
    if failed:
        raise NotebookError(
            N_("Nothing was written, because these labs failed: {names}."),
            advice=N_(
                "Mend what is named above and call the command again: what has passed is not run again."
            ),
            names=", ".join(failed),
        )
    by_name = {result.entry.name: result for result in results}
    return [
        outputs.with_outputs(edition, by_name[entry.name]) if entry else edition
        for edition, entry in zip(found, entries, strict=True)
    ]


def _runs_here(edition: Edition) -> bool:
    _audience, target = edition.kind
    return target == TARGETS[0]
