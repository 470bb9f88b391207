"""``kit catalogs``: start, update and count the translation catalogs."""

import json
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from kit.errors import N_, UsageError
from kit.i18n import catalogs, tables
from kit.i18n import gettext as _
from kit.i18n.catalog_checks import shown
from kit.i18n.catalogs import FUZZY, MISSING, TRANSLATED, Status
from kit.notebooks.editions import Workspace, updated


@click.group(
    "catalogs",
    no_args_is_help=True,
    help=_(
        "Keep the translation catalogs in step with the templates, and see how far they are.\n\n"
        "There is one catalog for each language and lab, locales/LOCALE/LC_MESSAGES/LAB.po, and one with "
        "what the kit itself says, kit.po. Edit them with a PO editor such as Poedit, or any text editor."
    ),
    epilog=_(
        "Examples:\n\nkit catalogs update\n\nkit catalogs status --format markdown\n\nkit catalogs init fr"
    ),
)
def command() -> None:
    """Group the subcommands; the help text stands in the decorator, where it can be translated."""


@command.command(
    name="init",
    short_help=_("Start a new language."),
    help=_(
        "Start the catalogs of a new language.\n\n"
        "LOCALE is a language code such as fr, or one with a script or territory such as zh_Hant. The tables "
        "of links and terms get a column for it. Then translate the .po files and run "
        "“kit render --locale LOCALE”. No program has to be changed."
    ),
)
@click.argument("locale")
def init(locale: str) -> None:
    """Create the files; the help text stands in the decorator."""
    workspace = Workspace.default()
    catalogs.check_new_locale(workspace.locales, locale)
    for domain in workspace.domains():
        path = catalogs.catalog_path(workspace.locales, locale, domain)
        file = updated(workspace, locale, domain, workspace.source_messages(domain)).file
        catalogs.save(file, path, locale, domain)
        click.echo(
            _("{file}: messages to translate: {n}").format(file=shown(path, workspace.locales), n=len(file))
        )
    for name in (tables.LINKS, tables.GLOSSARY):
        path = workspace.locales / name
        if path.exists() and tables.add_locale(path, locale):
            click.echo(
                _("{file}: a column for {locale}").format(file=shown(path, workspace.locales), locale=locale)
            )


@command.command(
    name="update",
    short_help=_("Bring the catalogs in step with templates and kit."),
    help=_(
        "Bring the catalogs in step with the templates and the kit's own texts.\n\n"
        "A message that was edited keeps its translation, marked as fuzzy, with the earlier English text "
        "beside it. Translations that are no longer used stay in the file as obsolete and come back with "
        "their message. A second run writes nothing."
    ),
)
@click.option(
    "--locale", "locales", multiple=True, metavar="LOCALE", help=_("Only this language; may be repeated.")
)
def update(locales: tuple[str, ...]) -> None:
    """Merge each catalog with its source; the help text stands in the decorator."""
    workspace = Workspace.default()
    changed = 0
    for domain in workspace.domains():
        messages = workspace.source_messages(domain)
        for locale in _chosen(workspace, locales):
            path = catalogs.catalog_path(workspace.locales, locale, domain)
            result = updated(workspace, locale, domain, messages)
            if catalogs.save(result.file, path, locale, domain):
                changed += 1
                counts = _("{added} new, {fuzzy} fuzzy, {revived} revived, {removed} removed").format(
                    added=result.added, fuzzy=result.fuzzy, revived=result.revived, removed=result.removed
                )
                click.echo(f"{shown(path, workspace.locales)}: {counts}")
    if not changed:
        click.echo(_("All catalogs are in step."))


def _chosen(workspace: Workspace, locales: tuple[str, ...]) -> list[str]:
    known = catalogs.locales_in(workspace.locales)
    for locale in locales:
        if locale not in known:
            raise UsageError(
                N_("There are no catalogs for “{locale}”."),
                advice=N_("Known: {known}. “kit catalogs init {locale}” starts a new language."),
                locale=locale,
                known=", ".join(known),
            )
    return list(locales) or known


@command.command(
    name="status",
    short_help=_("Show what is translated."),
    help=_("Show for each language and lab how many messages and words are translated, fuzzy or missing."),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    help=_("How to print it."),
)
def status(form: str) -> None:
    """Count; the help text stands in the decorator."""
    workspace = Workspace.default()
    rows = [
        catalogs.status(catalogs.load(workspace.locales, locale, domain))
        for locale in catalogs.locales_in(workspace.locales)
        for domain in workspace.domains()
    ]
    if form == "json":
        click.echo(json.dumps([_as_json(row) for row in rows], indent=2))
    elif form == "markdown":
        click.echo("\n".join(_markdown(rows)))
    else:
        _print_table(rows)


_SUM = 5  # the column of all messages, which a table on a terminal leaves out


def _columns() -> list[str]:
    return [
        _("Locale"),
        _("Catalog"),
        _("Translated"),
        _("Fuzzy"),
        _("Missing"),
        _("Messages"),
        _("Words left"),
        "%",
    ]


def _cells(row: Status) -> list[str]:
    left = row.words[FUZZY] + row.words[MISSING]
    counts = [row.messages[TRANSLATED], row.messages[FUZZY], row.messages[MISSING], row.total, left]
    return [row.locale, row.domain, *map(str, counts), str(int(row.share * 100))]


def _as_json(row: Status) -> dict[str, Any]:
    return {
        "locale": row.locale,
        "domain": row.domain,
        "messages": row.messages,
        "words": row.words,
        "share": row.share,
    }


def _markdown(rows: list[Status]) -> list[str]:
    lines = ["| " + " | ".join(_columns()) + " |", "|---|---|" + "--:|" * 6]
    return lines + ["| " + " | ".join(_cells(row)) + " |" for row in rows]


def _print_table(rows: list[Status]) -> None:
    """Print a table that fits into 80 columns in every language: it leaves out the sum of its counts."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, title in enumerate(_columns()):
        if number != _SUM:
            table.add_column(title, justify="left" if number < 2 else "right", no_wrap=number < 2)
    for row in rows:
        table.add_row(*(cell for number, cell in enumerate(_cells(row)) if number != _SUM))
    Console().print(table)
