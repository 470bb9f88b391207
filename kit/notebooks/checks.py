"""Checks of notebooks against their templates: equal code, equal blocks, in step, no secrets, no outputs."""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from kit.errors import KitError
from kit.i18n import catalogs
from kit.i18n import gettext as _
from kit.i18n.catalog_checks import shown
from kit.i18n.catalogs import Catalog
from kit.i18n.findings import Finding, shortened
from kit.notebooks import code, markdown, messages, secrets
from kit.notebooks.editions import Workspace, beside, editions, surplus, updated
from kit.notebooks.rendering import cell_ids
from kit.notebooks.templates import Cell, Template


def check_blocks(template: Template, catalog: Catalog, file: str) -> Iterator[Finding]:
    """Yield translations that change a cell's block structure, such as one that begins with ``1.``."""
    for cell in template.cells:
        if cell.kind != "markdown":
            continue
        wanted = _blocks(cell.source)
        if _blocks(messages.translate_cell(cell.source, catalog)) == wanted:
            continue
        for segment in markdown.segments(cell.source):
            alone = {segment.msgid: catalog[segment.msgid]} if segment.msgid in catalog else {}
            if _blocks(messages.translate_cell(cell.source, alone)) != wanted:
                entry = catalog.file.find(segment.msgid)
                reason = _(
                    "the translation changes the blocks of its cell: a list, heading or table comes or goes"
                )
                fix = _("Do not begin with #, -, > or a number and a full stop; write \\ before such a sign.")
                line = (entry.linenum or 0) if entry else 0
                yield Finding("error", "blocks", file, line, shortened(segment.msgid), reason, fix)


def _blocks(text: str) -> list[tuple[str, str, str]]:
    tokens: list[Any] = []
    markdown.parser().block.parse(text + "\n", markdown.parser(), {}, tokens)
    return [(token.type, token.tag, token.markup) for token in tokens]


def check_code(template: Template, notebook: Mapping[str, Any], locale: str, file: str) -> Iterator[Finding]:
    """Yield the code cells of a rendered notebook whose syntax tree is not the template's.

    Marked strings may differ in their text, not in their placeholders; the parameters cell has its locale.
    """
    cells = dict(zip(cell_ids(template), template.cells, strict=True))
    for number, found in enumerate(notebook.get("cells", []), start=1):
        cell = cells.get(found.get("id", ""))
        if found.get("cell_type") != "code" or cell is None:  # an unknown cell is out of step
            continue
        source = "".join(found.get("source", ""))
        reason = _code_fault(cell, source, locale)
        if reason:
            subject = _("cell {number}: {source}").format(
                number=number, source=shortened(secrets.masked(source), 50)
            )
            fix = _("Edit templates/{name}.py and run “kit render”; never edit the notebook.").format(
                name=template.name
            )
            yield Finding("error", "code", file, 0, subject, reason, fix)


def _code_fault(cell: Cell, source: str, locale: str) -> str:
    try:
        found = ast.parse(code.as_python(source))
    except SyntaxError as error:
        return _("the cell is no Python: {reason}").format(reason=error.msg)
    wanted = ast.parse(code.as_python(cell.source))
    is_parameters = "parameters" in cell.tags
    if not _same(wanted, found, locale if is_parameters else None):
        return _("the code differs from the template's outside comments and marked strings")
    return ""


def _same(wanted: Any, found: Any, locale: str | None) -> bool:
    """Compare two syntax trees; ``locale`` allows that value in an assignment to the name ``locale``."""
    if isinstance(wanted, ast.Call) and isinstance(wanted.func, ast.Name) and wanted.func.id == "_":
        return _same_marked(wanted.args[0], found)
    if type(wanted) is not type(found):
        return False
    if isinstance(wanted, ast.AST):
        if (
            isinstance(wanted, ast.Assign)
            and locale
            and [getattr(t, "id", "") for t in wanted.targets] == ["locale"]
        ):
            return isinstance(found.value, ast.Constant) and found.value.value == locale
        return all(
            _same(getattr(wanted, name, None), getattr(found, name, None), locale) for name in wanted._fields
        )
    if isinstance(wanted, list):
        return len(wanted) == len(found) and all(
            _same(a, b, locale) for a, b in zip(wanted, found, strict=True)
        )
    return bool(wanted == found)


def _same_marked(wanted: ast.AST, found: Any) -> bool:
    def values(node: ast.AST) -> list[str]:
        parts = [part for part in ast.walk(node) if isinstance(part, ast.FormattedValue)]
        return sorted(ast.dump(part) for part in parts)

    if isinstance(wanted, ast.JoinedStr):
        return isinstance(found, ast.JoinedStr | ast.Constant) and values(wanted) == values(found)
    return isinstance(found, ast.Constant) and isinstance(found.value, str)


def check_secrets(text: str, file: str) -> Iterator[Finding]:
    """Yield what looks like a credential in the text of any committed file."""
    for found in secrets.find(text):
        reason = _("this has the shape of a key or token")
        fix = _("Take it out, make the key invalid where it was issued, and read it from the environment.")
        yield Finding("error", "secret", file, found.line, found.beginning, reason, fix)


def check_sources(workspace: Workspace) -> Iterator[Finding]:
    """Yield credentials in what is committed beside the notebooks: templates, catalogs, tables, data."""
    places = (
        (workspace.templates, "*.py"),
        (workspace.locales, "**/*.po"),
        (workspace.locales, "*.csv"),
        (workspace.labs, "data/**/*.jsonl"),
    )
    for folder, pattern in places:
        for path in sorted(folder.glob(pattern)):
            yield from check_secrets(path.read_text(encoding="utf-8", errors="replace"), shown(path, folder))


def check_committed(text: str, file: str) -> Iterator[Finding]:
    """Yield secrets and stored outputs in the text of a committed notebook."""
    yield from check_secrets(text, file)
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError):
        reason, fix = _("the file is no notebook"), _("Run “kit render”.")
        yield Finding("error", "unreadable", file, 0, "", reason, fix)
        return
    if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
        reason, fix = _("the notebook holds outputs"), _("Run “kit render”, which writes it without any.")
        yield Finding("error", "outputs", file, 0, "", reason, fix)


def check_notebooks(workspace: Workspace) -> Iterator[Finding]:
    """Yield what is out of step, or should not be there, in the folder of the labs."""
    templates = {lab: workspace.template(lab) for lab in workspace.lab_names()}
    for edition in editions(workspace):
        rendered = edition.file(workspace.labs)
        file = shown(rendered.path, workspace.labs)
        fault = rendered.fault()
        if fault:
            reason = {
                "missing": _("the notebook has not been rendered"),
                "differing": _("the notebook is not what its template and catalog give"),
            }[fault]
            yield Finding("error", "out-of-step", file, 0, edition.locale, reason, _("Run “kit render”."))
        if rendered.path.exists():
            text = rendered.path.read_text(encoding="utf-8")
            yield from check_committed(text, file)
            if fault == "differing":  # an equal file is checked as it was rendered
                yield from _check_parsed(templates[edition.lab], text, edition.locale, file)
            else:
                yield from check_code(templates[edition.lab], edition.notebook, edition.locale, file)
    for other in beside(workspace):
        if other.fault():
            reason, fix = _("the file is not what its source gives"), _("Run “kit render”.")
            yield Finding("error", "out-of-step", shown(other.path, workspace.labs), 0, "", reason, fix)
    for path in surplus(workspace):
        file = shown(path, workspace.labs)
        reason, fix = (
            _("no template and locale stands for this notebook"),
            _("Remove it, or add what it belongs to."),
        )
        yield Finding("error", "surplus", file, 0, path.stem, reason, fix)


def _check_parsed(template: Template, text: str, locale: str, file: str) -> Iterator[Finding]:
    try:
        notebook = json.loads(text)
    except ValueError:
        return  # reported as unreadable
    if isinstance(notebook, dict):
        yield from check_code(template, notebook, locale, file)


def check_templates(workspace: Workspace) -> Iterator[Finding]:
    """Yield catalogs that are out of step with their source, and translations that change a cell's blocks."""
    for domain in workspace.domains():
        source = workspace.source_messages(domain)
        for locale in catalogs.locales_in(workspace.locales):
            path = catalogs.catalog_path(workspace.locales, locale, domain)
            file = shown(path, workspace.locales)
            try:
                result = updated(workspace, locale, domain, source)
            except KitError:
                continue  # the catalog's own check reports it
            fault = catalogs.fault(result.file, path, locale, domain)
            if fault == "stale":
                reason, fix = _("the catalog is out of step with its source"), _("Run “kit catalogs update”.")
                yield Finding("error", "stale-catalog", file, 0, locale, reason, fix)
            elif fault == "layout":
                reason = _("only the layout differs from what the kit writes")
                fix = _("Run “kit catalogs update”; it changes no translation.")
                yield Finding("warning", "catalog-layout", file, 0, locale, reason, fix)
            template = workspace.source(domain)
            if template is not None:
                yield from check_blocks(template, Catalog(locale, domain, result.file), file)
