"""The README in every language, by way of the same messages and catalogs as the labs.

It is read as a template with a single cell, so that whatever holds for a lab's text holds for it: extraction,
the marks on what is not translated yet, the checks. Its editions lie beside the labs, and their links lead to
where the README's own lead.
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from kit.i18n.formats import number
from kit.notebooks.messages import translate_template
from kit.notebooks.rendering import untranslated_mark
from kit.notebooks.templates import Cell, Template

DOMAIN = "readme"
_LINK = re.compile(r"""(?P<before>\]\(|\b(?:href|src)=")(?P<target>(?![a-z]+:|#|//)[^)"#\s]+)""")

_FIGURES = re.compile(r"(?<=\|) [\d. –]*\d\.\d[\d. –]* (?=\|)")  # what a cell of a table holds
_FIGURE = re.compile(r"\d+\.(?P<decimals>\d+)")


def read_readme(path: Path) -> Template:
    """Read the README as a template."""
    return Template(DOMAIN, path, (Cell("markdown", path.read_text(encoding="utf-8")),))


def render_readme(
    template: Template, locale: str, catalog: Mapping[str, str], said: Mapping[str, str]
) -> str:
    """Return the text of the README's edition in a locale, to lie at :func:`readme_path`.

    Args:
        template: what :func:`read_readme` returned.
        locale: locale identifier of the edition.
        catalog: the README's translations.
        said: what the kit itself says in this locale, by its English.
    """
    text = translate_template(template, catalog, untranslated_mark(said)).cells[0].source
    return with_figures(relocated(text, PurePosixPath("labs", locale)), locale)


def readme_path(labs: Path, locale: str) -> Path:
    """Return where the README's edition of a locale lies."""
    return labs / locale / "README.md"


def with_figures(text: str, locale: str) -> str:
    """Return a text with figures as the locale writes them, in cells of tables that hold nothing else.

    Such cells are no messages, so no translator meets them.
    """

    def written(figure: re.Match[str]) -> str:
        return number(float(figure[0]), len(figure["decimals"]), locale=locale)

    return _FIGURES.sub(lambda cell: _FIGURE.sub(written, cell[0]), text)


def relocated(text: str, folder: PurePosixPath) -> str:
    """Return a text whose relative links, made for the root, lead to the same places from ``folder``."""

    def moved(link: re.Match[str]) -> str:
        return link["before"] + posixpath.relpath(link["target"], folder)

    return _LINK.sub(moved, text)
