"""Checks of whole catalogs and of the tables beside them; each finding names file, line, reason and fix."""

import re
from collections.abc import Iterator
from pathlib import Path

import polib

from kit.errors import CatalogError
from kit.i18n import catalogs
from kit.i18n import gettext as _
from kit.i18n.catalogs import FUZZY, KIT_DOMAIN, MISSING, TRANSLATED, Catalog, state_of
from kit.i18n.checks import errors, parse
from kit.i18n.findings import Finding, Problem, Severity, shortened
from kit.i18n.glossary import Glossary, Protected
from kit.i18n.locales import SOURCE
from kit.i18n.style import warnings
from kit.i18n.tables import LINKS, read_table


class CatalogChecker:
    """Checks catalogs with the glossary and the protected names of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._glossary = Glossary(folder)
        self._protected = Protected(folder)
        self._published = set(catalogs.published(folder))

    def check(self, locale: str, domain: str) -> Iterator[Finding]:
        """Yield the findings for one catalog; one that cannot be read is itself a finding."""
        path = catalogs.catalog_path(self._folder, locale, domain)
        file = shown(path, self._folder)
        try:
            catalog = catalogs.load(self._folder, locale, domain)
        except CatalogError as error:
            lines = str(error).split("\n")
            yield Finding("error", "unreadable", file, 0, locale, lines[0], lines[-1])
            return
        if locale in self._published:
            yield from self._unfinished(catalog, file)
        forms = catalogs.count_of_plurals(catalog.file)
        for entry in catalog.file:
            if entry.obsolete or state_of(entry) == FUZZY:
                continue
            yield from _plural_forms(entry, forms, file)
            if state_of(entry) == TRANSLATED:
                yield from self._entry(entry, catalog, file)

    def _unfinished(self, catalog: Catalog, file: str) -> Iterator[Finding]:
        for state, rule in ((MISSING, "untranslated"), (FUZZY, "fuzzy")):
            entries = [entry for entry in catalog.file if not entry.obsolete and state_of(entry) == state]
            if entries:
                reason = {
                    MISSING: _("the locale is published; messages not translated: {n}"),
                    FUZZY: _("the locale is published; fuzzy messages: {n}"),
                }[state].format(n=len(entries))
                fix = {
                    MISSING: _("Translate them, or take the locale out of locales/published.txt."),
                    FUZZY: _("Compare each with its source, mend it, and remove the mark “fuzzy”."),
                }[state]
                yield Finding(
                    "error", rule, file, entries[0].linenum or 0, shortened(entries[0].msgid), reason, fix
                )

    def _entry(self, entry: polib.POEntry, catalog: Catalog, file: str) -> Iterator[Finding]:
        kind = "string" if catalog.domain == KIT_DOMAIN else entry.comment.split(":")[0].split("\n")[0]
        pairs = [(entry.msgid, entry.msgstr)]
        if entry.msgid_plural:
            # A form for one thing may leave its number out; the plural's texts have to have all of it.
            pairs = [
                (entry.msgid_plural, text)
                for index, text in sorted(entry.msgstr_plural.items())
                if index or len(entry.msgstr_plural) == 1
            ]
        for source, translation in pairs:
            for severity, problem in self._problems(source, translation, kind, catalog.locale):
                yield Finding(
                    severity,
                    problem.rule,
                    file,
                    entry.linenum or 0,
                    shortened(entry.msgid),
                    problem.reason,
                    problem.fix,
                )

    def _problems(
        self, source: str, translation: str, kind: str, locale: str
    ) -> Iterator[tuple[Severity, Problem]]:
        for problem in errors(source, translation, kind):
            yield "error", problem
        texts = parse(source, kind), parse(translation, kind)
        for name in self._protected.lost(texts[0].prose, translation):
            reason = _("the protected name “{name}” is not in the translation").format(name=name)
            yield (
                "error",
                Problem("protected", reason, _("Keep the name as it is; locales/protected.txt lists them.")),
            )
        wording = _without_quotations(self._protected.without(texts[0].prose), translation)
        for term, accepted in self._glossary.unused(wording, texts[1].prose, locale):
            reason = _("the term “{term}” is not translated as agreed: {accepted}").format(
                term=term, accepted=" / ".join(accepted)
            )
            yield (
                "warning",
                Problem("glossary", reason, _("Use the agreed term, or improve locales/glossary.csv.")),
            )
        if self._unchanged(source, translation, texts[0].prose, locale):
            yield (
                "warning",
                Problem("unchanged", _("the translation is the English text"), _("Translate it.")),
            )
        for problem in warnings(*texts, locale):
            yield "warning", problem

    def _unchanged(self, source: str, translation: str, prose: str, locale: str) -> bool:
        if source != translation:
            return False
        words = re.findall(r"[^\W\d_]{2,}", re.sub(r"\{[^{}]*\}", " ", self._protected.without(prose)))
        return any(
            not self._glossary.stays(word, locale) for word in words if word.islower() or len(words) > 1
        )


def _without_quotations(prose: str, translation: str) -> str:
    """Return a text without what it quotes and the translation quotes unchanged, such as a field's name."""
    return re.sub(r"“[^”]*”", lambda quoted: " " if quoted[0][1:-1] in translation else quoted[0], prose)


def _plural_forms(entry: polib.POEntry, wanted: int, file: str) -> Iterator[Finding]:
    if entry.msgid_plural and any(entry.msgstr_plural.values()) and not _complete(entry, wanted):
        reason = _("not all plural forms are translated; the language has {wanted}").format(wanted=wanted)
        yield Finding(
            "error",
            "plural",
            file,
            entry.linenum or 0,
            shortened(entry.msgid),
            reason,
            _("Fill in every msgstr[n]."),
        )


def _complete(entry: polib.POEntry, wanted: int) -> bool:
    return (
        all(entry.msgstr_plural.get(index) for index in range(wanted)) and len(entry.msgstr_plural) == wanted
    )


def check_tables(folder: Path) -> Iterator[Finding]:
    """Yield the links that the tables lack for a published locale."""
    path = folder / LINKS
    for number, row in enumerate(read_table(path) if path.exists() else [], start=2):
        key = row.get("key", "")
        for locale in (SOURCE, *catalogs.published(folder)):
            if not row.get(locale):
                reason = _("“{key}” has nothing for the locale “{locale}”").format(key=key, locale=locale)
                fix = _("Fill in the column {locale}.").format(locale=locale)
                yield Finding("warning", "link-missing", shown(path, folder), number, key, reason, fix)


def shown(path: Path, folder: Path) -> str:
    """Return a path as a person in the repository writes it."""
    root = folder.parent
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
