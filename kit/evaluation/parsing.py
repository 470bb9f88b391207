"""From what a model wrote to a label, or to the reason why there is none.

``"positive" in answer`` is not a parser: it finds a label in “not positive”, “positive or negative?” and “I
cannot say whether it is positive”. Here an answer has a label only if exactly one of the labels is affirmed.
Anything else is counted under its reason and shown; nothing is guessed.

All that depends on the language stands in ``languages.toml``.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NamedTuple

from kit.evaluation.languages import LabelSet, Language, Languages, languages

_CLAUSE_END = re.compile(r"[,.;:!?()\[\]{}、。\n]|\s[–—-]\s")
_LEADING_END = re.compile(r"\s*(?:[.!;。\n]|$|[–—-]\s)")
_ANSWER_END = re.compile(r"\s*(?:[.!;。\n}\]]|$|[–—-]\s)")
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
_QUIET = re.compile(r"[\"'`*_#<>/\\|«»“”‘’「」『』…~]")
_SHORTEST_STUMP = 3  # letters; “po” is the beginning of too many words


class Reason(StrEnum):
    """Why an answer has this label, or none."""

    OK = "ok"
    OTHER_LANGUAGE = "other_language"
    EMPTY = "empty"
    REFUSAL = "refusal"
    AMBIGUOUS = "ambiguous"
    NEGATED = "negated"
    CUT = "cut"
    NO_LABEL = "no_label"


class Parsed(NamedTuple):
    """A label's key, or None, and the reason."""

    label: str | None
    reason: Reason


class _Mention(NamedTuple):
    label: str
    start: int
    end: int
    negated: bool


def normalized(text: str) -> str:
    """Return a text without what does not matter: case, accents, full-width forms, kinds of apostrophes."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("´", "'")
    parts = unicodedata.normalize("NFD", plain)
    bare = "".join(sign for sign in parts if unicodedata.category(sign) != "Mn")
    return re.sub(r"(?<=\w)'(?=\w)", "\u02bc", bare)  # an apostrophe within a word is one of its letters


@lru_cache(maxsize=512)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for any of the words, the longest first; Chinese ones may stand inside a sentence."""
    forms = []
    for word in sorted({normalized(each) for each in words}, key=len, reverse=True):
        body = re.escape(word).replace(r"\ ", r"[\s,]+")
        unspaced = re.search(f"[{_UNSPACED}]", word) is not None
        forms.append(body if unspaced else rf"(?<![^\W{_UNSPACED}]){body}(?![^\W{_UNSPACED}])")
    return re.compile("|".join(forms) or r"(?!)")


@dataclass(frozen=True)
class _Answer:
    """A normalized answer and the language to read it in."""

    text: str
    language: Language

    def mentions(self, words: Iterable[tuple[str, tuple[str, ...]]]) -> list[_Mention]:
        found = [
            _Mention(label, match.start(), match.end(), self._negated(match.start()))
            for label, names in words
            for match in _pattern(names).finditer(self.text)
        ]
        return sorted(found, key=lambda mention: mention.start)

    def _negated(self, start: int) -> bool:
        """Tell whether a negation in the same clause reaches the word that starts here."""
        before = self.text[:start]
        ends = [match.end() for match in _CLAUSE_END.finditer(before)]
        clause = before[ends[-1] if ends else 0 :]
        contrasts = [match.end() for match in _pattern(self.language.contrasts).finditer(clause)]
        clause = clause[contrasts[-1] if contrasts else 0 :]
        clause = _pattern(self.language.not_negations).sub(" ", clause)
        return any(
            self._distance(clause[match.end() :]) <= self.language.window
            for match in _pattern(self.language.negations).finditer(clause)
        )

    @staticmethod
    def _distance(between: str) -> int:
        """Return how many words lie between; a character of a script without spaces is a word."""
        return len(re.findall(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+", between))

    def marked(self, mentions: Sequence[_Mention]) -> set[str]:
        """Return the labels that follow a marker such as “Answer:”."""
        marker = re.compile(rf"(?:{_pattern(self.language.markers).pattern})\s*[:=]\s*")
        ends = {match.end() for match in marker.finditer(self.text)}
        return {
            mention.label
            for mention in mentions
            if mention.start in ends and _ANSWER_END.match(self.text, mention.end)
        }

    def leading(self, mentions: Sequence[_Mention]) -> set[str]:
        """Return the labels that are a sentence or a line of their own."""
        return {
            mention.label
            for mention in mentions
            if self._begins(mention.start) and _LEADING_END.match(self.text, mention.end)
        }

    def _begins(self, start: int) -> bool:
        before = self.text[:start].rstrip(" ")
        return not before or before[-1] in ".!;。\n"


def parse_label(answer: str | None, labels: LabelSet, *, finish_reason: str | None = None) -> Parsed:
    """Find the one label that an answer affirms.

    In order: an empty answer is ``empty``; a label that is a sentence of its own (“Positive. The food …”) or
    follows a marker (“Answer: positive”) decides; a refusal is ``refusal``; one label is ``ok``, several are
    ``ambiguous``, only negated ones are ``negated`` (“not positive” may also mean neutral). Without any, a
    label in another of the table's languages is taken with the reason ``other_language``; an answer that
    breaks off within a label is ``cut``; the rest is ``no_label``.

    Args:
        answer: the model's text; None, as the API gives for a filtered answer, is empty.
        labels: the allowed labels and the language that was asked for.
        finish_reason: of the API, if known: ``content_filter`` is a refusal, and an answer without a label
            that stopped at ``length`` is ``cut``.

    Raises:
        UsageError: the table does not have the language of the labels.
    """
    known = languages()
    text = _QUIET.sub(" ", normalized(answer or ""))
    if finish_reason == "content_filter":
        return Parsed(None, Reason.REFUSAL)
    if not re.search(r"\w", text):
        return Parsed(None, Reason.CUT if finish_reason == "length" else Reason.EMPTY)
    reading = _Answer(text.strip(), known.language(labels.locale))
    mentions = reading.mentions(_words(labels, labels.locale))
    for decisive in (reading.marked(mentions), reading.leading(mentions)):
        if len(decisive) == 1:
            return Parsed(decisive.pop(), Reason.OK)
    found = _decide(mentions, Reason.OK) if mentions else None
    sorry = _says(reading.text, known, "apologies") and not (found and found.label)
    if sorry or _says(reading.text, known, "refusals"):
        return Parsed(None, Reason.REFUSAL)
    return found or _without_own_words(reading, labels, known, finish_reason)


def _words(labels: LabelSet, locale: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, words in labels.words.items():
        if words.get(locale):
            yield key, words[locale]


def _says(text: str, known: Languages, what: Literal["refusals", "apologies"]) -> bool:
    """Tell whether the answer has such words, in any language: models often refuse in English."""
    return any(_pattern(getattr(known.language(locale), what)).search(text) for locale in known.locales)


def _decide(mentions: Sequence[_Mention], reason: Reason) -> Parsed:
    affirmed = {mention.label for mention in mentions if not mention.negated}
    if len(affirmed) == 1:
        return Parsed(affirmed.pop(), reason)
    return Parsed(None, Reason.AMBIGUOUS if affirmed else Reason.NEGATED)


def _without_own_words(
    reading: _Answer, labels: LabelSet, known: Languages, finish_reason: str | None
) -> Parsed:
    for locale in known.locales:
        other = _Answer(reading.text, known.language(locale))
        mentions = other.mentions(_words(labels, locale))
        if locale != labels.locale and mentions:
            return _decide(mentions, Reason.OTHER_LANGUAGE)
    if finish_reason == "length" or _breaks_off(reading.text, labels):
        return Parsed(None, Reason.CUT)
    return Parsed(None, Reason.NO_LABEL)


def _breaks_off(text: str, labels: LabelSet) -> bool:
    """Tell whether the text ends in the beginning of a label's name."""
    for names in labels.words.values():
        for name in map(normalized, names.get(labels.locale, ())):
            unspaced = re.match(f"[{_UNSPACED}]", name) is not None
            shortest = 1 if unspaced else _SHORTEST_STUMP
            stumps = [name[:length] for length in range(shortest, len(name))]
            if unspaced and text.endswith(tuple(stumps)):
                return True
            if not unspaced and re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, stumps))})$", text):
                return True
    return False


def counted(parsed: Iterable[Parsed]) -> dict[Reason, int]:
    """Return how often each reason occurs, those that never do as 0, so that no refusal goes unseen."""
    counts = dict.fromkeys(Reason, 0)
    for each in parsed:
        counts[each.reason] += 1
    return counts
