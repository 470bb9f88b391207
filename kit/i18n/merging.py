"""Bringing a catalog in step with its source without losing a translator's work.

Exact matches come first, obsolete entries included. Then each new message is compared with the messages that
the same update removed, and with nothing else: a good match is taken over as *fuzzy* with the previous
message beside it. Human translations are never overwritten; one that is no longer used stays as obsolete.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polib
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from kit.i18n.catalogs import FUZZY, MISSING, TRANSLATED, SourceMessage, count_of_plurals, state_of

# Two texts are versions of one another when half of their words agree in order, or, for short texts where
# one word is half of it all, when their letters do. Unrelated English sentences share up to 55 % of their
# letters, but hardly a third of their words.
_WORD_SIMILARITY = 0.5
_LETTER_SIMILARITY = 80.0


@dataclass
class Merge:
    """The merged catalog and what happened: numbers of new, fuzzy, revived and removed messages."""

    file: polib.POFile
    added: int = 0
    fuzzy: int = 0
    revived: int = 0
    removed: int = 0


def merge(old: polib.POFile, messages: Sequence[SourceMessage]) -> Merge:
    """Return a new catalog with exactly ``messages``, in their order, and the obsolete entries after them."""
    kept = {entry.msgid: entry for entry in old if entry.obsolete}
    active = {
        entry.msgid: entry
        for entry in old
        if not (entry.obsolete or (entry.msgid in kept and state_of(entry) == MISSING))
    }
    obsolete = {msgid: entry for msgid, entry in kept.items() if msgid not in active}
    wanted = {message.msgid: message for message in messages}
    removed = [entry for msgid, entry in active.items() if msgid not in wanted]
    new = [
        message
        for message in wanted.values()
        if message.msgid not in active and message.msgid not in obsolete
    ]
    matches = _matches(new, [entry for entry in removed if state_of(entry) != MISSING])

    result = Merge(polib.POFile(wrapwidth=0), removed=len(removed))
    result.file.metadata = dict(old.metadata)
    result.file.header = old.header
    for message in wanted.values():
        entry = active.get(message.msgid)
        if entry is None and message.msgid in obsolete:
            entry = obsolete.pop(message.msgid)
            entry.obsolete = False
            result.revived += 1
        if entry is None:
            entry = _new_entry(message, matches.get(message.msgid), count_of_plurals(old))
            result.fuzzy += message.msgid in matches
            result.added += message.msgid not in matches
        _describe(entry, message)
        result.file.append(entry)
    for entry in _worth_keeping([*obsolete.values(), *removed], result.file):
        _retire(entry)
        result.file.append(entry)
    return result


def _matches(new: Sequence[SourceMessage], removed: Sequence[polib.POEntry]) -> dict[str, polib.POEntry]:
    """Pair new messages with removed entries, the most similar first, each at most once."""
    if not new or not removed:
        return {}
    new_words = [message.msgid.split() for message in new]
    old_words = [entry.msgid.split() for entry in removed]
    by_words = process.cdist(
        new_words, old_words, scorer=Indel.normalized_similarity, score_cutoff=_WORD_SIMILARITY, workers=-1
    )
    by_letters = process.cdist(
        [message.msgid for message in new],
        [entry.msgid for entry in removed],
        scorer=fuzz.ratio,
        score_cutoff=_LETTER_SIMILARITY,
        workers=-1,
    )
    score = by_words + by_letters / 100  # both cut-offs give 0 below them
    pairs = [
        (-score[row][column], int(row), int(column)) for row, column in zip(*score.nonzero(), strict=True)
    ]
    found: dict[str, polib.POEntry] = {}
    taken: set[int] = set()
    for _score, row, column in sorted(pairs):
        if new[row].msgid not in found and column not in taken and _same_form(new[row], removed[column]):
            found[new[row].msgid] = removed[column]
            taken.add(column)
    return found


def _same_form(message: SourceMessage, entry: polib.POEntry) -> bool:
    return bool(message.plural) == bool(entry.msgid_plural)


def _new_entry(message: SourceMessage, match: polib.POEntry | None, forms: int) -> polib.POEntry:
    entry = polib.POEntry(msgid=message.msgid, msgid_plural=message.plural)
    if message.plural:
        entry.msgstr_plural = dict.fromkeys(range(forms), "")
    if match is not None:
        entry.msgstr = match.msgstr
        entry.msgstr_plural = dict(match.msgstr_plural)
        # A match that was fuzzy itself translates an older text still: that is the one to compare with.
        entry.previous_msgid = match.previous_msgid or match.msgid
        if message.plural:
            entry.previous_msgid_plural = match.previous_msgid_plural or match.msgid_plural
        entry.tcomment = match.tcomment
        entry.flags = ["fuzzy"]
    return entry


def _describe(entry: polib.POEntry, message: SourceMessage) -> None:
    """Give an entry its source's comment, files and flags; the translator's own comment stays."""
    entry.comment = message.comment
    entry.occurrences = [(source, "") for source in message.sources]
    fuzzy = ["fuzzy"] if entry.fuzzy else []
    entry.flags = [*fuzzy, *message.flags]
    if entry.msgid_plural != message.plural:  # a message has gained or lost its plural form
        entry.msgid_plural = message.plural
        text = entry.msgstr or entry.msgstr_plural.get(0, "")
        entry.msgstr, entry.msgstr_plural = ("", {0: text}) if message.plural else (text, {})


def _worth_keeping(entries: Sequence[polib.POEntry], merged: polib.POFile) -> list[polib.POEntry]:
    """Return the entries, no longer used, that hold work which exists nowhere else.

    A fuzzy one is a guess of an earlier update, its text another entry's, unless a person has worked on it.
    """
    found = [entry for entry in entries if state_of(entry) == TRANSLATED]
    texts = {_texts(entry) for entry in [*merged, *found]}
    for entry in entries:
        if state_of(entry) == FUZZY and _texts(entry) not in texts:
            found.append(entry)
            texts.add(_texts(entry))
    return found


def _texts(entry: polib.POEntry) -> tuple[str, ...]:
    return (entry.msgstr, *(text for _form, text in sorted(entry.msgstr_plural.items())))


def _retire(entry: polib.POEntry) -> None:
    """Make an entry obsolete, without what polib would write of it and not read again."""
    entry.obsolete = True
    entry.previous_msgid = entry.previous_msgid_plural = None
    entry.occurrences = []
    entry.comment = ""
