"""``kit doctor``: is this computer ready for the labs, and if not, what is to do."""

from collections.abc import Callable, Iterator

import click

from kit.cli import _examinations as examinations
from kit.cli._examinations import Finding
from kit.cli._output import show_line
from kit.i18n import gettext as _

_EXAMINATIONS: tuple[Callable[[], Iterator[Finding]], ...] = (
    examinations.python,
    examinations.packages,
    examinations.kernel,
    examinations.tokenizer,
    examinations.disk,
    examinations.labs,
    examinations.translations,
    examinations.font,
    examinations.model_table,
    examinations.azure,
)


@click.command(
    "doctor",
    help=_(
        "Examine this computer's set-up: Python, packages, kernel, tokenizer, disk, labs, translations, "
        "fonts, the table of models and the settings for Azure.\n\n"
        "✓ is well, ! is worth knowing, ✗ has to be mended before the labs run; what to do stands below. "
        "Values of variables are never shown.\n\n"
        "Exit codes: 0 no ✗, 1 at least one."
    ),
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Examine the set-up; the help text stands in the decorator, where it can be translated."""
    broken = 0
    for examine in _EXAMINATIONS:
        for finding in examine():
            show_line(finding.mark, finding.text, *([finding.advice] if finding.advice else []))
            broken += finding.mark == "✗"
    click.echo(
        _("To mend before the labs run: {n}").format(n=broken) if broken else _("The labs can run here.")
    )
    ctx.exit(1 if broken else 0)
