"""Agreed terms and protected names, from ``locales/glossary.csv`` and ``locales/protected.txt``.

A term may have several accepted translations, separated by ``|``; what stands in brackets is a gloss for the
first mention. Matching forgives inflection in languages with spaces between words: the beginning of each
word has to be there.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kit.i18n.tables import GLOSSARY, read_table

PROTECTED = "protected.txt"
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_SHORTEST_STEM = 4
_STEM_SHARE = 0.6  # “implanta” of “implantação” is in “implantações” and “implantado”


@dataclass(frozen=True)
class Term:
    """An English term, how to find it, and its accepted translations by locale."""

    term: str
    pattern: re.Pattern[str]
    translations: dict[str, tuple[str, ...]]


class Glossary:
    """The agreed terms; longer terms come first, so that “training file” hides “training”."""

    def __init__(self, folder: Path) -> None:
        path = folder / GLOSSARY
        rows = read_table(path) if path.exists() else []
        terms = [_term(row) for row in rows if row.get("term")]
        self.terms = sorted(terms, key=lambda term: -len(term.term))
        self._found = cache(self._terms_in)  # a source is looked through once for all languages

    def unused(self, source: str, translation: str, locale: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield ``(term, accepted translations)`` of the source's terms that the translation does not use."""
        folded = _fold(translation)
        for term in self._found(source):
            accepted = term.translations.get(locale, ())
            if accepted and not any(_uses(folded, option) for option in accepted):
                yield term.term, accepted

    def _terms_in(self, source: str) -> list[Term]:
        found = []
        for term in self.terms:
            source, count = term.pattern.subn(" ", source)
            if count:
                found.append(term)
        return found

    def stays(self, word: str, locale: str) -> bool:
        """Tell whether the agreed translation of a word is the word itself."""
        return any(
            term.pattern.fullmatch(word)
            and term.term.lower() in (option.lower() for option in term.translations.get(locale, ()))
            for term in self.terms
        )


def _term(row: dict[str, str]) -> Term:
    english = row["term"]
    stem = re.escape(english)
    if row.get("part of speech") == "verb":
        ending = "(?:e|es|ed|ing)" if english.endswith("e") else "(?:s|ed|ing)?"
        stem = stem[:-1] if english.endswith("e") else stem
    else:
        ending = "(?:s|es)?"
    pattern = re.compile(rf"(?<![\w-]){stem}{ending}(?![\w-])", re.IGNORECASE)
    translations = {
        name: tuple(re.sub(r"\s*\(.*?\)", "", option).strip() for option in value.split("|"))
        for name, value in row.items()
        if name not in {"term", "part of speech", "note"} and value
    }
    return Term(english, pattern, translations)


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _uses(folded_text: str, option: str) -> bool:
    folded = _fold(option)
    if _WIDE.search(folded):
        return folded in folded_text
    return all(re.search(rf"(?<!\w){re.escape(_stem(word))}", folded_text) for word in folded.split())


def _stem(word: str) -> str:
    return word[: max(_SHORTEST_STEM, round(len(word) * _STEM_SHARE))]


class Protected:
    """Names that no translation may change."""

    def __init__(self, folder: Path) -> None:
        path = folder / PROTECTED
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._patterns = [
            _pattern(line.strip()) for line in lines if line.strip() and not line.startswith("#")
        ]
        self.names = cache(self._names_in)

    def _names_in(self, text: str) -> list[str]:
        """Return the protected names in a text, each once, in the order of the file."""
        found = (match.group("name") for pattern in self._patterns for match in pattern.finditer(text))
        return list(dict.fromkeys(found))

    def lost(self, source: str, translation: str) -> list[str]:
        """Return the protected names of the source that the translation lacks."""
        return [name for name in self.names(source) if not _has_name(translation, name)]

    def without(self, text: str) -> str:
        """Return a text without its protected names."""
        for name in sorted(self.names(text), key=len, reverse=True):
            text = text.replace(name, " ")
        return text


def _pattern(line: str) -> re.Pattern[str]:
    if line.startswith("/") and line.endswith("/"):
        return re.compile(f"(?P<name>{line[1:-1]})", re.ASCII)
    near = re.fullmatch(r"(\S+) \((.+)\)", line)
    if near:
        name, words = re.escape(near[1]), "|".join(re.escape(word.strip()) for word in near[2].split(","))
        return re.compile(rf"(?<![\w-])(?P<name>{name})(?= (?:{words})\b)", re.ASCII)
    return re.compile(rf"(?<![A-Za-z0-9_])(?P<name>{re.escape(line)})(?![A-Za-z0-9_])")


def _has_name(text: str, name: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text) is not None
