"""The data files beside the catalogs: tables with one column for each locale.

``links.csv`` has the addresses of documentation by a column ``key``, ``glossary.csv`` the agreed terms. Both
have a column for each locale, and ``note``.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from kit.errors import N_, CatalogError, TemplateError
from kit.i18n.locales import SOURCE

LINKS = "links.csv"
GLOSSARY = "glossary.csv"


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a table; cells that are missing are empty.

    Raises:
        CatalogError: the file cannot be read as UTF-8 with a header line.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogError(
            N_("{file}: the table cannot be read ({reason})."),
            advice=N_("It is a UTF-8 file of comma-separated values with a header line."),
            file=path,
            reason=error,
        ) from error
    return [{name: (value or "").strip() for name, value in row.items() if name} for row in rows]


def add_locale(path: Path, locale: str) -> bool:
    """Give a table an empty column for a locale, before ``note``; return whether it lacked one."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    if locale in rows[0]:
        return False
    position = rows[0].index("note") if "note" in rows[0] else len(rows[0])
    for number, row in enumerate(rows):
        row.insert(position, locale if number == 0 else "")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return True


class Table:
    """One table by key, for one locale, with English where that locale has nothing."""

    def __init__(self, path: Path, locale: str) -> None:
        self._path = path
        self._locale = locale
        self._rows: Mapping[str, dict[str, str]] = (
            {row["key"]: row for row in read_table(path)} if path.exists() else {}
        )

    def __call__(self, key: str) -> str:
        """Return the value for ``key``.

        Raises:
            TemplateError: the table has no such key.
        """
        row = self._rows.get(key)
        if row is None:
            raise TemplateError(
                N_("The table {file} has no key “{key}”."),
                advice=N_("Add a line for it, or use one of: {keys}."),
                file=self._path.name,
                key=key,
                keys=", ".join(self._rows) or "–",
            )
        return row.get(self._locale) or row[SOURCE]
