"""What scoring has to know of each language: label names, negations, refusals, from ``languages.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kit.errors import N_, UsageError

_FILE = Path(__file__).with_name("languages.toml")


@dataclass(frozen=True)
class Language:
    """The words of one language that change what an answer means; see the head of the data file."""

    bleu_tokenizer: str
    window: int
    negations: tuple[str, ...]
    not_negations: tuple[str, ...]
    contrasts: tuple[str, ...]
    refusals: tuple[str, ...]
    apologies: tuple[str, ...]
    markers: tuple[str, ...]


@dataclass(frozen=True)
class LabelSet:
    """The labels of a task: the same keys in every language, and for each language what they are called.

    Attributes:
        name: of the set, such as ``sentiment``.
        locale: the language in which the model is asked to answer.
        words: for each key and locale the accepted words; the first is the label's name.
    """

    name: str
    locale: str
    words: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def keys(self) -> tuple[str, ...]:
        """The labels as data sets and metrics have them, in the set's order."""
        return tuple(self.words)

    def called(self, key: str) -> str:
        """Return the name of a label in the set's language.

        Raises:
            UsageError: the set has no such label.
        """
        if key not in self.words:
            raise UsageError(
                N_("The label set “{name}” has no label “{key}”."),
                advice=N_("Choose one of: {names}."),
                name=self.name,
                key=key,
                names=", ".join(self.keys),
            )
        return self.words[key][self.locale][0]

    def key_of(self, word: str) -> str | None:
        """Return the label that a data set means by a word: its key, its code, or a name in any language."""
        sought = word.strip().casefold()
        for key, by_locale in self.words.items():
            if sought == key.casefold() or any(
                sought in map(str.casefold, names) for names in by_locale.values()
            ):
                return key
        return None

    def names(self) -> list[str]:
        """Return the names of all labels in the set's language: what a prompt has to list."""
        return [self.called(key) for key in self.keys]


class Languages:
    """The content of a data file.

    Raises:
        UsageError: the file cannot be read, or is not complete.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            self._languages = {
                locale: Language(**{key: _frozen(value) for key, value in entry.items()})
                for locale, entry in content["languages"].items()
            }
            self._sentiment = {
                key: {at: tuple(words) for at, words in by_locale.items()}
                for key, by_locale in content["labels"]["sentiment"].items()
            }
            self.columns: dict[str, tuple[str, ...]] = {
                what: tuple(names) for what, names in content.get("columns", {}).items()
            }
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise UsageError(
                N_("The table of languages {file} cannot be read: {reason}"),
                advice=N_("Every language needs all the keys that the head of the file explains."),
                file=path,
                reason=error,
            ) from error

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages that the file knows."""
        return tuple(self._languages)

    def language(self, locale: str) -> Language:
        """Return one language's words.

        Raises:
            UsageError: the file does not have that language.
        """
        if locale not in self._languages:
            raise UsageError(
                N_("There are no words for parsing answers in “{locale}”."),
                advice=N_("Add the language to {file}, or use one of: {locales}."),
                locale=locale,
                file=_FILE.name,
                locales=", ".join(self._languages),
            )
        return self._languages[locale]

    def tokenizer(self, locale: str) -> str:
        """Return the name of sacrebleu's tokenizer; ``13a``, its default, for a language not in the file."""
        known = self._languages.get(locale)
        return known.bleu_tokenizer if known else "13a"

    def sentiment(self, locale: str) -> LabelSet:
        """Return the labels of sentiment, for answers in a language.

        Raises:
            UsageError: the file does not have that language, or a label has no word in it.
        """
        self.language(locale)
        for key, words in self._sentiment.items():
            if not words.get(locale):
                raise UsageError(
                    N_("The label “{key}” has no word in “{locale}”."),
                    advice=N_("Add the language to {file}, or use one of: {locales}."),
                    key=key,
                    locale=locale,
                    file=_FILE.name,
                    locales=", ".join(words),
                )
        return LabelSet("sentiment", locale, self._sentiment)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def languages() -> Languages:
    """Return the languages of the kit."""
    return Languages(_FILE)


def sentiment(locale: str) -> LabelSet:
    """Return the labels “positive” and “negative” for answers in a language.

    Raises:
        UsageError: there is no such language.
    """
    return languages().sentiment(locale)
