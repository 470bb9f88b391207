"""The pages of a site: an index and the labs in every language, and a page to choose the language on.

Each page is one file that needs nothing beside it: style and script are within, and its content security
policy lets a browser load nothing from anywhere, nor run what a notebook's output may hold.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from kit import i18n
from kit.notebooks.editions import Edition, course_order
from kit.notebooks.files import File
from kit.notebooks.site.prose import Heading, Prose, anchor, highlighted, prose
from kit.notebooks.site.texts import texts

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Site:
    """The labs in some languages, for one audience and target.

    Attributes:
        editions: the same labs in every language.
    """

    editions: Sequence[Edition]

    def files(self, folder: Path) -> Iterator[File]:
        """Yield the pages as files below a folder."""
        for edition in self.editions:
            yield File(folder / edition.locale / f"{edition.lab}.html", self._lab(edition))
        for locale in self.locales:
            yield File(folder / locale / "index.html", self._index(locale))
        yield File(folder / "index.html", self._choice())

    @cached_property
    def locales(self) -> list[str]:
        """Return the languages in the order of the editions."""
        return list(dict.fromkeys(edition.locale for edition in self.editions))

    def _of(self, locale: str) -> list[Edition]:
        found = [edition for edition in self.editions if edition.locale == locale]
        return sorted(found, key=lambda each: course_order(each.lab))

    def _frame(self, locale: str, page: str, up: str = "../") -> dict[str, Any]:
        """Return what all pages have in common: language, texts, style, and the way to other languages."""
        languages = [
            {**_language(each), "href": f"{up}{each}/{page}", "current": each == locale}
            for each in self.locales
        ]
        audience, _target = self.editions[0].kind
        return {
            **_language(locale),
            "text": texts(self._of(locale)[0].said),
            "languages": languages if len(languages) > 1 else [],
            "audience": audience,
            "style": _part("style.css"),
            "script": _part("script.js"),
            "script_hash": _digest(_part("script.js")),
        }

    def _lab(self, edition: Edition) -> str:
        page = _Lab(edition)
        labs = self._of(edition.locale)
        place = labs.index(edition)
        context = {
            **self._frame(edition.locale, f"{edition.lab}.html"),
            "title": page.title,
            "contents": page.contents,
            "cells": page.prose,
            "executed": page.executed,
            "before": _link(labs[place - 1]) if place else None,
            "after": _link(labs[place + 1]) if place + 1 < len(labs) else None,
        }
        return _exported(edition.notebook, context)

    def _index(self, locale: str) -> str:
        labs = [{**_link(edition), "lead": _Lab(edition).lead[:2]} for edition in self._of(locale)]
        context = {**self._frame(locale, "index.html"), "labs": labs, "locale": locale}
        return _filled("index.html.j2", context)

    def _choice(self) -> str:
        frame = self._frame(i18n.SOURCE if i18n.SOURCE in self.locales else self.locales[0], "index.html", "")
        choices = [
            {**language, "labs": [_link(edition, f"{locale}/") for edition in self._of(locale)]}
            for locale in self.locales
            for language in [{**_language(locale), "href": f"{locale}/index.html"}]
        ]
        context = {**frame, "choices": choices, "languages": []}
        return _filled("choice.html.j2", context)


class _Lab:
    """What a page needs to know about a lab before its cells are written."""

    def __init__(self, edition: Edition) -> None:
        cells = edition.notebook["cells"]
        self.prose: dict[str, Prose] = {
            cell["id"]: prose("".join(cell["source"]), cell["id"])
            for cell in cells
            if cell["cell_type"] == "markdown"
        }
        headings = [heading for each in self.prose.values() for heading in each.headings]
        self.title = next((heading.text for heading in headings if heading.level == 1), edition.lab)
        self.contents: list[Heading] = [heading for heading in headings if heading.level in {2, 3}]
        self.lead = next((each.lead for each in self.prose.values()), ())
        self.executed = any(cell.get("outputs") for cell in cells)


def _link(edition: Edition, folder: str = "") -> dict[str, str]:
    return {"href": f"{folder}{edition.lab}.html", "title": _Lab(edition).title}


def _language(locale: str) -> dict[str, str]:
    name = i18n.own_name(locale)
    return {
        "lang": i18n.language_tag(locale),
        "dir": i18n.babel_locale(locale).text_direction,
        "name": name[:1].upper() + name[1:],
    }


@cache
def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    """Return the hash by which a content security policy knows a script (W3C CSP 3, “hash-source”)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _exported(notebook: Mapping[str, Any], page: Mapping[str, Any]) -> str:
    import nbformat
    from nbformat.v4.rwbase import rejoin_lines

    node = rejoin_lines(nbformat.from_dict(dict(notebook)))
    text, _resources = _exporter().from_notebook_node(node, resources={"page": dict(page)})
    return str(text)


@cache
def _exporter() -> Any:
    """Return nbconvert's exporter with the template in this folder.

    Not its HTMLExporter: that one reads every page once more to mend what its own templates leave out, and
    brings scripts from elsewhere.
    """
    from nbconvert.exporters.templateexporter import TemplateExporter
    from traitlets.config import Config

    shown = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
    exporter = TemplateExporter(
        config=Config({"NbConvertBase": {"display_data_priority": shown}}),
        default_preprocessors=[],
        extra_template_basedirs=[str(_FOLDER.parent)],
        template_name=_FOLDER.name,
        template_file="lab.html.j2",
    )
    exporter.environment.trim_blocks = exporter.environment.lstrip_blocks = True
    exporter.register_filter("anchor", anchor)
    exporter.register_filter("highlighted", highlighted)
    exporter.register_filter("prose", lambda source: prose(source, "").html)
    return exporter


def _filled(template: str, page: Mapping[str, Any]) -> str:
    return str(_exporter().environment.get_template(template).render(page=page))
