"""``kit doctor``: is this computer ready for the labs, and if not, what is to do."""

from collections.abc import Callable, Iterator

import click

from kit import settings
from kit.cli import _examinations as examinations
from kit.cli import _models
from kit.cli._output import Finding, annotation, show_line
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
    _models.model_table,
    _models.lab_models,
    examinations.azure,
)


@click.command(
    "doctor",
    help=_(
        "Examine this computer's set-up: Python, packages, kernel, tokenizer, disk, labs, translations, "
        "fonts, the table of models and the settings for Azure.\n\n"
        "✓ is fine, ! is worth knowing, ✗ has to be fixed before the labs run; what to do is written below. "
        "Values of variables are never shown.\n\n"
        "Exit codes: 0 no ✗, 1 at least one."
    ),
    epilog=_("Examples:\n\nkit doctor\n\nkit doctor --model gpt-4.1-mini\n\nkit doctor --check-dates"),
)
@click.option(
    "--model",
    metavar="NAME",
    help=_("Only say whether this model can be fine-tuned today, and what else can."),
)
@click.option(
    "--check-dates",
    is_flag=True,
    help=_("Only name the facts about models that are old, and what is about to be retired; always 0."),
)
@click.pass_context
def command(ctx: click.Context, model: str | None, check_dates: bool) -> None:
    """Examine the set-up; the help text stands in the decorator, where it can be translated."""
    if model or check_dates:
        ctx.exit(
            _report([*(_models.one_model(model) if model else ()), *(_models.dates() if check_dates else ())])
        )
    broken = 0
    for examine in _EXAMINATIONS:
        for finding in examine():
            show_line(finding.mark, finding.text, *([finding.advice] if finding.advice else []))
            broken += finding.mark == "✗"
    click.echo(
        _("To mend before the labs run: {n}").format(n=broken) if broken else _("The labs can run here.")
    )
    ctx.exit(1 if broken else 0)


def _report(findings: list[Finding]) -> int:
    """Print findings; return the exit code. Within a workflow of GitHub, warnings become annotations."""
    for finding in findings:
        show_line(finding.mark, finding.text, *([finding.advice] if finding.advice else []))
        if finding.mark == "!" and settings.variable("GITHUB_ACTIONS"):
            click.echo(annotation("warning", "kit doctor", f"{finding.text} – {finding.advice}"))
    return int(any(finding.mark == "✗" for finding in findings))
