"""``kit cleanup``: delete what the labs have created, and prove by asking that nothing is left."""

import click

from kit.azure import cleanup, inventory
from kit.azure.cleanup import Step
from kit.cli._ledgers import UNREACHABLE, Kept, kept, require_access, why
from kit.cli._output import Mark, show_line
from kit.i18n import gettext as _


@click.command(
    "cleanup",
    help=_(
        "Delete the deployments, models and files that the labs have created, cancel jobs that still run, "
        "and ask the service whether anything is left. Only what stands in this learner's ledger is "
        "touched.\n\n"
        "Exit codes: 0 nothing is left, 1 something is left or a service did not answer."
    ),
    epilog=_("Examples:\n\nkit cleanup --dry-run\n\nkit cleanup\n\nkit cleanup --lab fine-tune"),
)
@click.option("--lab", metavar="LAB", help=_("Only what this lab has created."))
@click.option("--dry-run", is_flag=True, help=_("Only show what would be deleted."))
def command(lab: str | None, dry_run: bool) -> int:
    """Delete everything; the help text stands in the decorator, where it can be translated."""
    left = failed = 0
    for found in kept(lab):
        if found is None:
            failed += 1
            continue
        try:
            require_access(found)
            click.echo(f"{found.title}:")
            left += _clean(found, dry_run)
        except UNREACHABLE as error:
            failed += 1
            text = _("{place}: the service could not be asked ({reason}).")
            show_line("✗", text.format(place=found.title, reason=why(error)))
        finally:
            found.service.close()
    if failed or (left and not dry_run):
        show_line("✗", _("Not everything is deleted. Run the command again."))
    elif left:
        click.echo(_("Nothing was deleted; without --dry-run it would be."))
    else:
        show_line("✓", _("Nothing is left: every service was asked."))
    return 1 if failed or (left and not dry_run) else 0


def _clean(found: Kept, dry_run: bool) -> int:
    """Clean up one ledger; return how much the service says is left."""
    for step in cleanup.clean(found.service, found.ledger, dry_run=dry_run):
        _show(step)
    return len(inventory.left(found.service, found.ledger))


def _show(step: Step) -> None:
    texts: dict[str, tuple[Mark, str]] = {
        "deleted": ("✓", _("deleted: {kind} {id}")),
        "cancelled": ("✓", _("cancelled: {kind} {id}")),
        "gone": ("✓", _("was gone: {kind} {id}")),
        "found": ("!", _("would be deleted: {kind} {id}")),
        "kept": ("✗", _("could not be deleted: {kind} {id} ({reason})")),
    }
    mark, text = texts[step.result]
    reason = why(step.error) if step.error else ""
    show_line(mark, text.format(kind=step.entry.kind, id=step.entry.id, reason=reason))
