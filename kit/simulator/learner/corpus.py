"""The packaged base corpus: what the base model knows before anybody tunes it.

One JSON Lines file per language in ``base_corpus/``, written for this project. A line is one of

- ``{"questions": [...], "answer": "..."}``: an everyday question, perhaps in several wordings, and a polite
  general answer;
- ``{"note": "..."}``: a sentence of general knowledge; notes are not answers, they tell which words belong
  together;
- ``{"review": "...", "label": "positive" | "negative" | "neutral"}``: a short review of something;
- ``{"task": "... {review}", "labels": {"positive": "...", ...}}``: a way to ask for a sentiment and the words
  to answer with (``"as_system": true``: a system prompt); every review is asked about in some of these ways;
- ``{"lexicon": kind, "entries": [...]}``: words and phrases for :mod:`kit.simulator.learner.valence`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_FOLDER = resources.files("kit.simulator.learner") / "base_corpus"
_TASKS_PER_REVIEW = 2


@dataclass(frozen=True, slots=True)
class BaseExample:
    """A conversation of the base corpus; examples of one group share their answer."""

    locale: str
    group: int
    messages: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Corpus:
    """The base corpus, ready to train on."""

    examples: tuple[BaseExample, ...]
    notes: tuple[tuple[str, str], ...]  # (locale, text)

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages in the corpus, in order."""
        return tuple(dict.fromkeys(locale for locale, _ in self.notes))


def _chat(system: str, question: str, answer: str) -> tuple[dict[str, str], ...]:
    messages = [{"role": "system", "content": system}] if system else []
    return (*messages, {"role": "user", "content": question}, {"role": "assistant", "content": answer})


def _asked(task: dict[str, Any], review: str, label: str) -> tuple[dict[str, str], ...]:
    text = task["task"]
    if task.get("as_system"):
        return _chat(text, review, task["labels"][label])
    return _chat("", text.replace("{review}", review), task["labels"][label])


def _examples(locale: str, lines: list[dict[str, Any]], first_group: int) -> list[BaseExample]:
    tasks = [line for line in lines if "task" in line]
    found = []
    for number, line in enumerate(lines):
        group = first_group + number
        if "questions" in line:
            found += [
                BaseExample(locale, group, _chat(line.get("system", ""), question, line["answer"]))
                for question in line["questions"]
            ]
        elif "review" in line:
            fitting = [task for task in tasks if line["label"] in task["labels"]]
            for turn in range(_TASKS_PER_REVIEW):
                # Walk through the tasks so that every one meets reviews of every label.
                task = fitting[(number * _TASKS_PER_REVIEW + turn + number // len(fitting)) % len(fitting)]
                found.append(BaseExample(locale, group, _asked(task, line["review"], line["label"])))
    return found


def _texts() -> Iterator[tuple[str, str]]:
    """Yield locale and text of each file, in the order of their names."""
    files = {file.name: file for file in _FOLDER.iterdir() if file.name.endswith(".jsonl")}
    for name in sorted(files):
        yield name.removesuffix(".jsonl"), files[name].read_text(encoding="utf-8")


@cache
def fingerprint() -> str:
    """Return a name for the corpus as it is."""
    digest = hashlib.sha256()
    for _, text in _texts():
        digest.update(text.encode())
    return digest.hexdigest()


@cache
def lexicons() -> dict[str, dict[str, list[str]]]:
    """Return the lexicons by locale and kind, without reading all the rest."""
    found: dict[str, dict[str, list[str]]] = {}
    for locale, text in _texts():
        lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"lexicon"')]
        found[locale] = {line["lexicon"]: line["entries"] for line in lines}
    return found


def load() -> Corpus:
    """Read the packaged corpus; languages in the order of their file names."""
    examples: list[BaseExample] = []
    notes: list[tuple[str, str]] = []
    for locale, text in _texts():
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        examples += _examples(locale, lines, first_group=len(examples) * 1000)
        notes += [(locale, line["note"]) for line in lines if "note" in line]
    return Corpus(tuple(examples), tuple(notes))
