"""Message catalogs on disk: reading and writing ``.po`` files, and bringing them in step with their source.

A catalog lies in ``locales/<locale>/LC_MESSAGES/<domain>.po``. There is one domain for each lab, and the
domain ``kit`` for what the kit itself says. Files are written so that a diff shows only what changed: no
wrapping, no dates, locations without line numbers, messages in the order of their source.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polib
from babel.core import UnknownLocaleError, get_global
from babel.messages.plurals import get_plural

from kit.errors import N_, CatalogError, UsageError
from kit.i18n.translation import gettext as _

KIT_DOMAIN = "kit"
TRANSLATED, FUZZY, MISSING = "translated", "fuzzy", "missing"
# Header fields that a translator or a tool may have set and that an update keeps.
_KEPT_FIELDS = ("Last-Translator", "Language-Team", "Report-Msgid-Bugs-To")


@dataclass(frozen=True)
class SourceMessage:
    """A message as its source has it: what a catalog entry is made from.

    Attributes:
        msgid: the English text.
        plural: the English plural, for messages that depend on a number.
        comment: what a translator should know.
        sources: files that hold the message, relative to the repository.
        flags: gettext flags such as ``python-brace-format``.
    """

    msgid: str
    plural: str = ""
    comment: str = ""
    sources: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Catalog(Mapping[str, str]):
    """The finished translations of one domain: fuzzy and empty ones are not in the mapping.

    Attributes:
        locale: locale identifier.
        domain: name of the lab, or ``kit``.
        file: the parsed ``.po`` file, every entry of it.
    """

    def __init__(self, locale: str, domain: str, file: polib.POFile) -> None:
        self.locale = locale
        self.domain = domain
        self.file = file
        self._entries = {entry.msgid: entry for entry in file if not entry.obsolete}
        self._finished = {
            msgid: entry.msgstr for msgid, entry in self._entries.items() if state_of(entry) == TRANSLATED
        }

    def __getitem__(self, msgid: str) -> str:
        return self._finished[msgid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._finished)

    def __len__(self) -> int:
        return len(self._finished)

    def state(self, msgid: str) -> str:
        """Return ``translated``, ``fuzzy`` or ``missing``."""
        entry = self._entries.get(msgid)
        return state_of(entry) if entry is not None else MISSING


def state_of(entry: polib.POEntry) -> str:
    """Return the state of one entry; a plural entry is translated when all its forms are."""
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if not any(texts):
        return MISSING
    if entry.fuzzy:
        return FUZZY
    return TRANSLATED if all(texts) else MISSING


def catalog_path(locales_folder: Path, locale: str, domain: str) -> Path:
    """Return where a catalog lies."""
    return locales_folder / locale / "LC_MESSAGES" / f"{domain}.po"


def locales_in(locales_folder: Path) -> list[str]:
    """Return the locales that have a folder of catalogs, in alphabetical order."""
    return sorted(entry.name for entry in locales_folder.iterdir() if (entry / "LC_MESSAGES").is_dir())


def published(locales_folder: Path) -> list[str]:
    """Return the locales that must be complete: the lines of ``locales/published.txt``."""
    path = locales_folder / "published.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def read_file(path: Path) -> polib.POFile:
    """Parse a ``.po`` file.

    Raises:
        CatalogError: it is missing, is no UTF-8, or breaks the format; names the line.
    """
    try:
        file = polib.pofile(str(path), encoding="utf-8", wrapwidth=0)
        # polib's own check compares every entry with all others.
        twice = [msgid for msgid, n in Counter(e.msgid for e in file if not e.obsolete).items() if n > 1]
        if twice:
            raise ValueError(_("two entries for “{msgid}”").format(msgid=twice[0]))
        return file
    except (OSError, ValueError) as error:
        reason = str(error).removeprefix(str(path)).strip(" :") or type(error).__name__
        raise CatalogError(
            N_("{file}: the catalog cannot be read ({reason})."),
            advice=N_(
                "Open it in a PO editor such as Poedit, which shows the faulty place, or restore it from git."
            ),
            file=path,
            reason=reason,
        ) from error


def load(locales_folder: Path, locale: str, domain: str) -> Catalog:
    """Read the catalog of a locale and domain; one that does not exist yet is empty.

    Raises:
        CatalogError: the file cannot be read.
    """
    path = catalog_path(locales_folder, locale, domain)
    return Catalog(locale, domain, read_file(path) if path.exists() else new_file(locale, domain))


def plural_forms(locale: str) -> str:
    """Return the ``Plural-Forms`` header of a locale from CLDR by way of Babel.

    CLDR's default territory decides where a language has several rules: ``pt`` is Brazil, so zero is
    singular there. A locale that Babel does not know gets the English rule.
    """
    likely = get_global("likely_subtags").get(locale.split("_", maxsplit=1)[0], "")
    candidates = [locale]
    if "_" in likely and "_" not in locale:
        candidates.insert(0, f"{locale}_{likely.split('_')[-1]}")
    for candidate in candidates:
        try:
            plural = get_plural(candidate)
        except (UnknownLocaleError, ValueError):
            continue
        return f"nplurals={plural.num_plurals}; plural={plural.plural_expr};"
    return "nplurals=2; plural=(n != 1);"


def count_of_plurals(file: polib.POFile) -> int:
    """Return how many plural forms the language of a catalog has, by its header."""
    found = re.search(r"nplurals\s*=\s*(\d+)", file.metadata.get("Plural-Forms", ""))
    return int(found[1]) if found else 1


def new_file(locale: str, domain: str) -> polib.POFile:
    """Return a catalog without messages."""
    file = polib.POFile(wrapwidth=0)
    file.metadata = _header(locale, domain, {})
    return file


def _header(locale: str, domain: str, old: Mapping[str, str]) -> dict[str, str]:
    kept = {name: old[name] for name in _KEPT_FIELDS if old.get(name)}
    return {
        "Project-Id-Version": f"llm-teaching-kit {domain}",
        **kept,
        "Language": locale,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": old.get("Plural-Forms") or plural_forms(locale),
    }


def canonical(file: polib.POFile, locale: str, domain: str) -> str:
    """Return the text of a catalog as the kit writes it."""
    file.metadata = _header(locale, domain, file.metadata)
    file.metadata_is_fuzzy = False
    file.wrapwidth = 0
    return str(file).rstrip("\n") + "\n"


def fault(file: polib.POFile, path: Path, locale: str, domain: str) -> Literal["", "layout", "stale"]:
    """Return what keeps the file at ``path`` from being what the kit would write for a merged catalog.

    PO editors wrap lines, sort entries and add fields to the header: where nothing else differs, it is the
    layout. A file that is missing is stale.

    Raises:
        CatalogError: the file cannot be read.
    """
    if not path.exists():
        return "stale"
    if path.read_bytes() == canonical(file, locale, domain).encode():
        return ""
    return "layout" if _contents(read_file(path)) == _contents(file) else "stale"


def _contents(file: polib.POFile) -> list[tuple[str, list[str]]]:
    """Return every entry in one order, its comment as words: some tools wrap that as well."""
    found = []
    for entry in file:
        words = entry.comment.split()
        bare = copy(entry)
        bare.comment = ""
        found.append((str(bare), words))
    return sorted(found)


def save(file: polib.POFile, path: Path, locale: str, domain: str) -> bool:
    """Write a catalog; return whether the file changed. An equal file is not touched."""
    text = canonical(file, locale, domain).encode()
    if path.exists() and path.read_bytes() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return True


@dataclass
class Status:
    """How far one catalog is: numbers of messages, and of English words, in each state."""

    locale: str
    domain: str
    messages: dict[str, int] = field(default_factory=lambda: {TRANSLATED: 0, FUZZY: 0, MISSING: 0})
    words: dict[str, int] = field(default_factory=lambda: {TRANSLATED: 0, FUZZY: 0, MISSING: 0})

    @property
    def total(self) -> int:
        """Return the number of messages."""
        return sum(self.messages.values())

    @property
    def share(self) -> float:
        """Return the share of messages that is translated, between 0 and 1."""
        return self.messages[TRANSLATED] / self.total if self.total else 1.0


def status(catalog: Catalog) -> Status:
    """Count a catalog's messages and words by state."""
    result = Status(catalog.locale, catalog.domain)
    for entry in catalog.file:
        if not entry.obsolete:
            state = state_of(entry)
            result.messages[state] += 1
            result.words[state] += len(entry.msgid.split())
    return result


def check_new_locale(locales_folder: Path, locale: str) -> None:
    """Refuse to start a locale that exists, or an identifier that cannot be the name of a folder.

    Raises:
        UsageError: the locale exists, is the source language, or is no identifier.
    """
    if not locale.replace("_", "").isalnum() or locale.startswith("_"):
        raise UsageError(
            N_("“{locale}” is no locale identifier."),
            advice=N_("Use a language code such as fr, or one with script or territory such as zh_Hant."),
            locale=locale,
        )
    if locale == "en" or locale in locales_in(locales_folder):
        raise UsageError(
            N_("The locale “{locale}” exists already."),
            advice=N_("“kit catalogs update” brings its catalogs in step with the templates."),
            locale=locale,
        )
