"""From template and catalog to a localized notebook.

A notebook is a plain dictionary in nbformat 4.5, validated once against its schema. Its cell ids are hashes
of the template's cells, equal in every locale, and its text has one form: rendering twice writes nothing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fastjsonschema

from kit import i18n
from kit.errors import N_, TemplateError, UsageError
from kit.i18n.locales import SOURCE
from kit.notebooks.messages import cell_segments, translate_template
from kit.notebooks.parameters import replaced
from kit.notebooks.spans import Segment
from kit.notebooks.templates import Cell, Template
from kit.notebooks.values import Values

AUDIENCES = ("learner", "instructor")
TARGETS = ("jupyter", "databricks")  # a cell with such a tag is in the editions of that target only
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "pygments_lexer": "ipython3",
}


def render(  # noqa: PLR0913 - an edition has so many sides
    template: Template,
    locale: str,
    catalog: Mapping[str, str],
    audience: str = "learner",
    *,
    values: Values,
    said: Mapping[str, str],
    target: str = "jupyter",
    presets: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the notebook of one edition.

    Args:
        template: the lab.
        locale: locale identifier of the edition.
        catalog: its translations; a :class:`kit.i18n.catalogs.Catalog` also knows which of them are fuzzy.
        audience: ``learner`` leaves out solutions, ``instructor`` puts them in the place of the exercises.
        values: what expressions in its markdown may call, in its locale.
        said: what the kit itself says in the locale, by its English.
        target: where the notebook will run, one of :data:`TARGETS`.
        presets: values of the right types that take the place of defaults in the parameters cell.

    Raises:
        TemplateError: a cell, an expression or a translation cannot be rendered; names file and line.
        UsageError: there is no such audience or target.
    """
    _check_choice(N_("There is no audience “{choice}”."), audience, AUDIENCES)
    _check_choice(N_("There is no target “{choice}”."), target, TARGETS)
    chosen = [index for index, cell in enumerate(template.cells) if _belongs(cell, audience, target)]
    edition = replace(template, cells=tuple(template.cells[index] for index in chosen))
    share = translated_share(edition, catalog) if locale != SOURCE else 1.0
    mark = untranslated_mark(said) if locale != SOURCE else None
    translated = translate_template(edition, catalog, mark)
    ids = cell_ids(template)
    parameters = {**(presets or {}), "locale": locale}
    cells = [
        _notebook_cell(cell, parameters, ids[index], template.path, values)
        for index, cell in zip(chosen, translated.cells, strict=True)
    ]
    if share < 1:
        cells.insert(1, _banner(template.name, share, locale, said))
    metadata = {"audience": audience, "lab": template.name, "locale": locale, "translated": round(share, 4)}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": dict(_KERNEL), "kit": metadata, "language_info": dict(_LANGUAGE)},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    _validate(notebook, template.path)
    return notebook


def _check_choice(message: str, choice: str, choices: tuple[str, ...]) -> None:
    if choice not in choices:
        raise UsageError(
            message, advice=N_("Choose one of: {choices}."), choice=choice, choices=", ".join(choices)
        )


def notebook_text(notebook: Mapping[str, Any]) -> str:
    """Return a notebook as the text of its file, the way nbformat writes it."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def translated_share(template: Template, catalog: Mapping[str, str]) -> float:
    """Return the share of a template's messages that the catalog translates, between 0 and 1."""
    messages = [segment.msgid for cell in template.cells for segment in cell_segments(template, cell)]
    return sum(msgid in catalog for msgid in messages) / len(messages) if messages else 1.0


def _belongs(cell: Cell, audience: str, target: str) -> bool:
    tags = set(cell.tags)
    if tags & (set(TARGETS) - {target}):
        return False
    if audience == "learner":
        return not tags & {"solution", "instructor"}
    return not ("exercise" in tags and cell.kind == "code")


def untranslated_mark(said: Mapping[str, str]) -> Callable[[Segment], str]:
    """Return what shows an English message that waits for its translation.

    ``lang`` makes a screen reader change its voice; the letters are there for everybody's eyes.
    """
    title = said.get(_NOT_TRANSLATED, _NOT_TRANSLATED)

    def mark(segment: Segment) -> str:
        if segment.kind in {"comment", "string", "alt", "title"}:
            return f"[{SOURCE}] {segment.msgid}"
        return f'<span lang="{SOURCE}" title="{title}">[{SOURCE}] {segment.msgid}</span>'

    return mark


_NOT_TRANSLATED = N_("Not translated yet")
_BANNER = N_(
    "**This edition is not finished: {share} of it is translated.** Passages marked [en] are still in "
    "English. You can help: “Translate” in CONTRIBUTING.md says how."
)


def _banner(lab: str, share: float, locale: str, said: Mapping[str, str]) -> dict[str, Any]:
    # Rounded down, so that an unfinished edition never claims to be whole.
    shown = i18n.percent(int(share * 100) / 100, locale=locale)
    text = said.get(_BANNER, _BANNER).format(share=shown)
    return {
        "cell_type": "markdown",
        "id": _digest(lab, "banner"),
        "metadata": {},
        "source": _lines("> " + text),
    }


def _notebook_cell(
    cell: Cell, parameters: Mapping[str, Any], identifier: str, file: Path, values: Values
) -> dict[str, Any]:
    metadata: dict[str, Any] = dict(cell.metadata)
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.kind == "markdown":
        source = values.fill(cell.source, file, cell.line)
        return {"cell_type": "markdown", "id": identifier, "metadata": metadata, "source": _lines(source)}
    source = replaced(cell.source, parameters) if "parameters" in cell.tags else cell.source
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": identifier,
        "metadata": metadata,
        "outputs": [],
        "source": _lines(source),
    }


def _lines(source: str) -> list[str]:
    """Split a source as nbformat does on disk: a list of lines that keep their ends."""
    return source.splitlines(keepends=True)


def cell_ids(template: Template) -> list[str]:
    """Return an id for each cell: it stays when cells around it come and go, and in every locale."""
    seen: dict[tuple[str, str], int] = {}
    ids = []
    for cell in template.cells:
        key = (cell.kind, cell.source)
        seen[key] = seen.get(key, 0) + 1
        ids.append(_digest(template.name, cell.kind, str(seen[key]), cell.source))
    return ids


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@cache
def _schema_check() -> Callable[[Any], Any]:
    """Return a check against nbformat's own schema file.

    The schema is compiled directly: importing nbformat takes a second, for parts that are not needed here.
    """
    package = find_spec("nbformat")
    assert package is not None
    assert package.origin is not None
    schema = Path(package.origin).parent / "v4" / "nbformat.v4.5.schema.json"
    compiled: Callable[[Any], Any] = fastjsonschema.compile(json.loads(schema.read_text(encoding="utf-8")))
    return compiled


def _validate(notebook: Mapping[str, Any], file: Path) -> None:
    try:
        _schema_check()(notebook)
    except fastjsonschema.JsonSchemaException as error:
        raise TemplateError(
            N_("{file}: the rendered notebook does not follow the notebook format ({reason})."),
            advice=N_("Compare the options on the cell markers of the template."),
            file=file,
            reason=error,
        ) from error
