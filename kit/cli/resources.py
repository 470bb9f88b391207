"""``kit resources``: what the labs have created, as the ledger remembers it and the service shows it."""

import click

from kit.azure import inventory
from kit.azure.inventory import Hosting
from kit.cli._ledgers import UNREACHABLE, Kept, kept, require_access, why
from kit.cli._output import Mark, show_line
from kit.i18n import gettext as _
from kit.i18n import money, number


@click.command(
    "resources",
    help=_(
        "List the files, jobs, models and deployments that the labs have created and not deleted, and what "
        "hosting them has cost so far. The service is asked for each one; what is gone is struck out.\n\n"
        "Exit codes: 0 every service answered, 1 one did not."
    ),
    epilog=_("Examples:\n\nkit resources\n\nkit resources --lab fine-tune"),
)
@click.option("--lab", metavar="LAB", help=_("Only what this lab has created."))
def command(lab: str | None) -> int:
    """List everything; the help text stands in the decorator, where it can be translated."""
    failed = count = 0
    for found in kept(lab):
        if found is None:
            failed += 1
            continue
        try:
            require_access(found)
            count += _show(found)
        except UNREACHABLE as error:
            failed += 1
            names = ", ".join(entry.id or entry.label for entry in found.ledger if entry.state != "deleted")
            text = _("{place}: the service could not be asked ({reason}). The ledger has: {names}")
            show_line("✗", text.format(place=found.title, reason=why(error), names=names or "–"))
        finally:
            found.service.close()
    if not (count or failed):
        show_line("✓", _("Nothing: the labs have left nothing on any service."))
    return 1 if failed else 0


def _show(found: Kept) -> int:
    """Print what one ledger's service has; return how much that is."""
    inventory.complete(found.service, found.ledger)
    entries = inventory.left(found.service, found.ledger)
    hosted = {each.name: each for each in inventory.hostings(found.service, found.ledger)}
    if entries:
        click.echo(f"{found.title}:")
    for entry in entries:
        hosting = hosted.get(entry.id)
        mark: Mark = "!" if hosting is not None and hosting.long else "✓"
        name = entry.id if entry.label in {entry.id, ""} else f"{entry.id}  ({entry.label})"
        show_line(mark, f"{entry.kind:<10}  {name}", *([_hosted(hosting)] if hosting else []))
    return len(entries)


def _hosted(hosting: Hosting) -> str:
    hours = number(hosting.hours, 1)
    if hosting.so_far is None:
        return _("hosted for {n} hours; the model table has no price for it").format(n=hours)
    text = _("hosted for {n} hours: {cost}") + (" · " + _("“kit cleanup” deletes it") if hosting.long else "")
    return text.format(n=hours, cost=money(hosting.so_far, "USD"))
