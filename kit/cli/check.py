"""``kit check``: everything that can be known to be wrong without running a lab."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import click

from kit.cli._output import annotation, show_line
from kit.errors import KitError
from kit.i18n import catalogs
from kit.i18n import gettext as _
from kit.i18n.catalog_checks import CatalogChecker, check_tables
from kit.i18n.findings import Finding
from kit.notebooks.checks import check_notebooks, check_sources, check_templates
from kit.notebooks.editions import Workspace

FORMATS = ("text", "github", "json")


@click.command(
    "check",
    help=_(
        "Check templates, catalogs, notebooks and tables, without running anything.\n\n"
        "Errors: a translation that loses code, links, tags, formulas, placeholders or protected names, or "
        "breaks markdown; an unfinished published language; code that is not equal in every language; "
        "catalogs or notebooks out of step with their templates; secrets or outputs in a notebook. Warnings "
        "are for a person to judge: numbers, punctuation, spaces, agreed terms, forms of address.\n\n"
        "Exit codes: 0 no errors, 1 errors; warnings alone are 0 unless --strict is given."
    ),
    epilog=_("Examples:\n\nkit check\n\nkit check --strict\n\nkit check --format github"),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help=_("“text” for people, “github” for annotations of a workflow, “json” for programs."),
)
@click.option("--strict", is_flag=True, help=_("Let warnings fail the check, too."))
def command(form: str, strict: bool) -> int:
    """Print all findings; the help text stands in the decorator, where it can be translated."""
    return _report(_everything(Workspace.default()), form, strict)


def _catalogs(workspace: Workspace) -> Iterator[Finding]:
    """Yield the findings for every catalog and table."""
    checker = CatalogChecker(workspace.locales)
    for locale in catalogs.locales_in(workspace.locales):
        for domain in workspace.domains():
            yield from checker.check(locale, domain)
    yield from check_tables(workspace.locales)


def _everything(workspace: Workspace) -> Iterator[Finding]:
    for check in (check_templates, _catalogs, check_notebooks, check_sources):
        try:
            yield from check(workspace)
        except KitError as error:  # a template that cannot be read stops its check, not the others
            message, *advice = str(error).split("\n")
            file, line = str(error.fields.get("file", "")), int(error.fields.get("line", 0))
            yield Finding("error", "unreadable", file, line, "", message, " ".join(advice))


def _report(findings: Iterable[Finding], form: str, strict: bool) -> int:
    """Print findings in one of :data:`FORMATS`; return the exit code."""
    found = list(dict.fromkeys(findings))
    errors = sum(finding.severity == "error" for finding in found)
    if form == "json":
        click.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=2))
    elif form == "github":
        for finding in found:
            click.echo(_github(finding))
    else:
        for finding in found:
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            detail = [f"{finding.subject}"] if finding.subject else []
            show_line(
                "✗" if finding.severity == "error" else "!",
                f"{place}: {finding.reason} [{finding.rule}]",
                *detail,
                f"→ {finding.fix}",
            )
        click.echo(
            _("Errors: {errors}. Warnings: {warnings}.").format(errors=errors, warnings=len(found) - errors)
        )
    return 1 if errors or (strict and found) else 0


def _github(finding: Finding) -> str:
    text = f"{finding.reason} – {finding.subject}\n{finding.fix}"
    return annotation(finding.severity, f"kit {finding.rule}", text, finding.file, finding.line)
