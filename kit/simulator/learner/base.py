"""The base model: trained from the packaged corpus the first time it is needed.

Training takes a few seconds; the trained model is kept in the work folder under a name made of everything it
depends on, so that the next process only has to read it.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from kit import settings
from kit.simulator.learner import choices, corpus, network, objective, pointer
from kit.simulator.learner.background import Background
from kit.simulator.learner.features import Bag, bag
from kit.simulator.learner.gate import new_gate
from kit.simulator.learner.memory import Bank, Chosen, Row, attend, queries_of
from kit.simulator.learner.model import LanguageModel, row_of
from kit.simulator.learner.network import Parameters
from kit.simulator.learner.optimizer import Adagrad, mixing_rate
from kit.simulator.learner.retrieval import Knowledge
from kit.simulator.learner.snapshot import flat, part, restored
from kit.simulator.learner.threads import single_threaded
from kit.simulator.learner.valence import Lexicon
from kit.simulator.learner.vocabulary import END, Floats, Integers, Mask, Vocabulary, encode

_SEED = 105
_LOCK = threading.Lock()  # two threads must not both train it
_EPOCHS = 2
_BATCH, _LATE_BATCH = 16, 8
_LATE_SHARE = 0.25  # of the groups: learned last, see _learn
_LATE_MIXING = 2.0
_BRIEF = 6  # tokens with END
_KNOWLEDGE, _BANK, _PARAMETERS = "knowledge", "bank", "parameters"  # parts of the kept file


def base_model() -> LanguageModel:
    """Return the base model; the same object in the whole process."""
    with _LOCK:
        return _base_model()


def knowledge() -> Knowledge:
    """Return the base model's general knowledge, which needs no training."""
    with _LOCK:
        return (_kept() or _untrained()[0]).knowledge


@cache
def _base_model() -> LanguageModel:
    kept = _kept()
    if kept is not None:
        return kept
    with single_threaded():
        untrained, rows = _untrained()
        model = replace(untrained, parameters=_learn(corpus.load(), rows, untrained))
    _write(_place(), model)
    return model


@cache
def _kept() -> LanguageModel | None:
    return _read(_place())


@cache
def _untrained() -> tuple[LanguageModel, list[Row]]:
    """Return a model that remembers the corpus and has learned nothing yet, and the corpus as rows."""
    source = corpus.load()
    with single_threaded():
        rows = [row_of(example.messages) for example in source.examples]
        return _assembled(source, rows), rows


def _assembled(source: corpus.Corpus, rows: Sequence[Row]) -> LanguageModel:
    texts = [(example.locale, row.prompt.content) for example, row in zip(source.examples, rows, strict=True)]
    texts += [(example.locale, row.answer) for example, row in zip(source.examples, rows, strict=True)]
    notes = [(locale, bag((text, 1.0))) for locale, text in source.notes]
    brief = np.array([len(row.tokens) <= _BRIEF for row in rows], dtype=np.float32)
    requests = [one for row, wanted in zip(rows, brief, strict=True) for one in _requests(row, bool(wanted))]
    known = Knowledge.of(texts + notes, [one for _, one in notes], _background(source), requests, _lexicons())
    vocabulary = Vocabulary(dict.fromkeys([END, *(token for row in rows for token in row.tokens)]))
    queries = queries_of([row.prompt for row in rows], known)
    bank = replace(Bank.of(rows, queries, known.rate, known, vocabulary, brief), conversations=())
    parameters = network.new_parameters(vocabulary.tokens)
    parameters |= pointer.new_parameters(1)
    parameters |= choices.new_parameters(0)
    parameters["gate"] = new_gate()
    return _model(parameters, vocabulary, bank, known)


def _requests(row: Row, brief: bool) -> list[tuple[Sequence[Bag], bool]]:
    """Return statements of a prompt and whether one of them asks for a word or two.

    A text that comes after a system prompt asks for nothing by itself, whatever its answer.
    """
    found, asked = row.prompt.requests, row.prompt.asked
    return [(found[:asked], brief), (found[asked:], False)] if asked else [(found, brief)]


def _model(parameters: Parameters, vocabulary: Vocabulary, bank: Bank, known: Knowledge) -> LanguageModel:
    return LanguageModel(
        parameters, vocabulary, (bank,), known, known.rate, corpus.fingerprint(), len(vocabulary)
    )


def _lexicons() -> tuple[Lexicon, ...]:
    found = corpus.lexicons()
    return tuple(Lexicon(found[locale]) for locale in sorted(found))


@dataclass(frozen=True)
class _Lesson:
    """An example of the corpus, ready to learn: what it may look at, which of its tokens count as known."""

    case: objective.Case
    rows: Chosen
    known: Mask


def _learn(source: corpus.Corpus, rows: Sequence[Row], model: LanguageModel) -> dict[str, Floats]:
    """Train the model's parameters; deterministic.

    A quarter of the corpus comes last: by then the network can do something, and how far to rely on it or on
    the memory is learned from examples that are new to both.
    """
    groups = np.array([example.group for example in source.examples])
    lessons = _lessons(rows, model, groups)
    generator = np.random.default_rng(_SEED)
    distinct = np.unique(groups)
    late = np.isin(groups, generator.permutation(distinct)[: round(_LATE_SHARE * len(distinct))])
    parameters = {name: np.array(array) for name, array in model.parameters.items()}
    optimizer = Adagrad(parameters, 1.0)
    stages = [(np.flatnonzero(~late), _BATCH, mixing_rate(epoch)) for epoch in range(1, _EPOCHS + 1)]
    stages.append((np.flatnonzero(late), _LATE_BATCH, _LATE_MIXING))
    for numbers, size, mixing in stages:
        order = generator.permutation(numbers)
        for begin in range(0, len(order), size):
            some = [lessons[at] for at in order[begin : begin + size].tolist()]
            result = objective.evaluate(
                parameters,
                [one.case for one in some],
                attend(model.banks, [one.rows for one in some]),
                known=[one.known for one in some],
            )
            optimizer.step(result.gradients, mixing)
    return parameters


def _lessons(rows: Sequence[Row], model: LanguageModel, groups: Integers) -> list[_Lesson]:
    """Prepare the examples.

    Half of the questions may look at other wordings of themselves, half may not: so attention learns both to
    find what means the same and to answer what nobody asked before. A review never sees itself.
    """
    cases = model.cases(rows)
    numbers = np.arange(len(cases))
    hidden = [
        [groups == groups[at] if case.brief or at % 2 else numbers == at] for at, case in enumerate(cases)
    ]
    chosen = model.chosen([case.query for case in cases], hidden)
    known = _known_elsewhere(cases, groups, len(model.vocabulary))
    return [_Lesson(*one) for one in zip(cases, chosen, known, strict=True)]


def _known_elsewhere(cases: list[objective.Case], groups: Integers, places: int) -> list[Mask]:
    """Tell for each token of each example whether it also occurs in another group's answers.

    The others count as unknown in training, so that the model learns how often to expect new words.
    """
    pairs = [
        np.stack([case.places, np.full(len(case.places), group)], 1)
        for case, group in zip(cases, groups, strict=True)
    ]
    groups_with = np.bincount(np.unique(np.concatenate(pairs), axis=0)[:, 0], minlength=places)
    return [groups_with[case.places] > 1 for case in cases]


def _background(source: corpus.Corpus) -> Background:
    """Count the tokens of all texts of each language, in alphabetical order of the languages."""
    texts: dict[str, set[str]] = {locale: set() for locale in sorted(source.locales)}
    for example in source.examples:
        texts[example.locale].update(message["content"] for message in example.messages)
    for locale, note in source.notes:
        texts[locale].add(note)
    return Background.of_tokens(
        [[token for text in sorted(some) for token in encode(text)] for some in texts.values()]
    )


def _place() -> Path:
    """Return where the trained model is kept: its name depends on the corpus, this package and numpy."""
    digest = hashlib.sha256(f"{corpus.fingerprint()} {np.__version__}".encode())
    package = resources.files(__package__ or "kit.simulator.learner")
    modules = {one.name: one for one in package.iterdir() if one.name.endswith(".py")}
    for name in sorted(modules):
        digest.update(modules[name].read_bytes())
    return settings.work_folder() / "learner" / f"base-{digest.hexdigest()[:20]}.npz"


def _read(place: Path) -> LanguageModel | None:
    """Return the kept model, or None if there is none that can be read."""
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        known = restored(Knowledge, part(arrays, _KNOWLEDGE), lexicons=_lexicons())
        bank = restored(Bank, part(arrays, _BANK), knowledge=known, conversations=(), rate=known.rate)
        return _model(part(arrays, _PARAMETERS), Vocabulary(arrays["tokens"]), bank, known)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def _write(place: Path, model: LanguageModel) -> None:
    """Keep a model; a folder that cannot be written only costs the next process its time."""
    parts = {
        _KNOWLEDGE: flat(model.knowledge, frozenset({"lexicons"})),
        _BANK: flat(model.banks[0], frozenset({"knowledge", "conversations", "rate"})),
        _PARAMETERS: model.parameters,
    }
    arrays = {f"{of}.{name}": array for of, some in parts.items() for name, array in some.items()}
    packed = io.BytesIO()
    np.savez(packed, tokens=model.vocabulary.tokens, **arrays)
    partial = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(packed.getvalue())
        partial.replace(place)
    except OSError:
        partial.unlink(missing_ok=True)
