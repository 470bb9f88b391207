"""What the benchmark works on: markdown folders, notebooks with their catalogs, and a catalog to merge.

Everything comes from `corpus` and a seeded generator: equal on every run of one machine.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib

from kit.notebooks.messages import extract
from kit.notebooks.templates import template_paths

SEED = 105
NOTEBOOKS, CELLS = 100, 60
MESSAGES, EDITS, NEW = 4550, 84, 40
_CLEAN = re.compile(r"[A-Z][A-Za-z0-9 ,;:'()/`.-]{20,300}[.:]")
_PLAIN = re.compile(r"[A-Z][A-Za-z ,]{20,60}\.")


def write_markdown(texts: Sequence[str], folder: Path) -> None:
    """Write texts to ``0000.md``, ``0001.md`` and so on."""
    folder.mkdir(parents=True)
    for number, text in enumerate(texts):
        (folder / f"{number:04}.md").write_bytes(text.encode())


def distinct_messages(texts: Sequence[str]) -> list[str]:
    """Return every different message of some markdown texts, those in a PO editor's single line only."""
    found = dict.fromkeys(message.msgid for text in texts for message in extract(text))
    return [msgid for msgid in found if "\n" not in msgid]


def write_notebooks(texts: Sequence[str], folder: Path, locales: Sequence[str]) -> int:
    """Write templates of 60 cells and a catalog for each and each locale; return the number of messages.

    Three in five cells are markdown (a heading, paragraphs, list items), two in five are code with a comment
    or a marked string, somewhat more messages to a cell than the shipped labs have. A number in each message
    makes all of them different, so that no cache helps beyond what it does in real use.
    """
    found = distinct_messages(texts)
    prose = [msgid for msgid in found if _CLEAN.fullmatch(msgid) and msgid.count("`") % 2 == 0]
    plain = [msgid for msgid in found if _PLAIN.fullmatch(msgid)] or prose
    chance = random.Random(SEED)
    (folder / "templates").mkdir(parents=True)
    count = 0
    for number in range(NOTEBOOKS):
        messages: list[str] = []

        def take(pool: list[str], number: int = number, messages: list[str] = messages) -> str:
            messages.append(f"{chance.choice(pool)} See {number}.{len(messages)}.")
            return messages[-1]

        cells = [_cell(index, lambda: take(prose), lambda: take(plain)) for index in range(CELLS)]
        name = f"lab-{number:03}"
        (folder / "templates" / f"{name}.py").write_text("\n".join(cells), encoding="utf-8")
        for locale in locales:
            path = folder / "locales" / locale / "LC_MESSAGES" / f"{name}.po"
            write_catalog([(msgid, f"{locale} {msgid}") for msgid in messages], path)
        count += len(messages)
    assert len(template_paths(folder / "templates")) == NOTEBOOKS
    return count


def _cell(index: int, prose: Callable[[], str], plain: Callable[[], str]) -> str:
    kinds = {
        0: lambda: f"# %% [markdown]\n# ## {plain()}\n#\n# {prose()}\n",
        1: lambda: f"# %% [markdown]\n# {prose()}\n",
        2: lambda: f"# %%\n# {plain()}\nfor step in range({index}):\n    total += loss[step] * rate\n",
        3: lambda: f"# %% [markdown]\n# {prose()}\n#\n# - {prose()}\n# - {prose()}\n",
        4: lambda: f'# %%\nresult = client.files.list(limit={index})\nprint(_("{plain()}"), result)\n',
    }
    return kinds[index % 5]()


def write_catalog(pairs: Sequence[tuple[str, str]], path: Path) -> None:
    """Write a catalog of Brazilian Portuguese, for whatever the text is."""
    file = polib.POFile(wrapwidth=0)
    file.metadata = {
        "Project-Id-Version": "benchmark",
        "Language": "pt",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n > 1);",
    }
    for msgid, msgstr in pairs:
        file.append(polib.POEntry(msgid=msgid, msgstr=msgstr))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(file), encoding="utf-8")


@dataclass(frozen=True)
class MergeTask:
    """An old catalog, its new source, and which translation belongs to which edited message."""

    old: Path
    new: Path
    wanted: dict[str, str]
    added: frozenset[str]

    def count(self, merged: Path) -> dict[str, int]:
        """Count what a merge made of the edited and the new messages.

        ``right``: an edited message that has its own translation, marked fuzzy. ``wrong``: an edited or new
        message with another one's. ``missed``: an edited message without any.
        """
        entries = {entry.msgid: entry for entry in polib.pofile(str(merged)) if not entry.obsolete}
        right = sum(entries[m].msgstr == text and entries[m].fuzzy for m, text in self.wanted.items())
        missed = sum(not entries[m].msgstr for m in self.wanted)
        false = sum(bool(entries[m].msgstr) for m in self.added)
        return {"right": right, "wrong": len(self.wanted) - right - missed, "missed": missed, "false": false}


def write_merge(texts: Sequence[str], folder: Path) -> MergeTask:
    """Write a catalog of 4,550 messages, and a source in which 84 are edited, 40 new and 20 gone.

    The edits are twelve of each kind in `_EDITS`. The new messages are other messages of the same texts.
    """
    chance = random.Random(SEED)
    found = [msgid for msgid in distinct_messages(texts) if len(msgid.split()) >= 3]
    chance.shuffle(found)
    old, added = found[:MESSAGES], found[MESSAGES : MESSAGES + NEW]
    if len(added) < NEW:
        raise ValueError(f"only {len(found)} messages")
    vocabulary = sorted({word for msgid in found for word in msgid.split() if word.isalpha()})
    editable = [msgid for msgid in old if len(msgid.split()) <= 60]
    chosen = chance.sample(editable, EDITS + 20)
    edits: dict[str, str] = {}
    for number, msgid in enumerate(chosen[:EDITS]):
        edited = msgid
        while edited in found or edited in edits.values():
            edited = _EDITS[number % len(_EDITS)](msgid.split(), vocabulary, chance)
        edits[msgid] = edited
    translations = {msgid: f"Tradução {number}." for number, msgid in enumerate(old)}
    gone = set(chosen[EDITS:])
    new = [edits.get(msgid, msgid) for msgid in old if msgid not in gone]
    for msgid in added:
        new.insert(chance.randrange(len(new)), msgid)
    task = MergeTask(
        folder / "old.po",
        folder / "new.pot",
        {edited: translations[msgid] for msgid, edited in edits.items()},
        frozenset(added),
    )
    write_catalog(list(translations.items()), task.old)
    write_catalog([(msgid, "") for msgid in new], task.new)
    return task


Words = list[str]
_Edit = Callable[[Words, Words, random.Random], str]


def _replace(words: Words, vocabulary: Words, chance: random.Random) -> str:
    place = chance.randrange(len(words))
    return " ".join([*words[:place], chance.choice(vocabulary), *words[place + 1 :]])


def _insert(words: Words, vocabulary: Words, chance: random.Random) -> str:
    place = chance.randrange(len(words))
    return " ".join([*words[:place], *chance.choices(vocabulary, k=2), *words[place:]])


def _remove(words: Words, _vocabulary: Words, chance: random.Random) -> str:
    place = chance.randrange(len(words))
    return " ".join([*words[:place], *words[place + 1 :]])


def _emphasize(words: Words, _vocabulary: Words, chance: random.Random) -> str:
    place = chance.randrange(len(words))
    return " ".join([*words[:place], f"**{words[place]}**", *words[place + 1 :]])


def _begin_anew(words: Words, vocabulary: Words, chance: random.Random) -> str:
    count = max(2, len(words) // 4)
    return " ".join([*chance.choices(vocabulary, k=count), *words[count:]])


def _move(words: Words, _vocabulary: Words, _chance: random.Random) -> str:
    count = len(words) // 3
    return " ".join([*words[count:], *words[:count]])


def _append(words: Words, vocabulary: Words, chance: random.Random) -> str:
    return " ".join([*words, *chance.choices(vocabulary, k=max(2, len(words) // 2))]) + "."


_EDITS: tuple[_Edit, ...] = (_replace, _insert, _remove, _emphasize, _begin_anew, _move, _append)
